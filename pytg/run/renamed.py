"""Units that look renamed: nothing is in their state yet, and it lies at an address that left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pytg.compose.resource_address import MANAGED
from pytg.compose.state_document import State
from pytg.errors import PytgError
from pytg.model import Address, Unit
from pytg.run.state_moves import declared_part
from pytg.run.state_places import EVERY, matches
from pytg.state.stored_objects import stored_objects

_RENAMED = ("account", "environment", "module")  # what lies in a region stays there
_SAMPLE = 3  # states that are read of those that moved together
_SHOWN = 3

Pair = tuple[Unit, Address]


def renamed(
    new: Iterable[Unit],
    left: Mapping[Address, Callable[[], State | None]],
    configured: Collection[Address],
    copies: Collection[Address] = (),
    suffix: str | None = None,
) -> Iterator[str]:
    """What to say of `new` units, which have no state, that look like one of those that `left`.

    That is: their addresses differ in one part, and their module declares all that is in the state
    of the other, which `left` reads. `copies` are those that may be an environment with another
    suffix: a new name of that environment alone, not another one. `suffix` is what was asked for:
    another environment beside the old one, so that none is told to be a new name of it.
    """
    groups: dict[tuple[str, str, str], list[Pair]] = {}
    for part, unit, old in _alike(new, left):
        if suffix and part == "environment":
            continue
        beside = f"{old.environment}-".startswith(f"{unit.environment_name}-")
        if beside or old not in copies:
            key = (part, getattr(old, part), getattr(unit.address, part))
            groups.setdefault(key, []).append((unit, old))
    for pairs in groups.values():
        if all(_fits(unit, old, left[old]()) for unit, old in pairs[:_SAMPLE]):
            yield from _told(pairs, {*left, *configured}, suffix)


def _alike(new: Iterable[Unit], left: Iterable[Address]) -> Iterator[tuple[str, Unit, Address]]:
    """The pairs that differ in one part only, which is one that can be renamed, and that part."""
    by_others: dict[tuple[str, Address], list[Address]] = {}
    for old in left:
        for part in _RENAMED:
            by_others.setdefault(_others(old, part), []).append(old)
    for unit in new:
        for part in _RENAMED:
            for old in by_others.get(_others(unit.address, part), ()):
                if old != unit.address:
                    yield part, unit, old


def _others(address: Address, part: str) -> tuple[str, Address]:
    """What it has in common with all that differ from it in `part` alone."""
    return part, replace(address, **{part: EVERY})


def _fits(unit: Unit, old: Address, state: State | None) -> bool:
    """Whether the module declares everything that the state of `old` holds, and it holds some."""
    try:
        held = stored_objects(old.module, state)
    except PytgError:  # a state that cannot be read is nobody's
        return False
    found = {declared_part(each.address) for each in held if each.address.mode == MANAGED}
    return bool(found) and found <= unit.module.parts


def _told(pairs: Sequence[Pair], known: Collection[Address], suffix: str | None) -> Iterator[str]:
    sources = {old for _, old in pairs}
    before, after = _pattern([old for _, old in pairs]), _pattern([u.address for u, _ in pairs])
    if {unit for unit in known if matches(unit, before)} == sources:
        moves = [("/".join(before), "/".join(after))]
    else:
        moves = [(str(old), str(unit.address)) for unit, old in pairs]
    option = f" --suffix {suffix}" if suffix else ""
    for old, new in moves[:_SHOWN]:
        more = f" (and {len(moves) - _SHOWN} more such)" if len(moves) > _SHOWN else ""
        yield (
            f"{new} has no state yet, and {old}, which is not configured, holds what its module "
            f"declares: if that was renamed, `pytg state mv {_quoted(old)} {_quoted(new)}{option}` "
            f"takes it along; as it is, all of it is made anew{more}"
        )


def _pattern(units: Sequence[Address]) -> tuple[str, ...]:
    """Their common parts, and `*` where they differ."""
    columns = zip(*(str(unit).split("/") for unit in units), strict=True)
    return tuple(column[0] if len(set(column)) == 1 else EVERY for column in columns)


def _quoted(address: str) -> str:
    return f"'{address}'" if EVERY in address else address
