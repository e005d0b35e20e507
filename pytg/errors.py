"""The errors: what happened, where, what to do, the exit code.

PytgError
├── UnitFailed            1   a unit failed in Terraform
├── ConfigError           3   invalid configuration: carries every Problem found
├── UsageError            4   wrong usage, or a selection value that matches nothing known
├── EmptySelection        5   the selection is valid and empty
├── Refused               6   a guard refused, or the machine is not ready; nothing was started
│   ├── LockHeld              another run or person holds a unit's state lock
│   ├── StalePlan             a state moved between plan and apply
│   └── NotApplied            a unit that is read was never applied
└── Interrupted         130   Ctrl-C
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a file: line and column count from 1."""

    file: Path
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class PytgError(Exception):
    """Base of all deliberate errors. `hint` says what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", position: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.position = position

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        return f"{where}{self.message}"


class UnitFailed(PytgError):
    """At least one unit failed."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the configuration."""

    message: str
    position: Position | None = None
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{where}{self.message}{hint}"


class ConfigError(PytgError):
    """The configuration is invalid. All problems come at once, sorted by place."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        nowhere = Position(Path())
        self.problems = tuple(sorted(problems, key=lambda p: (p.position or nowhere, p.message)))
        super().__init__("\n".join(str(p) for p in self.problems))


class UsageError(PytgError):
    """The command line is wrong, or names something that does not exist."""

    exit_code = 4


class EmptySelection(PytgError):
    """The selection is valid, and no unit is in it."""

    exit_code = 5


class Refused(PytgError):
    """A guard refused, or something that must be there is missing. Nothing was started."""

    exit_code = 6


class LockHeld(Refused):
    """Somebody else holds the lock of a unit's state."""


class StalePlan(Refused):
    """A unit's state moved after it was planned."""


class NotApplied(Refused):
    """A unit whose outputs are read has no state yet."""


class Interrupted(PytgError):
    """The person pressed Ctrl-C."""

    exit_code = 130
