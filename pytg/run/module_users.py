"""Which units use which directory of a module."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from pytg.generate.module_directories import module_directories
from pytg.model import Address, Unit, Value

_PLAIN = re.compile(r'is (?:"([^"\\]*)"|(true|false))')


class ModuleUsers:
    """The users of each directory that `units` are made of; each module is looked into once."""

    def __init__(self, units: Collection[Unit]) -> None:
        self._inputs = {unit.address: unit.inputs for unit in units}
        self._users: dict[Path, list[Address]] = {}
        self._own: dict[Path, set[Address]] = {}
        by_module: dict[Path, list[Address]] = {}
        for unit in units:
            by_module.setdefault(unit.module.path, []).append(unit.address)
        order = {address: place for place, address in enumerate(self._inputs)}
        for path, users in by_module.items():
            self._own.setdefault(path.resolve(), set()).update(users)
            for directory in module_directories(path):
                self._users.setdefault(directory, []).extend(users)
        for users in self._users.values():
            users.sort(key=order.__getitem__)

    def of(self, directory: Path) -> Sequence[Address]:
        """The units whose module is there, or calls a module that is; `directory` is resolved."""
        return self._users.get(directory, ())

    def is_own(self, directory: Path, units: Iterable[Address]) -> bool:
        """Whether the module of one of `units` itself is there."""
        return not self._own.get(directory, set()).isdisjoint(units)

    def with_values(
        self, directory: Path, units: Sequence[Address], values: Iterable[tuple[str, str]]
    ) -> Sequence[Address]:
        """Those of `units` whose inputs may have `values`, as a diagnostic in a file there has it.

        A module that another calls has variables of its own, of which inputs say nothing.
        """
        texts = {
            name.removeprefix("var."): plain[1] if plain[1] is not None else plain[2]
            for name, statement in values
            if name.startswith("var.") and (plain := _PLAIN.fullmatch(statement))
        }
        if not texts:
            return units
        own = self._own.get(directory, set())
        return [unit for unit in units if unit not in own or self._may_have(unit, texts)]

    def _may_have(self, unit: Address, texts: Mapping[str, str]) -> bool:
        return all(_may_be(self._inputs[unit], name, text) for name, text in texts.items())


def _may_be(inputs: Mapping[str, Value], name: str, text: str) -> bool:
    """Whether the input may have the value that Terraform writes so."""
    value = inputs.get(name)
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, str) and value.isprintable() and not set(value) & set('"\\'):
        return text == value
    return True
