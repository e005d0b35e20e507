"""What plan, apply and destroy may be asked to show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytg.errors import UsageError
from pytg.run.options import PLANNING, asked


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How a run is shown. `out` is a directory that gets a file for each unit's plan."""

    verbose: bool = asked(
        "Show plans in full.", "--verbose", "-v", commands=PLANNING, default=False
    )
    json: bool = asked("One JSON object on standard output.", default=False)
    out: Path | None = asked(
        "Write the plan there, a file a unit.", metavar="DIR", commands=("plan",), default=None
    )

    def require_place(self) -> None:
        """Make the directory `out`. Raises UsageError where that cannot be."""
        if self.out is None:
            return
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write into {self.out}: {error.strerror}", hint="--out needs a directory"
            ) from error
