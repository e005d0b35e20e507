"""The states of units: read side by side, and looked at again before a plan is applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pytg.aws.store import StateStore
from pytg.compose.state import State
from pytg.errors import PytgError
from pytg.model import Address, Unit

_READERS = 16


@dataclass(frozen=True, slots=True)
class Held:
    """A unit's state as it was read; None where the unit was never applied."""

    state: State | None
    version: str | None

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The values of the unit's outputs."""
        return {k: v["value"] for k, v in (self.state or {}).get("outputs", {}).items()}

    @property
    def types(self) -> Mapping[str, Any]:
        """The types of the unit's outputs, as a state writes them."""
        return {k: v["type"] for k, v in (self.state or {}).get("outputs", {}).items()}


class States:
    """Reads states through `store_of`, many at a time."""

    def __init__(self, store_of: Callable[[Unit], StateStore]) -> None:
        self._store_of = store_of

    def store(self, unit: Unit) -> StateStore:
        """The store that holds the unit's state."""
        return self._store_of(unit)

    def read(self, units: Iterable[Unit]) -> dict[Address, Held]:
        """The states of `units`. Raises PytgError where one cannot be read or parsed."""
        wanted = list(units)
        with ThreadPoolExecutor(_READERS) as pool:
            return dict(zip((u.address for u in wanted), pool.map(self._read, wanted), strict=True))

    def moved(self, units: Iterable[Unit], held: Mapping[Address, Held]) -> list[Address]:
        """The units whose stored state is no longer the one in `held`."""
        now = self.read(units)
        return [address for address in now if now[address].version != held[address].version]

    def _read(self, unit: Unit) -> Held:
        stored = self._store_of(unit).read(unit.backend.key)
        if stored is None:
            return Held(None, None)
        try:
            return Held(json.loads(stored.body), stored.version)
        except ValueError as error:
            raise PytgError(
                f"the state of {unit.address} is not valid JSON: {error}",
                hint=f"look at the state {unit.backend.key} in its backend",
            ) from error
