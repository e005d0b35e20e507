"""One unit of an apply that died: its part of the state is written, or kept where it may not be."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.compose.state_document import State, state_text
from pytg.compose.state_merge import next_state
from pytg.errors import LockHeld, Refused
from pytg.recovery.in_flight import only_in
from pytg.recovery.journal import Journal, Locked
from pytg.recovery.unrecorded import remember
from pytg.recovery.written import loses_nothing
from pytg.state.backups import keep
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.state_reader import StateReader, UnitState
from pytg.state.state_store import LockInfo


class Use(enum.StrEnum):
    """Which state of a unit holds, where a dead run left one and somebody else wrote another."""

    LEFT = "left"
    STORED = "stored"


@dataclass(frozen=True, slots=True)
class Left:
    """What a dead run left of all its units. `noted`: the versions that it wrote, by unit.

    None: that is not known. `use` is what a person decided, None where nobody was asked.
    """

    root: Path
    journal: Journal
    states: StateReader
    noted: Mapping[str, set[str]] | None
    use: Use | None = None


def lock(unit: Locked, left: Left) -> None:
    """Take over the lock of the dead run, or take it anew where it ended with its process."""
    journal = left.journal
    try:
        store = left.states.store(unit)
        store.lock(unit.backend.key, LockInfo.new("pytg recover", journal.lock_id))
    except LockHeld as error:
        raise LockHeld(
            f"{error.message}, and run {journal.run_id} left newer state of it behind",
            hint="wait until that lock is gone and run pytg again: it recovers the state then; "
            + error.hint.rpartition("; ")[2],
        ) from error


def unlock(unit: Locked, left: Left) -> None:
    """Leave the lock of the dead run, if it ever had it."""
    store, key = left.states.store(unit), unit.backend.key
    holder = store.holder(key)
    if holder is None or holder.id == left.journal.lock_id:
        store.unlock(key, left.journal.lock_id)


def settle(unit: Locked, left: Left) -> None:
    """Bring the state of a backend to where it belongs after an apply of that backend."""
    store = left.states.store(unit)
    if isinstance(store, BootstrapStore):
        store.settle(unit.backend.key)


def write(unit: Locked, part: State, left: Left) -> bool:
    """Write one unit's part under its lock, after a backup; whether there was anything to write.

    Raises Refused where somebody else has written the state since.
    """
    store, key = left.states.store(unit), unit.backend.key
    store.digest_repair(key)
    current = left.states.read([unit])[unit.address]
    after = next_state(current.state, part)
    if after is None:
        return False
    body = state_text(after)
    if left.use is Use.STORED:
        _keep_stored(unit, after, body, current, left)
        return False
    if left.use is None and not _is_known(unit, current, after, left):
        run = left.journal.run_id
        raise Refused(
            f"the state of {unit.address} moved since run {run} died with newer state",
            hint=f"`pytg recover {unit.address} --use left` writes the state that run left; "
            f"`--use stored` keeps the one that is there, and the next plan imports or names "
            "what only the other one holds. Either way the other one stays in .pytg/backups",
        )
    stored = store.read(key)
    if stored is not None:
        keep(left.root, unit.address, stored.body, "recovery")
    store.write(key, body)
    return True


def _is_known(unit: Locked, current: UnitState, after: State, left: Left) -> bool:
    """Whether the stored state is one that the dead run read or wrote."""
    name, known = str(unit.address), left.journal.versions
    if current.state is None:
        return True
    if current.version in {known.get(name), *(left.noted or {}).get(name, ())}:
        return True
    if name in known and left.noted is not None:
        return False
    return loses_nothing(current.state, after)


def _keep_stored(unit: Locked, after: State, body: bytes, current: UnitState, left: Left) -> None:
    """Leave the stored state; keep the other one, and remember what only that one holds."""
    keep(left.root, unit.address, body, "left by a dead run")
    calls = Calls({unit.shape.module: unit.address}, composed=False)
    remember(left.root, {unit.address: only_in(after, current.state, calls)})
