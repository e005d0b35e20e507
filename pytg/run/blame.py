"""Whose a diagnostic of Terraform is, and where what it speaks of was written.

Terraform names the address of a resource in some diagnostics only. The others name a file: one
of the generated root, whose lines are led back to the configuration, or one of a module.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.generate.line import Line, read_line
from pytg.generate.module_directories import module_directories
from pytg.model import Address, Unit, Value
from pytg.record.run import Check
from pytg.record.words import named
from pytg.run.generated import FILES, Written, owners, written_path
from pytg.terraform.conditions import CHECK, ERROR, FAIL, HOLDS, UNKNOWN, Condition
from pytg.terraform.event_stream import Diagnostic

_BLOCK = re.compile(r'(check|resource|data|output|module) "([^"]*)"(?: "([^"]*)")?')
_PLAIN = re.compile(r'is (?:"([^"\\]*)"|(true|false))')
_PER_INSTANCE = ("resource ", "data ")


@dataclass(frozen=True, slots=True)
class Blamed:
    """A diagnostic that was led back.

    It is of each of `units`, or of at least one of them where that is not `sure`; without
    units nobody's. `shared`: of what they have in common. `file` and `line` are from the
    project's directory.
    """

    diagnostic: Diagnostic
    units: tuple[Address, ...] = ()
    sure: bool = True
    shared: bool = False
    file: str | None = None
    line: int | None = None

    @property
    def reason(self) -> str:
        """In one line, with the place."""
        summary = self.diagnostic.summary
        return f"{summary} ({self.file}:{self.line})" if self.file else summary

    @property
    def detail(self) -> str:
        """What else Terraform says, and where there is doubt in which units it may be."""
        several = len(self.units) > 1 and (self.shared or not self.sure)
        where = f"in {'' if self.sure else 'one of '}{named(self.units)}" if several else ""
        return "\n".join(filter(None, (self.diagnostic.detail.strip(), where)))

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.reason, self.detail)))


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
        times = Counter((d.summary, d.file, d.line) for d in found)
        seen: Counter[Diagnostic] = Counter()
        blamed = []
        for one in found:
            led = self._one(one, conditions, times[one.summary, one.file, one.line])
            several = len(led.units) if led.sure and not one.address else 1
            if seen[one] % max(several, 1) == 0:  # Terraform says it once for each of them
                blamed.append(led)
            seen[one] += 1
        return blamed

    @cached_property
    def _parts(self) -> Mapping[Path, Sequence[Path]]:
        """By module, the directories that it is made of."""
        paths = {unit.module.path for unit in self._units.values()}
        return {path: module_directories(path) for path in paths}

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
        if diagnostic.address or not _BLOCK.match(diagnostic.context):
            return False
        is_check = diagnostic.context.startswith("check ")
        return not self._in_root(diagnostic) and (is_check or len(self._users(diagnostic)) > 1)

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
        else:
            return self._of_module(plain, conditions, times)
        shared = line is not None and line.block == "provider"
        return self._written_at(replace(plain, units=units, shared=shared), line)

    def _of_module(self, plain: Blamed, conditions: Sequence[Condition], times: int) -> Blamed:
        """A diagnostic in a file of a module, which several units may use."""
        diagnostic = plain.diagnostic
        users = self._users(diagnostic)
        if len(users) > 1:
            failing = self._failing(diagnostic, conditions) & set(users)
            if failing:
                return replace(plain, units=tuple(sorted(failing)))
            users = self._with_such_values(diagnostic, users) or users
        own = {self._units[user].module.path.resolve() for user in users}
        directory = (self._workdir / diagnostic.file).resolve().parent
        # an error may come once for each instance; a warning of so many is no reason to doubt
        once = diagnostic.severity == "warning" or (
            directory in own and not diagnostic.context.startswith(_PER_INSTANCE)
        )
        sure = len(users) < 2 or (once and times >= len(users))  # noqa: PLR2004 - one is sure
        return replace(plain, units=tuple(users), sure=sure)

    def _in_root(self, diagnostic: Diagnostic) -> bool:
        file = self._workdir / diagnostic.file
        return bool(diagnostic.file) and file.resolve().parent == self._workdir

    def _line(self, diagnostic: Diagnostic) -> Line | None:
        """The line of a generated file that the diagnostic is about."""
        if not self._in_root(diagnostic) or diagnostic.file not in FILES:
            return None  # what somebody added beside them says nothing of the configuration
        try:
            text = (self._workdir / diagnostic.file).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return read_line(text, diagnostic.line)

    def _users(self, diagnostic: Diagnostic) -> list[Address]:
        """The units whose module holds the file, itself or in a module that it calls."""
        if not diagnostic.file:
            return []
        directory = (self._workdir / diagnostic.file).resolve().parent
        every = self._units.values()
        return [u.address for u in every if directory in self._parts[u.module.path]]

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

    def _with_such_values(self, diagnostic: Diagnostic, users: Sequence[Address]) -> list[Address]:
        """Those of `users` whose inputs may have the values that the diagnostic names."""
        directory = (self._workdir / diagnostic.file).resolve().parent
        values = {
            name.removeprefix("var."): plain[1] if plain[1] is not None else plain[2]
            for name, statement in diagnostic.values
            if name.startswith("var.") and (plain := _PLAIN.fullmatch(statement))
        }
        return [
            user
            for user in users
            if directory != self._units[user].module.path.resolve()  # its own variables
            or all(_may_be(self._units[user].inputs, name, text) for name, text in values.items())
        ]

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
        """Where the value in a generated file was written, as far as that is known."""
        if line is None or not blamed.units:
            return blamed
        unit = self._units[blamed.units[0]]
        path = written_path(unit, line)
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


def _may_be(inputs: Mapping[str, Value], name: str, text: str) -> bool:
    """Whether the input may have the value that Terraform writes so."""
    value = inputs.get(name)
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, str) and value.isprintable() and not set(value) & set('"\\'):
        return text == value
    return True
