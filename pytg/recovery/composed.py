"""What a composed apply that died left: its states are written, and its locks released."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.compose.state_merge import next_state, split_state
from pytg.errors import Interrupted, LockHeld, Refused
from pytg.model import Address
from pytg.record.reader import RUNS, load, mark_dead
from pytg.record.run_events import StateWritten, read
from pytg.recovery.composed_directory import clear, journals, reserved
from pytg.recovery.in_flight import ids_by_unit, read_begun
from pytg.recovery.journal import (
    APPLYING,
    JOURNAL,
    Journal,
    Locked,
    is_alive,
    newest_state,
    terraform_holds,
)
from pytg.recovery.printed_state import take_out_state
from pytg.recovery.recovery import Recovery
from pytg.recovery.unrecorded import remember
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.state_reader import StateReader
from pytg.state.state_store import LockInfo

_POLL_S = 0.5


def recover_composed(
    root: Path,
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
    *,
    concerns: Callable[[Journal], bool] = lambda _journal: True,
) -> list[Recovery]:
    """Write the states that dead runs left in `.pytg/composed`; returns what was done.

    A run that is still alive is left alone, and so is one whose journal does not concern the
    caller. A Terraform process that outlived its pytg is waited for: it writes its state to the
    end. Raises Refused where a state moved meanwhile.
    """
    found: list[Recovery] = []
    for workdir, journal in journals(root):
        if not concerns(journal) or is_alive(journal.pytg):
            continue
        with reserved(workdir, cancel, say):
            found += recover_directory(root, workdir, states, say, cancel)
    return found


def recover_directory(
    root: Path,
    workdir: Path,
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
) -> list[Recovery]:
    """See `recover_composed`, for `workdir` alone, which this process has to itself.

    So whoever wrote a journal there is at its end, whether or not its process still shows. There
    may be none, or no longer.
    """
    if not (workdir / JOURNAL).exists():
        return []
    journal = Journal.read(workdir)
    _wait_for_terraform(journal, workdir, say, cancel)
    take_out_state(root / RUNS / journal.run_id / journal.events, workdir)
    return [_recover(root, workdir, journal, states)]


def _wait_for_terraform(
    journal: Journal, workdir: Path, say: Callable[[str], None], cancel: threading.Event
) -> None:
    process = journal.terraform

    def at_work() -> bool:
        return terraform_holds(workdir) if process is None else is_alive(process)

    if at_work():
        pid = f" (pid {process.pid})" if process else ""
        say(f"Terraform{pid} of run {journal.run_id} still works: waiting for its end")
    while at_work():
        if cancel.wait(_POLL_S):
            raise Interrupted("interrupted while waiting for a Terraform that is still at work")


def _recover(root: Path, workdir: Path, journal: Journal, states: StateReader) -> Recovery:
    body = newest_state(workdir)
    written: list[Address] = []
    in_flight: dict[str, str] = {}
    if journal.phase == APPLYING:
        for unit in journal.locked:
            _lock(unit, journal, states)
        written = _write_all(root, body, journal, states)
        in_flight = read_begun(root / RUNS / journal.run_id / journal.events).missing(body)
    _unlock(journal, states)
    calls = Calls({a.slug: a for a in map(Address.parse, journal.units)})
    unknown = ids_by_unit(in_flight, calls)
    remember(root, unknown)
    with contextlib.suppress(Refused):  # the record may be gone; the state is what counts
        mark_dead(load(root / RUNS / journal.run_id), lambda _run: unknown)
    clear(workdir)
    return Recovery.of(journal.run_id, written, unknown)


def _write_all(
    root: Path, body: bytes | None, journal: Journal, states: StateReader
) -> list[Address]:
    """Write each unit's part of `body`, under its lock; the units whose state was changed."""
    if body is None:
        return []
    known = _written(root, journal)
    parts = split_state(exact_json.loads(body), [unit.shape for unit in journal.locked])
    return [
        unit.address
        for unit in journal.locked
        if _write(unit, parts[unit.shape.slug], journal, states, known)
    ]


def _unlock(journal: Journal, states: StateReader) -> None:
    for unit in journal.locked:
        store, key = states.store(unit), unit.backend.key
        if isinstance(store, BootstrapStore) and journal.phase == APPLYING:
            store.settle(key)
        holder = store.holder(key)
        if holder is None or holder.id == journal.lock_id:  # else it never had that lock
            store.unlock(key, journal.lock_id)


def _written(root: Path, journal: Journal) -> dict[str, int]:
    """The newest serial of each unit that the dead run is known to have written."""
    known = dict(journal.serials)
    log = root / RUNS / journal.run_id / "events.jsonl"
    with contextlib.suppress(OSError):
        for _, event in read(log):
            if isinstance(event, StateWritten):
                known[str(event.unit)] = max(known.get(str(event.unit), 0), event.serial)
    return known


def _lock(unit: Locked, journal: Journal, states: StateReader) -> None:
    """Take over the lock of the dead run, or take it anew where it ended with its process."""
    try:
        store = states.store(unit)
        store.lock(unit.backend.key, LockInfo.new("pytg recover", journal.lock_id))
    except LockHeld as error:
        raise LockHeld(
            f"{error.message}, and run {journal.run_id} left newer state of it behind",
            hint="wait until that lock is gone and run pytg again: it recovers the state then; "
            + error.hint.rpartition("; ")[2],
        ) from error


def _write(
    unit: Locked,
    part: dict[str, object],
    journal: Journal,
    states: StateReader,
    known: Mapping[str, int],
) -> bool:
    """Write one unit's part, under its lock.

    Raises Refused where somebody else has written the state since: a run that died between a
    write and its event may be one serial ahead of what is known.
    """
    store, key = states.store(unit), unit.backend.key
    store.digest_repair(key)
    current = states.read([unit])[unit.address].state
    after = next_state(current, part)
    if after is None:
        return False
    if current is not None and current["serial"] > known.get(str(unit.address), 0) + 1:
        raise Refused(
            f"the state of {unit.address} moved since run {journal.run_id} died with newer state",
            hint=f"compare it with the one that run left in .pytg/composed (run id "
            f"{journal.run_id}); keep what is right, then move that directory away",
        )
    store.write(key, exact_json.dumps(after, indent=2).encode() + b"\n")
    return True
