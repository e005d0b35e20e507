"""Whose a diagnostic of Terraform is, and where what it speaks of was written.

Terraform names the address of a resource in some diagnostics only. The others name a file: one
of the generated root, whose lines are led back to the configuration, or one of a module.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.generate.line import Line, read_line
from pytg.model import Address, Unit
from pytg.record.run import Check
from pytg.run.blamed import Blamed
from pytg.run.generated import FILES, Written, import_path, owners, written_path
from pytg.run.module_users import ModuleUsers
from pytg.terraform.conditions import CHECK, ERROR, FAIL, HOLDS, UNKNOWN, Condition
from pytg.terraform.event_stream import Diagnostic

_BLOCK = re.compile(r'(check|resource|data|output|module) "([^"]*)"(?: "([^"]*)")?')
_CALL = re.compile(r"\bmodule\.([\w-]+)")
_PER_INSTANCE = ("resource ", "data ")


class Blame:
    """Leads diagnostics of one root module back to `units`, those that it calls.

    `calls` says which call is which unit's; `written` where a value of a unit stands: below
    `inputs`, or a key of the configuration.
    """

    def __init__(
        self, root: Path, workdir: Path, calls: Calls, units: Sequence[Unit], written: Written
    ) -> None:
        self._root = root.resolve()
        self._workdir = workdir.resolve()
        self._calls = calls
        self._units = {unit.address: unit for unit in units}
        self._written = written

    def of(
        self, diagnostics: Iterable[Diagnostic], conditions: Sequence[Condition] = ()
    ) -> list[Blamed]:
        """Each diagnostic led back; `conditions` are the results of the same plan or apply."""
        found = list(diagnostics)
        times = Counter((d.summary, d.detail, d.file, d.line) for d in found)
        seen: Counter[Diagnostic] = Counter()
        leads: dict[Diagnostic, Blamed] = {}
        blamed = []
        for one in found:
            if listed := self._listed(one):
                blamed += listed
                continue
            if one not in leads:
                count = times[one.summary, one.detail, one.file, one.line]
                leads[one] = self._one(one, conditions, count)
            led = leads[one]
            several = len(led.units) if led.sure and not one.address else 1
            if seen[one] % max(several, 1) == 0:  # Terraform says it once for each of them
                blamed.append(led)
            seen[one] += 1
        return blamed

    @cached_property
    def _modules(self) -> ModuleUsers:
        return ModuleUsers(self._units.values())

    @property
    def workdir(self) -> Path:
        """The root's own directory."""
        return self._workdir

    @property
    def units(self) -> Sequence[Address]:
        """The units of the root."""
        return tuple(self._units)

    def checks(self, conditions: Iterable[Condition]) -> dict[Address, list[Check]]:
        """By unit, for each unit of the root, the checks that do not hold."""
        found: dict[Address, list[Check]] = {unit: [] for unit in self._units}
        for condition in conditions:
            owner = self._calls.unit_of(condition.address)
            if condition.kind == CHECK and condition.status != HOLDS and owner:
                unit, inside = owner
                found[unit].append(Check(inside, condition.status, "\n".join(condition.messages)))
        return found

    def asks_for_conditions(self, diagnostic: Diagnostic) -> bool:
        """Whether the results of conditions say more than the diagnostic itself."""
        if diagnostic.address or self._in_root(diagnostic):
            return False
        if diagnostic.severity == "warning":  # no other warning is of a condition
            return diagnostic.context.startswith("check ")
        several = len(self._users(diagnostic)) > 1
        return several and _BLOCK.match(diagnostic.context) is not None

    def _listed(self, diagnostic: Diagnostic) -> list[Blamed]:
        """One without a place that lists objects of units, a line each: for each unit its own."""
        if diagnostic.file or diagnostic.address or len(self._units) == 1:
            return []
        lines = diagnostic.detail.splitlines()
        named = (line.strip().partition("- ") for line in lines)
        owners = [self._calls.unit_of(rest) if not before else None for before, _, rest in named]
        of = [owner[0] if owner else None for owner in owners]
        return [
            replace(self._placed(replace(diagnostic, detail=detail)), units=(unit,))
            for unit in sorted({unit for unit in of if unit in self._units})
            if (detail := "\n".join(t for t, u in zip(lines, of, strict=True) if u in {None, unit}))
        ]

    def _one(self, diagnostic: Diagnostic, conditions: Sequence[Condition], times: int) -> Blamed:
        plain = self._placed(diagnostic)
        line = self._line(diagnostic)
        owner = self._calls.unit_of(diagnostic.address)
        if owner and owner[0] in self._units:
            units: tuple[Address, ...] = (owner[0],)
        elif len(self._units) == 1:
            units = tuple(self._units)
        elif line is not None:
            units = tuple(owners(line, self._calls, self._units.values()))
        elif not diagnostic.file and len(named := self._named(diagnostic)) == 1:
            units = tuple(named)
        else:
            return self._of_module(plain, conditions, times)
        shared = line is not None and line.block == "provider"
        return self._written_at(replace(plain, units=units, shared=shared), line)

    def _of_module(self, plain: Blamed, conditions: Sequence[Condition], times: int) -> Blamed:
        """A diagnostic in a file of a module, which several units may use."""
        diagnostic = plain.diagnostic
        directory = self._directory(diagnostic)
        users = self._users(diagnostic)
        if len(users) > 1:
            failing = self._failing(diagnostic, conditions).intersection(users)
            if failing:
                return replace(plain, units=tuple(sorted(failing)))
            named_there = self._named(diagnostic)
            if not named_there.isdisjoint(users):
                return replace(plain, units=tuple(u for u in users if u in named_there))
            users = self._modules.with_values(directory, users, diagnostic.values) or users
        # an error may come once for each instance; a warning of so many is no reason to doubt
        once = diagnostic.severity == "warning" or (
            self._modules.is_own(directory, users)
            and not diagnostic.context.startswith(_PER_INSTANCE)
        )
        sure = len(users) < 2 or (once and times >= len(users))  # noqa: PLR2004 - one is sure
        return replace(plain, units=tuple(users), sure=sure)

    def _named(self, diagnostic: Diagnostic) -> set[Address]:
        """The units whose calls the text names."""
        found = (self._calls.units.get(call) for call in _CALL.findall(diagnostic.detail))
        return self._units.keys() & {unit for unit in found if unit}

    def _in_root(self, diagnostic: Diagnostic) -> bool:
        return bool(diagnostic.file) and self._directory(diagnostic) == self._workdir

    def _line(self, diagnostic: Diagnostic) -> Line | None:
        """The line of a generated file that the diagnostic is about."""
        if not self._in_root(diagnostic) or diagnostic.file not in FILES:
            return None  # what somebody added beside them says nothing of the configuration
        try:
            text = (self._workdir / diagnostic.file).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return read_line(text, diagnostic.line)

    def _users(self, diagnostic: Diagnostic) -> Sequence[Address]:
        """The units whose module holds the file, itself or in a module that it calls."""
        return self._modules.of(self._directory(diagnostic)) if diagnostic.file else ()

    def _directory(self, diagnostic: Diagnostic) -> Path:
        return (self._workdir / diagnostic.file).resolve().parent

    def _failing(self, diagnostic: Diagnostic, conditions: Sequence[Condition]) -> set[Address]:
        """The units in which the condition that the diagnostic is about did not hold."""
        block = _BLOCK.match(diagnostic.context)
        if block is None:
            return set()
        there = [c for c in conditions if _is_of(c, *block.groups())]
        named = [c for c in there if any(m and m in diagnostic.detail for m in c.messages)]
        for found in (
            [c for c in named if c.status == FAIL],
            [c for c in there if c.status == ERROR],
            [c for c in there if c.status == UNKNOWN and c.kind == CHECK],
        ):
            owners = {owner[0] for c in found if (owner := self._calls.unit_of(c.address))}
            if owners:
                return owners
        return set()

    def _placed(self, diagnostic: Diagnostic) -> Blamed:
        """Nobody's yet; paths are from the project's directory, in the text too."""
        up = f"{os.path.relpath(self._root, self._workdir)}/"
        told = replace(diagnostic, detail=diagnostic.detail.replace(up, ""))
        if not diagnostic.file:
            return Blamed(told)
        file = (self._workdir / diagnostic.file).resolve()
        near = file.relative_to(self._root) if file.is_relative_to(self._root) else file
        return Blamed(told, file=str(near), line=diagnostic.line or None)

    def _written_at(self, blamed: Blamed, line: Line | None) -> Blamed:
        """Where the value in a generated file was written, as far as that is known.

        Of what has no place, that is where an import stands that the text names.
        """
        if not blamed.units or (line is None and blamed.file):
            return blamed
        unit = self._units[blamed.units[0]]
        path = written_path(unit, line) if line else import_path(unit, blamed.diagnostic.detail)
        position = self._written(unit.address, path) if path else None
        if position is None:
            return blamed
        return replace(blamed, file=str(position.file), line=position.line)


def _is_of(condition: Condition, block: str, first: str, second: str | None) -> bool:
    """Whether a condition stands in the block of this kind and these labels."""
    own = f".{condition.address}"
    if block == "module":  # what it calls refuses a value
        return condition.kind == "var" and f".module.{first}." in own
    return own.endswith(
        {
            "check": f".check.{first}",
            "output": f".output.{first}",
            "data": f".data.{first}.{second}",
        }.get(block, f".{first}.{second}")
    )
