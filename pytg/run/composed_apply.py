"""Apply a composed plan: under the units' locks, with the state split back while it grows."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping

from pytg import exact_json
from pytg.compose.changes import UnitChanges
from pytg.compose.state_document import State
from pytg.files import write_atomic
from pytg.model import Address, Unit
from pytg.processes import ProcessId
from pytg.record.run import OPEN, Outcome, Status
from pytg.record.run_events import StateWritten, UnitProgress
from pytg.recovery.composed_directory import clear
from pytg.recovery.in_flight import Begun, ids_by_unit, lost
from pytg.recovery.journal import (
    APPLYING,
    LOCKING,
    SNAPSHOT,
    STATE,
    WRITTEN,
    Journal,
    Locked,
    holding,
    newest_state,
)
from pytg.recovery.recover import refuse_unfinished
from pytg.recovery.written import begin
from pytg.run.blame import Blamed
from pytg.run.composed_plan import ComposedPlan
from pytg.run.diagnosis import hear, tell
from pytg.run.execution import Execution
from pytg.run.guards import refuse_stale
from pytg.run.import_unrecorded import keep_unrecorded
from pytg.run.progress import Progress
from pytg.run.root import PARALLELISM
from pytg.run.state_mirror import StateMirror
from pytg.run.state_values import told_apart
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.lock_set import LockSet
from pytg.state.state_store import LockInfo
from pytg.terraform.completed import Completed
from pytg.terraform.conditions import of_state
from pytg.terraform.event_stream import Event
from pytg.terraform.process import Process


def apply_composed(planned: ComposedPlan) -> Mapping[Address, Outcome]:
    """Apply exactly `planned`; returns how each touched unit ended.

    Raises StalePlan when a state moved since, LockHeld when somebody else holds a lock. When a
    unit's state cannot be written, the journal, the local state and the locks stay: the next
    run recovers them before it does anything else.
    """
    execution = planned.root.execution
    lock = LockInfo.new(f"pytg {execution.record.run.command}", str(uuid.uuid4()))
    touched = planned.touched
    shapes = {unit.address: shape for unit, shape in planned.shapes}
    workdir = planned.root.workdir
    locks = LockSet(
        [(execution.states.store(unit), unit.backend.key) for unit in touched],
        lock,
        timeout_s=execution.options.lock_timeout,
        on_wait=execution.note,
        cancel=execution.cancel,
    )
    journal = Journal(
        run_id=execution.record.run.run_id,
        lock_id=lock.id,
        units=tuple(str(unit.address) for unit, _ in planned.shapes),
        locked=tuple(Locked.of(unit, shapes[unit.address]) for unit in touched),
        pytg=ProcessId.of(os.getpid()),
        events=planned.root.log("apply").name,
        phase=LOCKING,
        versions={str(unit.address): planned.read[unit.address].version for unit in touched},
        creates={str(unit.address): _created(planned.changes[unit.address]) for unit in touched},
    )
    journal.write(workdir)
    try:
        locks.acquire()
        refuse_unfinished(
            execution.estate.root, (unit.address for unit in touched), workdir=workdir
        )
        planned.require_same()
        refuse_stale(execution.estate, execution.states, planned.read)
        _keep_outside_of_backend(execution, touched)
        write_atomic(workdir / SNAPSHOT, (workdir / STATE).read_bytes())
        begin(workdir)
        journal = journal.enter(workdir, APPLYING)
    except BaseException:
        locks.release()
        clear(workdir)
        raise
    for unit in touched:
        if execution.status(unit.address) not in OPEN:  # once more, in the same run
            execution.begin(unit.address, among_many=True)
    progress, begun = Progress(planned.root.calls, planned.changes), Begun()
    completed = _run(execution, planned, journal, progress, begun)
    for unit in touched:
        store = execution.states.store(unit)
        if isinstance(store, BootstrapStore):
            store.settle(unit.backend.key)
    said = _said(planned, completed)
    tell(execution, said)
    outcomes = progress.outcomes(completed, execution.needs, said)
    ids: Mapping[Address, Mapping[str, str]] = {}
    if not completed.ok:
        ids = ids_by_unit(begun.missing(newest_state(workdir)), planned.root.calls)
        outcomes |= lost(ids, completed)
    keep_unrecorded(execution, outcomes, ids)
    journal.enter(workdir, WRITTEN)
    locks.release()
    for file in clear(workdir):
        execution.note(f"cannot be removed, and holds values in clear: {file}")
    return outcomes


def _said(planned: ComposedPlan, completed: Completed) -> list[Blamed]:
    """What Terraform said, led back to units by what the state holds now."""
    root = planned.root

    def state() -> State:
        body = newest_state(root.workdir)
        return exact_json.loads(body) if body else {}

    said = hear(root.execution, root.blame, completed, lambda: of_state(state()))
    return said if all(one.sure for one in said) else told_apart(said, state(), root.calls)


def _created(changes: UnitChanges) -> tuple[str, ...]:
    """The resources that are made, inside the unit's module."""
    made = {"create", "replace"}
    return tuple(each.address for each in changes.resources if each.action in made)


def _run(
    execution: Execution,
    planned: ComposedPlan,
    journal: Journal,
    progress: Progress,
    begun: Begun,
) -> Completed:
    running: list[Process] = []

    def started(process: Process) -> None:
        running.append(process)
        journal.started(planned.root.workdir, process.pid)

    def on_event(event: Event) -> None:
        begun.feed(event)
        found = progress.feed(event)
        if found:
            _report(execution, progress, found, event)
        if execution.options.fail_fast and progress.failed:
            running[0].interrupt()

    touched = {unit.address for unit in planned.touched}
    shapes = [(unit, shape) for unit, shape in planned.shapes if unit.address in touched]

    def wrote(unit: Address, serial: int) -> None:
        execution.log.emit(StateWritten(unit, serial))

    root = planned.root
    mirror = StateMirror(root.workdir, shapes, planned.read, execution.states, wrote)
    with holding(root.workdir) as hold, mirror:
        completed = root.apply(
            on_event,
            started,
            hold=hold,
            parallelism=execution.options.parallelism or PARALLELISM,
        )
    mirror.sync()
    return completed


def _keep_outside_of_backend(execution: Execution, touched: tuple[Unit, ...]) -> None:
    """The state of a backend that is being destroyed is kept outside of it."""
    for unit in touched:
        store = execution.states.store(unit)
        if execution.options.destroy and unit.bootstrap and isinstance(store, BootstrapStore):
            store.retreat(unit.backend.key)


def _report(
    execution: Execution, progress: Progress, found: tuple[Address, str], event: Event
) -> None:
    unit, resource = found
    if event.type == "apply_start":
        if execution.status(unit) is Status.PENDING:
            execution.begin(unit, among_many=True)
        return
    done, total = progress.done.get(unit, 0), progress.total.get(unit, 0)
    execution.log.emit(UnitProgress(unit, resource, event.action, done, total))
