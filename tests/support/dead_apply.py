"""What a composed apply that died leaves in its directory."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytg.compose.shape import shape_of
from pytg.model import Address, Estate
from pytg.processes import ProcessId
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import STATE, Journal, Locked
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import StateStore
from support.estate_in_memory import estate_of
from support.memory_store import MemoryStore, composed

ONE = Address("acc", "us-east-1", "dev", "one")
TWO = Address("acc", "us-east-1", "dev", "two")
DEAD = ProcessId(os.getpid(), 1.0, socket.gethostname())


def estate_at(root: Path) -> Estate:
    """ONE and TWO."""
    return replace(estate_of([str(ONE), str(TWO)]), root=root)


def states_in(store: MemoryStore) -> StateReader:
    """Of all units, in one store."""

    def store_of(_unit: StateLocation) -> StateStore:
        return store

    return StateReader(store_of)


def journal_of(*units: Address, **fields: Any) -> Journal:
    """The journal of the dead run `run-1` over `units`, with the lock `dead-1`."""
    estate = estate_of(map(str, units))
    locked = tuple(Locked.of(u, shape_of(estate, u)) for u in estate.units.values())
    given = {"run_id": "run-1", "lock_id": "dead-1", "pytg": DEAD, "locked": locked} | fields
    return Journal(units=tuple(map(str, units)), **given)


def died(root: Path, *units: Address, key: str = "0", **fields: Any) -> Path:
    """A run that died after Terraform had made a resource in each of `units`; its directory."""
    workdir = root / COMPOSED / key
    workdir.mkdir(parents=True)
    (workdir / STATE).write_bytes(composed(*units))
    journal_of(*units, **fields).write(workdir)
    return workdir
