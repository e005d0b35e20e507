"""Which units use which directory of a module."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
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
        self._order = {address: place for place, address in enumerate(self._inputs)}
        self._by_text: dict[str, dict[str | None, set[Address]]] = {}
        for path, users in by_module.items():
            self._own.setdefault(path.resolve(), set()).update(users)
            for directory in module_directories(path):
                self._users.setdefault(directory, []).extend(users)
        for users in self._users.values():
            users.sort(key=self._order.__getitem__)

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
        texts = [
            (name.removeprefix("var."), plain[1] if plain[1] is not None else plain[2])
            for name, statement in values
            if name.startswith("var.") and (plain := _PLAIN.fullmatch(statement))
        ]
        if not texts:
            return units
        own = self._own.get(directory, set())
        wrong = [own - self._having(name, text) - self._having(name, None) for name, text in texts]
        found = set(units).difference(*wrong)
        return sorted(found, key=self._order.__getitem__)

    def _having(self, name: str, text: str | None) -> set[Address]:
        """The units whose input has the value that Terraform writes so; None: it may have any."""
        if name not in self._by_text:
            by_text = self._by_text.setdefault(name, {})
            for unit, inputs in self._inputs.items():
                by_text.setdefault(_text(inputs.get(name)), set()).add(unit)
        return self._by_text[name].get(text, set())


def _text(value: Value) -> str | None:
    """The value as Terraform writes it; None where that cannot be told."""
    if isinstance(value, bool):
        return str(value).lower()
    plain = isinstance(value, str) and value.isprintable() and not set(value) & set('"\\')
    return str(value) if plain else None
