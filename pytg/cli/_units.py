"""Units that are named on the command line, and the stores of their states."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from pytg.aws.session import Sessions
from pytg.aws.store import StateStore
from pytg.aws.stores import Stores
from pytg.errors import UsageError
from pytg.model import Address, Estate, Unit
from pytg.run.deferred import DeferredStore


def unit_of(estate: Estate, text: str) -> Unit:
    """The unit at the address `text`. Raises UsageError, with what comes close."""
    try:
        address = Address.parse(text)
    except ValueError:
        raise UsageError(
            f"`{text}` is no address",
            hint="an address is account/region/environment/module; `pytg ls` lists them",
        ) from None
    if address in estate.units:
        return estate.units[address]
    close = difflib.get_close_matches(text, sorted(map(str, estate.units)), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`pytg ls` lists the units"
    raise UsageError(f"no unit {text}", hint=hint)


def stores_of(estate: Estate) -> Callable[[Unit], StateStore]:
    """The store of each unit's state; that of a unit which makes a backend may wait for it."""
    stores = Stores(estate.root, Sessions(estate.root))

    def store_of(unit: Unit) -> StateStore:
        there = stores.of(unit.backend, unit.account)
        if unit.bootstrap and unit.backend.type != "local":
            return DeferredStore(there, stores.local)
        return there

    return store_of
