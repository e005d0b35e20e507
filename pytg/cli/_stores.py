"""The stores of the units' states."""

from __future__ import annotations

from collections.abc import Callable

from pytg.aws.session import Sessions
from pytg.model import Account, Address, Backend, Estate
from pytg.state.bootstrap_store import DeferredStore
from pytg.state.states import Kept
from pytg.state.store import StateStore
from pytg.state.stores import Stores


def stores_of(estate: Estate, sessions: Sessions | None = None) -> Callable[[Kept], StateStore]:
    """The store of each unit's state; that of a unit which makes a backend may wait for it."""
    stores = Stores(estate.root, sessions or Sessions(estate.root))
    deferred: dict[tuple[Address, Account, Backend], DeferredStore] = {}

    def store_of(unit: Kept) -> StateStore:
        there = stores.of(unit.backend, unit.account)
        if unit.bootstrap and unit.backend.type != "local":
            which = (unit.address, unit.account, unit.backend)
            return deferred.setdefault(which, DeferredStore(there, stores.local))
        return there

    return store_of
