"""What dead runs left behind, taken care of before anything else is done: the one door."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pytg.errors import Refused
from pytg.generate.unit import unit_directory
from pytg.model import Estate, Unit
from pytg.record.reader import running
from pytg.record.run_events import EventLog, Note, Recovered
from pytg.recovery.composed import Recovery, journals, recover
from pytg.recovery.dead_runs import at_work, close_abandoned
from pytg.recovery.journal import Journal, is_alive
from pytg.recovery.unpushed_state import push_errored
from pytg.state.state_reader import StateReader


def recover_all(
    estate: Estate, states: StateReader, say: Callable[[str], None], cancel: threading.Event
) -> list[Recovery]:
    """Recover everything that runs which died left in this project; returns what was done.

    Raises Refused where a state moved meanwhile, Interrupted where `cancel` is set.
    """
    found = recover(estate.root, states, say, cancel)
    pushed = push_errored(estate, estate.units.values(), states, say, cancel)
    found += close_abandoned(estate, states, say)
    return [*found, Recovery("", pushed, ())] if pushed else found


def recover_unit(
    estate: Estate, unit: Unit, states: StateReader, say: Callable[[str], None]
) -> list[Recovery]:
    """Recover what a dead run left of `unit`, for a command that reads its state."""

    def concerns(journal: Journal) -> bool:
        return any(locked.address == unit.address for locked in journal.locked)

    return recover(estate.root, states, say, threading.Event(), concerns=concerns)


def recover_lock(
    estate: Estate, unit: Unit, lock_id: str, states: StateReader, say: Callable[[str], None]
) -> list[Recovery]:
    """Recover the run that took the lock `lock_id` of `unit`, if it died.

    Raises Refused while it, or its Terraform, lives. The state that it left behind is written
    under that lock: it must not be pulled away.
    """
    workdir = unit_directory(estate, unit).resolve()
    for run in running(estate.root):
        if workdir in at_work(run):
            raise Refused(
                f"a Terraform of run {run.run_id} still works on {unit.address} under that lock",
                hint="wait for its end: it leaves its lock itself",
            )

    def concerns(journal: Journal) -> bool:
        return journal.lock_id == lock_id

    for _, journal in journals(estate.root):
        if concerns(journal) and is_alive(journal.pytg):
            raise Refused(
                f"run {journal.run_id} (pid {journal.pytg.pid}) still works under that lock",
                hint="wait for its end, or interrupt it: it leaves its locks itself",
            )
    return recover(estate.root, states, say, threading.Event(), concerns=concerns)


def report(log: EventLog, found: Recovery) -> None:
    """Write into the log of a run what it recovered."""
    if found.written:
        log.emit(Recovered(found.written))
    for resource in found.in_flight:
        log.emit(Note(f"run {found.run_id} may have left {resource} without a state"))
