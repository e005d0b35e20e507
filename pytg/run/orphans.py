"""States whose unit has left the configuration: nobody plans them any more."""

from __future__ import annotations

from collections.abc import Iterator

from pytg.compose.state_merge import is_empty
from pytg.model import Address
from pytg.run.execution import Execution
from pytg.state.state_reader import parse_state


def orphans(execution: Execution) -> list[Address]:
    """Units without configuration that still hold resources, in the selection's environments."""
    units = [execution.estate.units[address] for address in execution.selection.units]
    stores = {id(store): store for store in map(execution.states.store, units) if store.exists()}
    places = {(u.address.account, u.address.environment) for u in units}
    found = set()
    for store in stores.values():
        for account in sorted({account for account, _ in places}):
            for address, key in _addresses(store.keys(f"{account}/")):
                near = (address.account, address.environment) in places
                if near and address not in execution.estate.units:
                    stored = store.read(key)
                    if stored is not None and not is_empty(parse_state(stored, key)):
                        found.add(address)
    return sorted(found)


def _addresses(keys: list[str]) -> Iterator[tuple[Address, str]]:
    for key in keys:
        address, _, _ = key.rpartition("/")
        if address.count("/") == 3:  # noqa: PLR2004 - an address has four parts
            yield Address.parse(address), key
