"""A plan that failed, and which units Terraform could not plan through an unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.errors import UnitFailed
from pytg.generate.module_directories import module_directories
from pytg.model import Address, Unit, references
from pytg.run.blamed import Blamed
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Diagnostic

_SUMMARIES = ("Invalid for_each argument", "Invalid count argument")
_UNKNOWN = "cannot be determined until apply"
_CIRCLE = "Cycle: "
_CHECKS = "(execute checks)"
_EXPAND = " (expand)"
_REPLACED = "what it replaces goes last, and what it needs is replaced the other way round"
_CHECKED = "a check before it reads data of its own, which are read after all resources"
_DEPOSED = re.compile(r" \(destroy deposed [0-9a-f]+\)$")


class PlanFailed(UnitFailed):
    """`late` are the units to plan in a later stage, with the reason; empty: a real failure.

    `said` is all that Terraform said, led back to units.
    """

    def __init__(
        self,
        completed: Completed,
        calls: Calls,
        late: Mapping[Address, str],
        said: Sequence[Blamed] = (),
    ) -> None:
        self.completed = completed
        self.calls = calls
        self.late = late
        self.said = tuple(said)
        super().__init__("\n".join(map(str, self.errors)) or completed.explain())

    @property
    def errors(self) -> list[Blamed]:
        """The errors in `said`; what is only not known yet is none beside one that is."""
        errors = [one for one in self.said if one.diagnostic.severity == "error"]
        return [one for one in errors if not _not_known_yet(one.diagnostic)] or errors

    @property
    def warnings(self) -> list[Blamed]:
        """The warnings in `said`."""
        return [one for one in self.said if one.diagnostic.severity != "error"]


def _not_known_yet(diagnostic: Diagnostic) -> bool:
    return diagnostic.summary in _SUMMARIES and _UNKNOWN in diagnostic.detail


def _parts(units: Sequence[Unit]) -> dict[Path, tuple[Path, ...]]:
    """By module, the directories that it is made of."""
    return {path: module_directories(path) for path in {unit.module.path for unit in units}}


def unplannable(completed: Completed, workdir: Path, units: Sequence[Unit]) -> dict[Address, str]:
    """The units whose `for_each` or `count` depends on what another unit has yet to make.

    Terraform's diagnostic names no address, only the file of the module and the expression:
    the units whose module holds or calls that one and which need a unit of the same plan. Empty
    when any other error stands beside it, or when nobody upstream can be waited for.
    """
    late: dict[Address, str] = {}
    inside = {unit.address for unit in units}
    parts = _parts(units)
    for diagnostic in completed.errors:
        if not _not_known_yet(diagnostic):
            return {}
        file = (workdir / diagnostic.file).resolve()
        for unit in units:
            reads = {reference.unit for reference in references(unit.inputs)} | {*unit.after}
            if reads & inside and file.parent in parts[unit.module.path]:
                upstream = ", ".join(str(address) for address in sorted(reads & inside))
                late[unit.address] = (
                    f"{file.parent.name}/{file.name}:{diagnostic.line} "
                    f"in module {unit.module.name} "
                    f"({diagnostic.snippet.strip()}) needs {upstream} applied first"
                )
    return late


def circular(completed: Completed, calls: Calls) -> dict[Address, str]:
    """Units that are in a circle with what comes before them; each unit alone is in none.

    One creates first what it replaces: upstream the old one goes first, and what may need it goes
    before; downstream it goes last. Or one comes after a module with a check that reads data of
    its own: Terraform reads those after all resources. It names all of the circle.
    """
    late: dict[Address, str] = {}
    for diagnostic in completed.errors:
        if not diagnostic.summary.startswith(_CIRCLE):
            continue
        names = diagnostic.summary.removeprefix(_CIRCLE).split(", ")
        for name in names:
            if found := _DEPOSED.search(name):
                if owner := calls.unit_of(name.removesuffix(found[0])):
                    late[owner[0]] = _REPLACED
            elif _CHECKS in names and (unit := _called(calls, name)):
                late.setdefault(unit, _CHECKED)
    return late


def _called(calls: Calls, name: str) -> Address | None:
    """The unit whose module call itself is meant by a name in a circle: it waits for others."""
    address = name.removesuffix(_EXPAND)
    owner = calls.unit_of(address) if address != name else None
    return owner[0] if owner and not owner[1] else None
