"""The states of units: read side by side, and looked at again before a plan is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, Self

from pytg.compose import state_document
from pytg.compose.state_document import STATE_VERSION, State
from pytg.errors import PytgError
from pytg.model import Account, Address, Backend
from pytg.state.state_store import StateStore, StoredState

_READERS = 16


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit's state as it was read; None where the unit was never applied."""

    state: State | None
    version: str | None

    @property
    def serial(self) -> int:
        """It goes up with each change; 0 without a state."""
        return int(self.state["serial"]) if self.state else 0

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The values of the unit's outputs."""
        return {k: v["value"] for k, v in (self.state or {}).get("outputs", {}).items()}

    @property
    def types(self) -> Mapping[str, Any]:
        """The types of the unit's outputs, as a state writes them."""
        return {k: v["type"] for k, v in (self.state or {}).get("outputs", {}).items()}


class StateLocation(Protocol):
    """What says where a state is kept: a unit, or what a journal remembers of one."""

    @property
    def address(self) -> Address:
        """Whose state it is."""
        ...

    @property
    def account(self) -> Account:
        """Where the backend is reached."""
        ...

    @property
    def backend(self) -> Backend:
        """Where the state lies."""
        ...

    @property
    def bootstrap(self) -> bool:
        """Whether the unit makes that backend."""
        ...


class StateReader:
    """Reads states through `store_of`, many at a time.

    `check` raises Refused where the caller is in another account than a state is.
    """

    def __init__(
        self,
        store_of: Callable[[StateLocation], StateStore],
        check: Callable[[StateLocation], None] = lambda _unit: None,
    ) -> None:
        self._store_of = store_of
        self._check = check

    def checked(self) -> Self:
        """The same, with a `check` before each state: for who writes beyond what was asked for."""

        def store_of(unit: StateLocation) -> StateStore:
            self._check(unit)
            return self._store_of(unit)

        return type(self)(store_of, self._check)

    def store(self, unit: StateLocation) -> StateStore:
        """The store that holds the unit's state."""
        return self._store_of(unit)

    def read(self, units: Iterable[StateLocation]) -> dict[Address, UnitState]:
        """The states of `units`. Raises PytgError where one cannot be read or parsed."""
        wanted = list(units)
        with ThreadPoolExecutor(_READERS) as pool:
            return dict(zip((u.address for u in wanted), pool.map(self._read, wanted), strict=True))

    def moved(
        self, units: Iterable[StateLocation], held: Mapping[Address, UnitState]
    ) -> list[Address]:
        """The units whose stored state is no longer the one in `held`."""
        now = self.read(units)
        return [address for address in now if now[address].version != held[address].version]

    def _read(self, unit: StateLocation) -> UnitState:
        stored = self._store_of(unit).read(unit.backend.key)
        if stored is None:
            return UnitState(None, None)
        return UnitState(parse_state(stored, unit.backend.key), stored.version)


def parse_state(stored: StoredState, key: str) -> State:
    """The state at `key`. Raises PytgError where it is none that Terraform writes today."""
    try:
        return state_document.parse_state(stored.body)
    except ValueError as error:
        raise PytgError(
            f"{key} in its backend is no state of version {STATE_VERSION}: {error}",
            hint="look at it there; a Terraform of version 0.12 or later brings an old one up to "
            "date, and an older version of a damaged one can be brought back",
        ) from error
