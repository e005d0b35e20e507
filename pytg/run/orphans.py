"""States whose unit has left the configuration: nobody plans them any more.

A run that selects units looks for those of their environments. A run of everything (`-all`) looks
into every backend that the estate still knows, into the states that lie in the project, and, for
what left together with its backend, into the records of past runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from pytg.compose.state_document import State
from pytg.compose.state_merge import is_empty
from pytg.errors import Interrupted, PytgError
from pytg.generate.aws import STATES
from pytg.model import Address, Estate, Unit
from pytg.record.history import last_applied
from pytg.run.execution import Execution
from pytg.run.renamed import renamed
from pytg.state.local_store import LocalStore
from pytg.state.state_reader import parse_state
from pytg.state.state_store import StateStore

_Unread = tuple[tuple[Address, str], ...]

_READERS = 16
_SAMPLE = 3  # states of an environment that is probably another suffix: to read all takes long


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a state lies."""

    store: StateStore
    address: Address
    key: str

    @property
    def environment(self) -> tuple[str, str]:
        return self.address.account, self.address.environment


@dataclass(frozen=True, slots=True)
class Orphans:
    """`held`: a state holds resources of theirs. `lost`: by the run that applied them last.

    Of the lost no state can be read: their backend is in no configuration either. `suffixed` are
    environments, as `account/environment`, that hold resources and may be another suffix.
    `unread` are units with a state that cannot be read, and why: they may hold resources.
    `renamed` says of selected units that look renamed which state would be theirs.
    """

    held: tuple[Address, ...] = ()
    lost: tuple[tuple[Address, str], ...] = ()
    suffixed: tuple[str, ...] = ()
    unread: _Unread = ()
    renamed: tuple[str, ...] = ()

    @property
    def units(self) -> tuple[Address, ...]:
        """All that certainly left, sorted."""
        return tuple(sorted({*self.held, *(unit for unit, _ in self.lost)}))


def orphans(execution: Execution) -> Orphans:
    """Units without configuration that still hold resources, or may."""
    estate = execution.estate
    units = [estate.units[address] for address in execution.selection.units]
    environments = {(u.address.account, u.address.environment) for u in units}
    stores: list[StateStore] = [
        *{id(s): s for s in map(execution.states.store, units) if s.exists()}.values()
    ]
    every = execution.record.run.command.endswith("-all") and len(units) == len(estate.units)
    prefixes = [""] if every else sorted({f"{account}/" for account, _ in environments})
    if every:
        stores.insert(0, LocalStore(estate.root / STATES))
    found = [p for store in stores for prefix in prefixes for p in _places(store, prefix)]
    asked = execution.record.run.asked
    whole = found if every else [*found, *_elsewhere(stores, units, found)]
    new = _renamed(estate, units, whole, asked.suffix if asked else None)
    if every:
        return replace(_of_everything(estate, found), renamed=new)
    held, unread = _holding([p for p in _left(estate, found) if p.environment in environments])
    return Orphans(held, unread=unread, renamed=new)


def orphans_here(estate: Estate, suffix: str | None = None) -> Orphans:
    """The same of the whole estate, as far as this directory knows: no backend is asked.

    That is of the states that lie in it, and of the records of past runs. `suffix` is what was
    asked for.
    """
    found = [*_places(LocalStore(estate.root / STATES), "")]
    local = [unit for unit in estate.units.values() if unit.backend.type == "local"]
    return replace(_of_everything(estate, found), renamed=_renamed(estate, local, found, suffix))


def _elsewhere(
    stores: Iterable[StateStore], units: Iterable[Unit], found: Iterable[_Place]
) -> Iterator[_Place]:
    """The states of other accounts in the same stores, where one of `units` may be renamed.

    That is where nothing of its account is there yet.
    """
    known = {place.address.account for place in found}
    new = {unit.address.account for unit in units} - known
    if new:
        for store in stores:
            yield from (p for p in _places(store, "") if p.address.account not in known)


def _of_everything(estate: Estate, found: Iterable[_Place]) -> Orphans:
    environments = {(unit.account, unit.environment) for unit in estate.units}
    there = _left(estate, found)
    near = [place for place in there if place.environment in environments]
    far = [place for place in there if place.environment not in environments]
    configured = _Configured(estate)
    gone = [*near, *(p for p in far if not configured.with_a_suffix(p.address))]
    seen = {place.address for place in there}
    lost = tuple(
        (unit, run)
        for unit, run in sorted(last_applied(estate.root).items())
        if not (unit in estate.units or unit in seen or configured.with_a_suffix(unit))
    )
    held, unread = _holding(gone)
    suffixed, more = _alive(p for p in far if configured.with_a_suffix(p.address))
    return Orphans(held, lost, suffixed, (*unread, *more))


