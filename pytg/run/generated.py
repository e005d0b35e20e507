"""Lines of a generated root module: whose they are, and what of the configuration they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pytg.compose.changes import Calls
from pytg.errors import Position
from pytg.generate.line import Line
from pytg.generate.providers import peer_of, place_of
from pytg.generate.variables import variable
from pytg.model import Address, Unit, references

Path = tuple[str | int, ...]
Written = Callable[[Address, Path], Position | None]

FILES = frozenset(
    {"main.tf", "providers.tf", "outputs.tf", "variables.tf", "versions.tf", "backend.tf"}
)

_NESTED = {"assume_role": ("assume_role",), "default_tags": ()}
_ARGUMENTS = {"depends_on": ("after",), "source": ("source",)}


def owners(line: Line, calls: Calls, units: Iterable[Unit]) -> list[Address]:
    """Those of `units`, all of the composed root, that a block of it is there for."""
    label = line.labels[0] if line.labels else ""
    match line.block:
        case "module":
            return [calls.units[label]] if label in calls.units else []
        case "output":
            owner = calls.output_of(label)
            return [owner[0]] if owner else []
        case "import":
            found = re.search(r"to = module\.([^.\[]+)", line.text)
            return [calls.units[found[1]]] if found and found[1] in calls.units else []
        case "provider":
            return _configured_by(label, line.text, units)
        case "variable":
            return [u.address for u in units if label in map(variable, references(u.inputs))]
        case _:
            return []


def _configured_by(provider: str, text: str, units: Iterable[Unit]) -> list[Address]:
    """The units that use a provider block: those of its place, where it is one a place."""
    users = [unit for unit in units if provider in unit.module.providers]
    alias = re.search(r'^ +alias += *"([^"]*)"', text, re.MULTILINE)
    if alias is None:
        return [unit.address for unit in users]
    places = {u.address: {p.alias for p in (place_of(u), peer_of(u)) if p} for u in users}
    return [unit for unit, aliases in places.items() if alias[1] in aliases]


def written_path(unit: Unit, line: Line) -> Path:
    """Where in the configuration, or in the module (`outputs`), a generated line comes from.

    Empty: nowhere.
    """
    entry = ("modules", unit.address.module)
    name = str(line.path[0]) if line.path else ""
    match line.block:
        case "module":
            is_input = name in unit.inputs
            return ("inputs", *line.path) if is_input else (*entry, *_ARGUMENTS.get(name, ()))
        case "output" if line.labels:  # its name begins with the unit's, in a root of many
            return ("outputs", line.labels[0].removeprefix(f"{unit.address.slug}__"))
        case "import":
            given = [n for n, i in enumerate(unit.imports) if f".{i.to}\n" in line.text]
            return (*entry, "imports", *given[:1])
        case "provider" if name in _NESTED:
            return (*_NESTED[name], *line.path[1:])
        case "provider":
            return ("terraform", "providers", line.labels[0], "config", *line.path)
        case _:
            return ()


def import_path(unit: Unit, text: str) -> Path:
    """Where in the configuration the import stands whose target `text` names; empty: nowhere."""
    for number, each in enumerate(unit.imports):
        if f".{each.to} " in f"{text} ".replace("\n", " "):
            return ("modules", unit.address.module, "imports", number)
    return ()
