"""What every command starts from: the project's directory and, on demand, its estate."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from pytg.errors import UsageError
from pytg.model import Estate


@dataclass(frozen=True)
class Context:
    """`directory` is what `-C` said."""

    directory: str

    @property
    def root(self) -> Path:
        """The project: the nearest directory at or above `directory` with a config.yaml."""
        start = Path(self.directory).resolve()
        for candidate in (start, *start.parents):
            if (candidate / "config.yaml").is_file():
                return candidate
        raise UsageError(
            f"no config.yaml in {start} or above it",
            hint="run pytg inside a project, or name one with -C DIR",
        )

    def estate(self, suffix: str | None = None) -> Estate:
        """The resolved estate. Raises ConfigError with every problem found."""
        private = self.root / ".pytg"
        with contextlib.suppress(OSError):  # whoever needs to write there says so
            private.mkdir(mode=0o700, exist_ok=True)  # states and plans hold secrets in clear
        from pytg.config import load_estate  # noqa: PLC0415 - `pytg --help` need not load it

        return load_estate(self.root, suffix=suffix)