def _renamed(
    estate: Estate, units: Iterable[Unit], found: Sequence[_Place], suffix: str | None
) -> tuple[str, ...]:
    """What to say of those of `units` that have no state in `found` and look renamed."""
    stored = {place.address for place in found}
    new = [unit for unit in units if unit.address not in stored]
    if not new:
        return ()
    configured, there = _Configured(estate), _left(estate, found)
    copies = {place.address for place in there if configured.with_a_suffix(place.address)}
    left = {place.address: partial(_state, place) for place in there}
    return tuple(renamed(new, left, estate.units, copies, suffix))


def _state(place: _Place) -> State | None:
    with suppress(PytgError):  # it is named as one that cannot be read
        stored = place.store.read(place.key)
        return parse_state(stored, place.key) if stored else None
    return None


class _Configured:
    """What environments each module has, by account and region."""

    def __init__(self, estate: Estate) -> None:
        self._names: dict[tuple[str, str, str], set[str]] = {}
        for unit in estate.units.values():
            key = (unit.address.account, unit.address.region, unit.address.module)
            self._names.setdefault(key, set()).add(unit.environment_name)

    def with_a_suffix(self, unit: Address) -> bool:
        """Whether it may be a configured unit with a suffix other than now."""
        names = self._names.get((unit.account, unit.region, unit.module), set())
        return any(f"{unit.environment}-".startswith(f"{name}-") for name in names)


def told(found: Orphans) -> Iterator[str]:
    """What to say of them; every one is named, those of one directory together."""
    groups: dict[str, list[Address]] = {}
    for unit in found.held:
        groups.setdefault(str(unit).rpartition("/")[0], []).append(unit)
    for where, units in groups.items():
        if len(units) == 1:
            yield (
                f"{units[0]} is no longer configured and still holds resources: "
                "bring it back to destroy"
            )
        else:
            yield (
                f"{where}: {len(units)} units are no longer configured and still hold resources: "
                f"bring them back to destroy: {', '.join(unit.module for unit in units)}"
            )
    for unit, run in found.lost:
        yield (
            f"{unit} left the configuration and is in no state that was looked at: run {run} "
            "applied it here, and none destroyed it since: bring it back to look"
        )
    for name in found.suffixed:
        yield (
            f"{name} holds resources and is in no directory: another suffix (`--suffix` works on "
            "it), or an environment that left"
        )
    for unit, why in found.unread:
        yield f"{unit} is not configured and may hold resources: {why}"


def _left(estate: Estate, found: Iterable[_Place]) -> list[_Place]:
    """Those of units that are not configured."""
    return [place for place in found if place.address not in estate.units]


def _places(store: StateStore, prefix: str) -> Iterator[_Place]:
    for key in store.keys(prefix):
        address, _, _ = key.rpartition("/")
        if address.count("/") == 3:  # noqa: PLR2004 - an address has four parts
            yield _Place(store, Address.parse(address), key)


def _holding(
    places: Sequence[_Place],
) -> tuple[tuple[Address, ...], _Unread]:
    """Those whose state holds resources, and those whose state cannot be read, with why; sorted."""

    def look(place: _Place) -> bool | str:
        try:
            stored = place.store.read(place.key)
            return stored is not None and not is_empty(parse_state(stored, place.key))
        except Interrupted:
            raise
        except PytgError as error:
            text = error.message.partition("\n")[0]
            return text if place.key in text else f"{place.key}: {text}"

    with ThreadPoolExecutor(_READERS) as pool:
        found = list(zip(places, pool.map(look, places), strict=True))
    full = {place.address for place, seen in found if seen is True}
    unread = {place.address: seen for place, seen in found if isinstance(seen, str)}
    return tuple(sorted(full)), tuple(sorted(unread.items()))


def _alive(
    places: Iterable[_Place],
) -> tuple[tuple[str, ...], _Unread]:
    """The environments of which one of the first states holds resources; and what is unread."""
    groups: dict[str, list[_Place]] = {}
    for place in places:
        name = f"{place.address.account}/{place.address.environment}"
        groups.setdefault(name, []).append(place)
    held, unread = _holding([place for group in groups.values() for place in group[:_SAMPLE]])
    full = {f"{unit.account}/{unit.environment}" for unit in held}
    return tuple(name for name in sorted(groups) if name in full), unread
