"""Where the states of units lie that a command names, also of those that left the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from pytg.compose.state_merge import is_empty
from pytg.errors import Refused, UsageError
from pytg.model import Address, Backend, Estate
from pytg.recovery.state_change import StatePlace
from pytg.state.state_reader import StateReader
from pytg.suggest import did_you_mean

EVERY = "*"
_PARTS = 4


def state_places(estate: Estate, states: StateReader) -> dict[Address, StatePlace]:
    """Where every unit's state lies, and every other one in the backends that the estate knows.

    What is in the project's own `.pytg/state` counts. Where a unit that left has a state in two
    backends, both hold resources or none: Refused.
    """
    found = {unit.address: StatePlace.of(unit) for unit in estate.units.values()}
    left: dict[Address, list[StatePlace]] = {}
    for backend in _backends(estate, states):
        for key in states.store(backend).keys(""):
            name, _, _ = key.rpartition("/")
            if name.count("/") == _PARTS - 1 and (unit := Address.parse(name)) not in found:
                place = replace(backend, address=unit, backend=replace(backend.backend, key=key))
                left.setdefault(unit, []).append(place)
    return found | {unit: _one(unit, places, states) for unit, places in left.items()}


def find_place(places: Mapping[Address, StatePlace], text: str) -> StatePlace:
    """The state of the unit that `text` names. Raises UsageError, with what comes close."""
    for address, place in places.items():
        if str(address) == text:
            return place
    near = did_you_mean(text, map(str, places), most=3, quote="", known=0)
    raise UsageError(f"no unit {text}, and no state of one", hint=near or "`pytg ls` lists units")


def renames(
    places: Mapping[Address, StatePlace], estate: Estate, states: StateReader, old: str, new: str
) -> list[tuple[Address, Address]]:
    """Units that hold resources and match `old`, each with what `new` makes of its address.

    `*` as a part of `old` is any; as a part of `new` it is what stands there in `old`. Raises
    UsageError for what names nothing, or no unit of the configuration.
    """
    before, after = _pattern(old), _pattern(new)
    if wrong := [n for n, part in enumerate(after) if part == EVERY and before[n] != EVERY]:
        raise UsageError(
            f"`{new}` has a `*` where `{old}` has none",
            hint=f"name that part: {before[wrong[0]]}",
        )
    matched = [unit for unit in sorted(places) if matches(unit, before)]
    read = states.read(places[unit] for unit in matched)
    holding = [unit for unit in matched if not is_empty(read[unit].state)]
    if not holding:
        names = [str(unit) for unit in places]
        raise UsageError(
            f"no state of {old} holds a resource in the backends that the configuration knows",
            hint=did_you_mean(old, names, quote="", known=0)
            or "where the backend's own name went with the old address, bring that back beside the "
            "new one, move, and take it away again",
        )
    pairs = [(unit, _filled(unit, after)) for unit in holding]
    unknown = [target for _, target in pairs if target not in estate.units]
    if unknown:
        names = [str(unit) for unit in estate.units]
        hint = did_you_mean(str(unknown[0]), names, quote="", known=0)
        raise UsageError(f"no unit {unknown[0]}", hint=hint or "`pytg ls` lists the units")
    return [pair for pair in pairs if pair[0] != pair[1]]


def _pattern(text: str) -> tuple[str, ...]:
    parts = tuple(text.strip("/").split("/"))
    if len(parts) != _PARTS or not all(parts):
        raise UsageError(
            f"`{text}` is no address",
            hint="an address is account/region/environment/module; here a part may be `*`",
        )
    return parts


def matches(unit: Address, pattern: tuple[str, ...]) -> bool:
    """Whether each part of the address fits the part of `pattern`."""
    return all(map(fnmatchcase, str(unit).split("/"), pattern))


def _filled(unit: Address, pattern: tuple[str, ...]) -> Address:
    own = str(unit).split("/")
    return Address(*(o if p == EVERY else p for o, p in zip(own, pattern, strict=True)))


def _backends(estate: Estate, states: StateReader) -> Iterator[StatePlace]:
    """Each backend that is there, once, as one of its units reaches it."""
    units = list(estate.units.values())
    own = [replace(unit, backend=Backend("local", "")) for unit in units[:1]]  # .pytg/state
    seen = set()
    for unit in (*units, *own):
        backend = replace(unit.backend, key="")
        where = (backend, unit.account.endpoint, unit.account.sandbox)
        if where not in seen:
            seen.add(where)
            place = StatePlace(unit.address, unit.account, backend)
            if states.store(place).exists():
                yield place


def _one(unit: Address, places: list[StatePlace], states: StateReader) -> StatePlace:
    """The one of `places` that holds resources."""
    if len(places) == 1:
        return places[0]
    full = [p for p in places if not is_empty(states.read([p])[unit].state)]
    if len(full) > 1:
        where = " and ".join(sorted(p.backend.bucket or ".pytg/state" for p in full))
        raise Refused(
            f"{unit} has a state with resources in two backends: {where}",
            hint="compare them, and take one away",
        )
    return (full or places)[0]
