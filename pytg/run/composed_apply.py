"""Apply a composed plan: under the units' locks, with the state split back while it grows."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from pytg import exact_json
from pytg.compose.state_document import State
from pytg.errors import PytgError
from pytg.files import write_atomic
from pytg.model import Address, Unit
from pytg.processes import ProcessId
from pytg.record.run import IDLE, OPEN, Finding, Outcome
from pytg.record.run_events import StateWritten
from pytg.recovery.composed_directory import clear
from pytg.recovery.in_flight import lost
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
from pytg.recovery.reserve import Reserve
from pytg.recovery.written import begin
from pytg.run.blamed import Blamed, softened
from pytg.run.composed_plan import ComposedPlan
from pytg.run.diagnosis import hear, record, tell
from pytg.run.execution import Execution
from pytg.run.follow import Follower
from pytg.run.guards import refuse_stale
from pytg.run.import_unrecorded import keep_unrecorded
from pytg.run.passing import passing, to_try_again
from pytg.run.progress import Progress
from pytg.run.root import PARALLELISM
from pytg.run.root_directory import LogUnwritten
from pytg.run.state_mirror import StateMirror
from pytg.run.state_values import told_apart
from pytg.run.unwritten import Left, left_behind, tell_half_made, unwritten
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.lock_set import LockSet
from pytg.state.state_store import LockInfo
from pytg.terraform.completed import Completed
from pytg.terraform.conditions import of_state


def apply_composed(planned: ComposedPlan) -> Mapping[Address, Outcome]:
    """Apply exactly `planned`; returns how each touched unit ended.

    Raises StalePlan when a state moved since, LockHeld when somebody else holds a lock. When a
    unit's state cannot be written, the journal, the local state and the locks stay: the next
    run recovers them before it does anything else. Where a lock cannot be left, the journal alone
    stays, and the next run leaves it.
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
        creates={
            str(unit.address): planned.changes[unit.address].that("create", "replace")
            for unit in touched
        },
        fresh={str(unit.address): planned.changes[unit.address].that("create") for unit in touched},
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
        clear(workdir, journal=locks.release())
        raise
    try:
        outcomes = _apply(planned, journal)
    except BaseException:
        locks.abandon()
        raise
    try:
        journal.enter(workdir, WRITTEN)
    except OSError as error:  # then the next run finds every state as this one wrote it
        execution.note(f"the end of this apply is not noted in {workdir}: {error}")
    for file in clear(workdir, journal=locks.release()):
        execution.note(f"cannot be removed, and holds values in clear: {file}")
    return outcomes


def _apply(planned: ComposedPlan, journal: Journal) -> Mapping[Address, Outcome]:
    """Apply it under its locks; returns how each touched unit ended.

    Raises why a state could not be written, once that is recorded.
    """
    execution = planned.root.execution
    for unit in planned.touched:
        if execution.status(unit.address) not in OPEN:  # once more, in the same run
            execution.begin(unit.address, among_many=True)
    progress = Progress(planned.root.calls, planned.changes)
    done = _run(execution, planned, journal, progress)
    for unit in planned.touched:
        store = execution.states.store(unit)
        if isinstance(store, BootstrapStore):
            store.settle(unit.backend.key)
    unknown = lost(done.left.lost, done.completed, progress.done)
    with unwritten(execution, unknown, done.error):
        said = _said(planned, done.completed)
        ended = progress.outcomes(done.completed, execution.needs, said)
        outcomes = passing(execution, ended, said) | unknown
        if not (done.completed.ok or done.error):  # else all is written, or stays for a recovery
            done.mirror.sync([a for a, one in outcomes.items() if one.status not in IDLE])
        again = frozenset() if done.error else to_try_again(execution, outcomes)
        tell(execution, softened(said, progress.stopped | again))
        tell_half_made(execution, done.left.half_made)
        keep_unrecorded(execution, outcomes, done.left.lost)
    return outcomes


def _said(planned: ComposedPlan, completed: Completed) -> list[Blamed]:
    """What Terraform said, led back to units by what the state holds now."""
    root = planned.root

    def state() -> State:
        body = newest_state(root.workdir)
        return exact_json.loads(body) if body else {}

    said = hear(root.execution, root.blame, completed, lambda: of_state(state()))
    return said if all(one.sure for one in said) else told_apart(said, state(), root.calls)


@dataclass(frozen=True, slots=True)
class _Done:
    """An apply whose Terraform has ended, and what it left behind.

    `error` is why something could not be written: then the journal stays. `mirror` has yet to
    write the states in which only outputs changed, where the apply failed.
    """

    completed: Completed
    mirror: StateMirror
    left: Left
    error: PytgError | OSError | None


def _run(
    execution: Execution, planned: ComposedPlan, journal: Journal, progress: Progress
) -> _Done:
    root, reserve = planned.root, Reserve(planned.root.workdir)
    follower = Follower(execution, progress, journal, root.workdir, reserve)
    touched = {unit.address for unit in planned.touched}
    shapes = [(unit, shape) for unit, shape in planned.shapes if unit.address in touched]

    def wrote(unit: Address, serial: int) -> None:
        execution.serials[unit] = serial
        execution.log.emit(StateWritten(unit, serial))

    mirror = StateMirror(root.workdir, shapes, planned.read, execution.states, wrote)
    reserve.hold()
    untold: LogUnwritten | None = None
    with holding(root.workdir) as hold, reserve, mirror:
        try:
            completed = root.apply(
                follower.feed,
                follower.started,
                hold=hold,
                parallelism=execution.options.parallelism or PARALLELISM,
                # a Terraform of a dead run may still plan here
                lock_timeout=f"{execution.options.lock_timeout:.0f}s",
            )
        except LogUnwritten as raised:
            completed, untold = raised.completed, raised
    never_full = reserve.free()
    error = _write_rest(execution, mirror, completed) or next(iter(follower.failed), untold)
    left = Left()
    if error or not completed.ok:
        changes = {address: planned.changes[address] for address in touched}
        state = newest_state(root.workdir) or mirror.newest
        left = left_behind(
            follower.begun, progress, changes, state, root.calls, untold=not never_full
        )
    return _Done(completed, mirror, left, error)


def _write_rest(
    execution: Execution, mirror: StateMirror, completed: Completed
) -> PytgError | OSError | None:
    """Write what the units' states lack once Terraform has ended; returns why that failed."""
    try:
        mirror.sync(mirror.units if completed.ok else ())
        if completed.ok:
            mirror.require_last()
        for unit in mirror.check():
            text = f"the state of {unit} was removed while it was applied, and is written again"
            record(execution, unit, [Finding("warning", text)])
    except (PytgError, OSError) as error:
        return error
    return None


def _keep_outside_of_backend(execution: Execution, touched: tuple[Unit, ...]) -> None:
    """The state of a backend that is being destroyed is kept outside of it."""
    for unit in touched:
        store = execution.states.store(unit)
        if execution.options.destroy and unit.bootstrap and isinstance(store, BootstrapStore):
            store.retreat(unit.backend.key)
