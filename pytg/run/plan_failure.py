"""A plan that failed, and which units Terraform could not plan through an unknown."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.errors import UnitFailed
from pytg.generate.module_directories import module_directories
from pytg.model import Address, Unit, references
from pytg.record.run_events import Diagnostic as UnitDiagnostic
from pytg.run.execution import Execution
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Diagnostic

_SUMMARIES = ("Invalid for_each argument", "Invalid count argument")
_UNKNOWN = "cannot be determined until apply"
_CIRCLE = "Cycle: "
_DEPOSED = re.compile(r" \(destroy deposed [0-9a-f]+\)$")


class PlanFailed(UnitFailed):
    """`late` are the units to plan in a later stage, with the reason; empty: a real failure."""

    def __init__(
        self,
        completed: Completed,
        calls: Calls,
        late: Mapping[Address, str],
        *,
        workdir: Path,
        units: Sequence[Unit],
    ) -> None:
        super().__init__(completed.explain())
        self.completed = completed
        self.calls = calls
        self.workdir = workdir
        self.late = late
        self.by_unit: dict[Address, Diagnostic] = {}
        parts = _parts(units)
        for diagnostic in completed.errors:
            found = calls.unit_of(diagnostic.address)
            blamed = [found[0]] if found else _of_module(diagnostic, workdir, units, parts)
            for unit in blamed:
                self.by_unit.setdefault(unit, diagnostic)


def report_diagnostic(
    execution: Execution, unit: Address, diagnostic: Diagnostic, workdir: Path
) -> str:
    """Log what Terraform says of a unit; the same in one line, with the place."""
    file, line = _place(execution.estate.root, workdir, diagnostic)
    execution.log.emit(
        UnitDiagnostic(unit, "error", diagnostic.summary, diagnostic.detail, file, line)
    )
    return f"{diagnostic.summary} ({file}:{line})" if file else diagnostic.summary


def _place(root: Path, workdir: Path, diagnostic: Diagnostic) -> tuple[str | None, int | None]:
    """Where a diagnostic points, from the project's directory."""
    if not diagnostic.file:
        return None, None
    root = root.resolve()
    file = (workdir / diagnostic.file).resolve()
    near = file.relative_to(root) if file.is_relative_to(root) else file
    return str(near), diagnostic.line or None


def _of_module(
    diagnostic: Diagnostic,
    workdir: Path,
    units: Sequence[Unit],
    parts: Mapping[Path, Collection[Path]],
) -> list[Address]:
    """The units whose module holds the file of a diagnostic that names no address."""
    file = (workdir / diagnostic.file).resolve()
    return [unit.address for unit in units if file.parent in parts[unit.module.path]]


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
        if diagnostic.summary not in _SUMMARIES or _UNKNOWN not in diagnostic.detail:
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
    """Units that create first what they replace, where that is a circle with what they need.

    Upstream the old one goes first, and what may need it goes before; downstream it goes last.
    Terraform names all of the circle; each unit alone is none.
    """
    named = (
        calls.unit_of(name.removesuffix(found[0]))
        for diagnostic in completed.errors
        if diagnostic.summary.startswith(_CIRCLE)
        for name in diagnostic.summary.removeprefix(_CIRCLE).split(", ")
        if (found := _DEPOSED.search(name))
    )
    reason = "what it replaces goes last, and what it needs is replaced the other way round"
    return {owner[0]: reason for owner in named if owner}
