"""Where every value of a unit comes from, and what it overrode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytg.config.load import LoadedEstate
from pytg.config.node import Node
from pytg.errors import Position, UsageError
from pytg.model import Reference, Template, Unit, Value, references
from pytg.suggest import did_you_mean

SENSITIVE = "(sensitive)"


@dataclass(frozen=True, slots=True)
class Layer:
    """A value as it is written at a place."""

    written: Any
    position: Position

    def as_json(self) -> dict[str, Any]:
        return {"value": self.written, **_place(self.position)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a unit. `position` is None for what pytg computed or took as its default.

    `written` is the text in the file where it differs from `value`; `overrode` are the values
    it replaced, nearest first; `reads` the units whose outputs it uses.
    """

    key: str
    value: Any
    written: Any = None
    position: Position | None = None
    overrode: tuple[Layer, ...] = ()
    reads: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        place = _place(self.position) if self.position else {"computed": True}
        return {
            "key": self.key,
            "value": self.value,
            "written": self.written,
            **place,
            "overrode": [layer.as_json() for layer in self.overrode],
            "reads": list(self.reads),
        }


def explain(loaded: LoadedEstate, unit: Unit, key: str | None = None) -> list[Entry]:
    """The values of `unit`: all, or that at `key` and those below it.

    Raises UsageError, with what comes close, for a key that is not there.
    """
    entries = list(_entries(loaded, unit))
    if key is None:
        return entries
    for wanted in (key, f"inputs.{key}"):
        found = [e for e in entries if e.key == wanted or e.key.startswith(f"{wanted}.")]
        if found:
            return found
    keys = [entry.key for entry in entries]
    hint = did_you_mean(key, [*keys, *(k.removeprefix("inputs.") for k in keys)])
    raise UsageError(f"{unit.address} has no value `{key}`", hint=hint)


def _entries(loaded: LoadedEstate, unit: Unit) -> Iterator[Entry]:
    place = loaded.places[unit.address]
    settings = place.settings
    yield Entry("environment", place.environment)
    suffix = settings.find("suffix")
    if suffix and (suffix.value or "") != unit.suffix:
        suffix = None  # the command line replaced it
    yield from _setting("suffix", suffix, unit.suffix)
    yield Entry("region", unit.region)
    yield Entry("peer_region", unit.peer_region)
    yield from _setting("protected", settings.find("protected"), unit.protected)
    entry = settings.find("modules", unit.address.module) or Node({}, place.position)
    defaults: dict[str, Any] = {
        "source": f"modules/{unit.address.module}",
        "scope": str(unit.module.scope),
        "isolate": False,
        "enabled": True,
        "after": [],
    }
    for name, default in defaults.items():
        node = entry.find(name)
        yield from _setting(name, node, node.plain if node else default)
    yield from _backend(settings, unit)
    for name, text in sorted(unit.tags.items()):
        yield from _setting(f"tags.{name}", settings.find("tags", name), text)
    yield from _inputs(loaded, unit)


def _backend(settings: Node, unit: Unit) -> Iterator[Entry]:
    backend = unit.backend
    values: dict[str, Any] = {"type": backend.type}
    if backend.type == "s3":
        values |= {
            "bucket": backend.bucket,
            "region": backend.region,
            "lock_table": backend.lock_table,
            "use_lockfile": backend.use_lockfile,
        }
    for name, value in values.items():
        yield from _setting(f"backend.{name}", settings.find("backend", name), value)
    yield Entry("backend.key", backend.key)


def _setting(key: str, node: Node | None, value: Any) -> Iterator[Entry]:
    if node is None:
        yield Entry(key, value)
        return
    written = node.plain if node.plain != value else None
    yield Entry(key, value, written, node.position, _layers(node))


def _inputs(loaded: LoadedEstate, unit: Unit) -> Iterator[Entry]:
    for name, node in loaded.inputs[unit.address].items():
        variable = unit.module.variables.get(name)
        hidden = variable is None or variable.sensitive  # None: its module cannot be read
        for key, leaf, value in _leaves(f"inputs.{name}", node, unit.inputs[name]):
            written = leaf.plain if value not in (leaf.plain, leaf.written) else None
            yield Entry(
                key=key,
                value=SENSITIVE if hidden else shown(value),
                written=SENSITIVE if hidden and written is not None else written,
                position=leaf.position,
                overrode=_layers(leaf, hidden=hidden),
                reads=tuple(dict.fromkeys(str(r.unit) for r in references(value))),
            )


def _leaves(key: str, node: Node, value: Value) -> Iterator[tuple[str, Node, Value]]:
    """The values below `node` that are no maps themselves; overridden maps stay whole."""
    if node.entries and isinstance(value, dict) and not node.overrode:
        for name, item in sorted(node.entries.items()):
            yield from _leaves(f"{key}.{name}", item, value[name])
    else:
        yield key, node, value


def _layers(node: Node, *, hidden: bool = False) -> tuple[Layer, ...]:
    return tuple(
        Layer(SENSITIVE if hidden else layer.plain, layer.position) for layer in node.overrode
    )


def shown(value: Value) -> Any:
    """`value` as JSON data, each reference written with the address of the unit it reads."""
    if isinstance(value, Reference):
        steps = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in value.path)
        return f"${{{value.unit}.{value.output}{steps}}}"
    if isinstance(value, Template):
        return "".join(part if isinstance(part, str) else shown(part) for part in value.parts)
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return value


def _place(position: Position) -> dict[str, Any]:
    return {"file": str(position.file), "line": position.line, "column": position.column}
