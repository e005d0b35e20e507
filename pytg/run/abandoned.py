"""Runs that died without a journal: their record is closed, and what they made is remembered.

A unit's own Terraform writes its state while it applies, but only now and then: when it is
killed, what it made since may exist and be in no state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.errors import PytgError, Refused
from pytg.model import Address, Estate, Unit
from pytg.run.adopt import remember
from pytg.run.data import Result, Run, Status
from pytg.run.in_flight import resources_in_flight
from pytg.run.record import RUNS, load, mark_dead
from pytg.run.recover import Recovery
from pytg.run.states import States

_RUNNING = f'  "result": "{Result.RUNNING}"'  # a record has one line a field


def close_abandoned(estate: Estate, states: States) -> list[Recovery]:
    """Close the records of dead runs, and remember what their units' own Terraforms had begun.

    After `recover`, which does that for runs with a journal.
    """
    found = []
    for run in _running(estate.root):
        unknown = _in_flight(estate, run, states)
        if mark_dead(run, unknown).result is Result.RUNNING:
            continue  # it lives
        remember(estate.root, unknown)
        named = tuple(f"{a} {inside}" for a, names in unknown.items() for inside in names)
        found.append(Recovery(run.run_id, (), named))
    return found


def _running(root: Path) -> Iterator[Run]:
    for path in sorted((root / RUNS).glob("*/run.json")):
        with contextlib.suppress(OSError, Refused), path.open(encoding="utf-8") as file:
            if any(line.startswith(_RUNNING) for line in file):
                yield load(path)


def _in_flight(estate: Estate, run: Run, states: States) -> dict[Address, list[str]]:
    """By unit, addresses inside its module."""
    found: dict[Address, list[str]] = {}
    for address, record in run.units.items():
        unit = estate.units.get(address)
        if unit is None or record.status is not Status.RUNNING or not record.log:
            continue
        calls = Calls({address.module: address}, composed=False)
        names = resources_in_flight(run.directory / record.log, stored(states, unit))
        owners = [owner for owner in map(calls.unit_of, names) if owner]
        if owners:
            found[address] = [inside for _, inside in owners]
    return found


def stored(states: States, unit: Unit) -> bytes | None:
    """The unit's state in its backend; None where there is none, or it cannot be read."""
    with contextlib.suppress(PytgError):
        held = states.store(unit).read(unit.backend.key)
        return held.body if held else None
    return None
