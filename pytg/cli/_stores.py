"""The stores of the units' states."""

from __future__ import annotations

from collections.abc import Callable

from pytg.aws.session import Sessions
from pytg.aws.store import StateStore
from pytg.aws.stores import Stores
from pytg.model import Address, Estate, Unit
from pytg.run.deferred import DeferredStore


def stores_of(estate: Estate, sessions: Sessions | None = None) -> Callable[[Unit], StateStore]:
    """The store of each unit's state; that of a unit which makes a backend may wait for it."""
    stores = Stores(estate.root, sessions or Sessions(estate.root))
    deferred: dict[Address, DeferredStore] = {}

    def store_of(unit: Unit) -> StateStore:
        there = stores.of(unit.backend, unit.account)
        if unit.bootstrap and unit.backend.type != "local":
            return deferred.setdefault(unit.address, DeferredStore(there, stores.local))
        return there

    return store_of
