"""Two environments, regions or accounts side by side: unit by unit, value by value, with places."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from pytg import exact_json
from pytg.config.explain import SENSITIVE, explain, shown
from pytg.config.load import LoadedEstate
from pytg.errors import EmptySelection, Position, UsageError
from pytg.model import GLOBAL, Address, Reference, Template, Unit, Value
from pytg.suggest import did_you_mean

Source = Literal["written", "default", "computed", "command line"]
Kind = Literal["unit", "environment", "region", "account"]
_KINDS: tuple[Kind, ...] = ("unit", "environment", "region", "account")
_COMPUTED = frozenset({"environment", "region", "peer_region", "backend.key"})
_OF_THE_NAME = _COMPUTED | {"suffix"}
_OF_A_MODULE = frozenset({"source", "scope", "isolate", "enabled", "after"})
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Side:
    """A value of one unit, and where it comes from.

    What is `written` has a `position`, that of its key; `computed` is what follows from names.
    """

    value: Any
    position: Position | None
    source: Source = "written"

    @classmethod
    def of(cls, key: str, value: Any, position: Position | None) -> Side:
        """A setting; without a position it is not written."""
        source: Source = "written" if position else "default"
        if position is None and key in _COMPUTED:
            source = "computed"
        if position is None and key == "suffix" and value:
            source = "command line"
        return cls(value, position, source)


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that differs; a side is None where it has none.

    `derived`: both are written at one place, or are the compared names themselves: they differ
    because the names do.
    """

    key: str
    left: Side | None
    right: Side | None
    derived: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A unit and its counterpart; None where there is none."""

    left: Address | None
    right: Address | None
    differences: tuple[Difference, ...] = ()

    @property
    def same(self) -> bool:
        """Whether they differ in nothing but what follows from their names."""
        alone = self.left is None or self.right is None
        return not alone and all(each.derived for each in self.differences)


def compare(
    loaded: LoadedEstate, left: str, right: str, chosen: Collection[Address]
) -> list[Compared]:
    """The units of `left` and `right` among `chosen`, in pairs, by address.

    Both are environments, regions, accounts, or addresses. Raises UsageError for other names, and
    EmptySelection where none of their units is chosen.
    """
    units = loaded.estate.units
    every = _pairs(*_sides(left, right, units.values()))
    pairs = [(one, other) for one, other in every if {one, other} & {*chosen}]
    if not pairs:
        raise EmptySelection(f"no unit of {left} or {right} is in the selection")
    same = {one: other for one, other in every if one is not None and other is not None}
    return [
        Compared(one, other)
        if one is None or other is None
        else Compared(one, other, tuple(_differences(loaded, units[one], units[other], same)))
        for one, other in pairs
    ]


def _sides(
    left: str, right: str, chosen: Collection[Unit]
) -> tuple[Kind, list[Address], list[Address]]:
    found = {
        kind: [[u.address for u in chosen if text in _names(u, kind)] for text in (left, right)]
        for kind in _KINDS
    }
    for kind, (ones, others) in found.items():
        if ones and others:
            return kind, ones, others
    missing = [
        text
        for place, text in enumerate((left, right))
        if not any(sides[place] for sides in found.values())
    ]
    if not missing:
        raise UsageError(
            f"`{left}` and `{right}` are of different kinds",
            hint="compare two environments, two regions, two accounts, or two units",
        )
    known = {name for unit in chosen for kind in _KINDS for name in _names(unit, kind)}
    raise UsageError(
        f"there is no environment, region, account or unit `{missing[0]}`",
        hint=did_you_mean(missing[0], known),
    )


def _names(unit: Unit, kind: Kind) -> tuple[str, ...]:
    """What `unit` can be asked for by; an environment without its suffix, too."""
    if kind == "unit":
        return (str(unit.address),)
    own: str = getattr(unit.address, kind)
    return (own, unit.environment_name) if kind == "environment" and own != GLOBAL else (own,)


def _pairs(
    kind: Kind, ones: Sequence[Address], others: Sequence[Address]
) -> list[tuple[Address | None, Address | None]]:
    """Counterparts have the same address but for what is compared.

    An environment may lie in an account of its own, and an account may have one of its own.
    """
    parts = [part for part in ("account", "region", "environment", "module") if part != kind]
    if kind == "unit":
        parts = []
    for part in ("account", "environment"):
        alone = (len({getattr(u, part) for u in side} - {GLOBAL}) <= 1 for side in (ones, others))
        if part in parts and kind in ("account", "environment") and all(alone):
            parts.remove(part)
    left, right = ({tuple(getattr(u, p) for p in parts): u for u in s} for s in (ones, others))
    keys = sorted(left.keys() | right.keys())
    return [(left.get(key), right.get(key)) for key in keys]


def _differences(
    loaded: LoadedEstate, left: Unit, right: Unit, same: Mapping[Address, Address]
) -> Iterator[Difference]:
    ones, others = _settings(loaded, left), _settings(loaded, right)
    for key in dict.fromkeys((*ones, *others)):
        one, other = ones.get(key), others.get(key)
        if one is None or other is None or _text(one.value) != _text(other.value):
            yield Difference(key, one, other, key in _OF_THE_NAME or _one_place(one, other))
    for name in sorted(left.inputs.keys() | right.inputs.keys()):
        hidden = any(
            name in unit.module.variables and unit.module.variables[name].sensitive
            for unit in (left, right)
        )
        one_value = left.inputs.get(name, _ABSENT)
        other_value = right.inputs.get(name, _ABSENT)
        for path, a, b in _walk((name,), one_value, other_value, same):
            sides = [
                None
                if value is _ABSENT
                else Side(
                    SENSITIVE if hidden else shown(value),
                    loaded.written(unit.address, ("inputs", *path)),
                )
                for unit, value in ((left, a), (right, b))
            ]
            key = ".".join(map(str, ("inputs", *path)))
            yield Difference(key, sides[0], sides[1], _one_place(*sides))


def _settings(loaded: LoadedEstate, unit: Unit) -> dict[str, Side]:
    """What a unit has beside its inputs."""
    found: dict[str, Side] = {}
    for entry in explain(loaded, unit):
        if not entry.key.startswith("inputs."):
            at = loaded.written(unit.address, _path(unit, entry.key)) if entry.position else None
            found[entry.key] = Side.of(entry.key, entry.value, at)
    account, role = unit.account, unit.account.assume_role
    own: dict[tuple[str, ...], Any] = {
        ("account_id",): account.id,
        ("profile",): account.profile,
        ("endpoint",): account.endpoint,
        ("sandbox",): account.sandbox,
        ("assume_role", "role_arn"): role.role_arn if role else None,
        ("assume_role", "external_id"): role.external_id if role else None,
    }
    for path, value in own.items():
        key = ".".join(path)
        found[key] = Side.of(key, value, loaded.written(unit.address, path))
    for place, each in enumerate(unit.imports):
        path = ("modules", unit.address.module, "imports", str(place))
        found[f"imports.{each.to}"] = Side(each.id, loaded.written(unit.address, path))
    return found


def _path(unit: Unit, key: str) -> tuple[str, ...]:
    """Where a setting of the unit is written; the name of a tag may have points."""
    if key in _OF_A_MODULE:
        return ("modules", unit.address.module, key)
    first, point, rest = key.partition(".")
    return (first, rest) if point else (first,)


def _walk(
    path: tuple[str, ...], left: Any, right: Any, same: Mapping[Address, Address]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Where two inputs differ; maps are compared inside."""
    if isinstance(left, dict) and isinstance(right, dict) and left and right:
        for key in sorted(left.keys() | right.keys()):
            yield from _walk((*path, key), left.get(key, _ABSENT), right.get(key, _ABSENT), same)
        return
    alone = left is _ABSENT or right is _ABSENT
    if alone or _text(shown(_seen(left, same))) != _text(shown(right)):
        yield path, left, right


def _seen(value: Value, same: Mapping[Address, Address]) -> Value:
    """`value` as the other side would have it: a reference to a counterpart is the same."""
    if isinstance(value, Reference):
        return replace(value, unit=same.get(value.unit, value.unit))
    if isinstance(value, Template):
        return Template(
            tuple(
                replace(part, unit=same.get(part.unit, part.unit))
                if isinstance(part, Reference)
                else part
                for part in value.parts
            )
        )
    if isinstance(value, dict):
        return {key: _seen(item, same) for key, item in value.items()}
    return [_seen(item, same) for item in value] if isinstance(value, list) else value


def _one_place(one: Side | None, other: Side | None) -> bool:
    if one is None or other is None or one.position is None:
        return False
    return one.position == other.position


def _text(value: Any) -> str:
    return exact_json.dumps(value, sort_keys=True)
