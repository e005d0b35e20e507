"""The one door to what dead runs left behind: it is recovered before anything else is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from pytg.errors import Refused
from pytg.files import close_to_others
from pytg.generate.unit import local_states, unit_directory
from pytg.model import Address, Estate, Unit
from pytg.record.reader import running
from pytg.record.run_events import EventLog, Note, Recovered
from pytg.recovery.composed import recover_composed, recover_directory
from pytg.recovery.composed_directory import journals, remove_dead_plans
from pytg.recovery.dead_runs import at_work, close_dead_runs
from pytg.recovery.finish_change import finish_changes
from pytg.recovery.journal import APPLYING, Journal, is_alive
from pytg.recovery.one_unit import Use
from pytg.recovery.printed_state import take_out_states
from pytg.recovery.recovery import Recovery, require_recovered
from pytg.recovery.state_change import Change
from pytg.recovery.unpushed_state import push_unpushed_states
from pytg.state.state_reader import StateReader

__all__ = [
    "Recovery",
    "Use",
    "recover_all",
    "recover_directory",
    "recover_lock",
    "recover_unit",
    "recover_units",
    "refuse_unfinished",
    "report",
]


def recover_all(
    estate: Estate,
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
    *,
    selected: Collection[Address] = (),
    use: Mapping[Address, Use] | None = None,
) -> list[Recovery]:
    """Recover everything that runs which died left in this project; returns what was done.

    Where the state of a unit moved meanwhile it is not written; for one that is `selected` that
    is raised, once the others are. `use` is what a person decided of such units. Raises
    Interrupted where `cancel` is set.
    """
    states, all_units = states.checked(), estate.units.values()
    changed = finish_changes(estate.root, states, say, cancel, units=all_units, use=use)
    composed = recover_composed(estate.root, states, say, cancel, use=use)
    take_out_states(estate)
    pushed = push_unpushed_states(estate, all_units, states, say, cancel, use=use)
    closed = close_dead_runs(estate, states, say)
    for unit in estate.units.values() if closed else ():  # a killed Terraform left them open
        close_to_others(unit_directory(estate, unit), *local_states(estate, unit))
    remove_dead_plans(estate.root)
    found = [*changed, *composed, *closed, *pushed]
    require_recovered(found, selected)
    return found


def recover_unit(
    estate: Estate, unit: Unit, states: StateReader, say: Callable[[str], None]
) -> list[Recovery]:
    """See recover_units."""
    return recover_units(estate, [unit], states, say)


def recover_units(
    estate: Estate, units: Collection[Unit], states: StateReader, say: Callable[[str], None]
) -> list[Recovery]:
    """Recover what dead runs left of `units`, for a command that reads their states.

    Raises Refused where a state moved meanwhile.
    """
    states = states.checked()
    cancel = threading.Event()  # Ctrl-C ends these commands as it does any program
    wanted = frozenset(unit.address for unit in units)

    def concerns(journal: Journal) -> bool:
        return not wanted.isdisjoint(journal.writes)

    def changes(change: Change) -> bool:
        return not wanted.isdisjoint(place.address for place in change.locked)

    changed = finish_changes(estate.root, states, say, cancel, concerns=changes, units=units)
    composed = recover_composed(estate.root, states, say, cancel, concerns=concerns)
    found = [*changed, *composed, *push_unpushed_states(estate, units, states, say, cancel)]
    require_recovered(found, wanted)
    return found


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
    states, cancel = states.checked(), threading.Event()

    def locks(change: Change) -> bool:
        return change.lock_id == lock_id

    changed = finish_changes(estate.root, states, say, cancel, concerns=locks)
    composed = recover_composed(estate.root, states, say, cancel, concerns=concerns)
    found = [*changed, *composed]
    require_recovered(found, [unit.address])
    return found


def refuse_unfinished(root: Path, units: Iterable[Address], *, workdir: Path) -> None:
    """Raise Refused where another apply of `units` is unfinished, in any directory but `workdir`.

    For a run that has their locks: the other one died just now, or its lock ended with it, and
    its Terraform may still be at work.
    """
    mine = frozenset(units)
    for other, journal in journals(root):
        if other != workdir and journal.phase == APPLYING and mine & journal.writes:
            raise Refused(
                f"run {journal.run_id} of the same units died and has not been recovered",
                hint="run the command again: it recovers that first",
            )


def report(log: EventLog, recovered: Iterable[Recovery]) -> None:
    """Write into the log of a run what it recovered."""
    for found in recovered:
        if found.written:
            log.emit(Recovered(found.written))
        for warning in found.warnings:
            log.emit(Note(warning))
