"""What plan, apply and destroy may be asked to show."""

from __future__ import annotations

from dataclasses import dataclass

from pytg.run.options import PLANNING, asked


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How a run is shown."""

    verbose: bool = asked(
        "Show plans in full.", "--verbose", "-v", commands=PLANNING, default=False
    )
    json: bool = asked("One JSON object on standard output.", default=False)
