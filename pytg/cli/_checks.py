"""One thing that `pytg doctor` looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # plugins load this for their commands too
    from pytg.project import Project

OK, NOTE, MISSING = "ok", "note", "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. Only `missing` makes `pytg doctor` fail; `hint` says what to do."""

    name: str
    state: str
    found: str
    hint: str = ""


# gets the project's directory, and the project where its configuration is valid
CheckFunction = Callable[[Path, "Project | None"], Iterable[Check]]
