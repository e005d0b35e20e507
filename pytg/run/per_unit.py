"""One Terraform process for one unit, in its own root with its own backend: `--per-unit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pytg import exact_json
from pytg.compose.changes import UnitChanges
from pytg.compose.state_document import State
from pytg.errors import PytgError
from pytg.generate.unit import render_unit
from pytg.generate.write import write_files
from pytg.model import Address, Unit
from pytg.record.run import Outcome, Status
from pytg.record.run_events import UnitProgress
from pytg.recovery.in_flight import Begun, ids_by_unit, lost, stored
from pytg.recovery.journal import newest_state
from pytg.run.approved import Approved
from pytg.run.blamed import softened
from pytg.run.diagnosis import hear, tell
from pytg.run.execution import Execution
from pytg.run.guards import refuse_losing_stateful
from pytg.run.import_unrecorded import Imports, keep_unrecorded, plan_importing, with_imports
from pytg.run.overwrite_guard import refuse_overwriting
from pytg.run.passing import passing, to_try_again
from pytg.run.progress import Progress
from pytg.run.root import PARALLELISM, Root, SavedPlan
from pytg.run.root_directory import LogUnwritten
from pytg.run.roots import unit_root
from pytg.run.stage_inputs import require_upstream
from pytg.run.unwritten import Left, left_behind, tell_half_made
from pytg.state.state_reader import UnitState
from pytg.terraform.completed import Completed
from pytg.terraform.conditions import Condition, of_state
from pytg.terraform.event_stream import Event

_HELD = frozenset({"create", "replace", "update"})  # after that a state holds it


@dataclass(frozen=True, slots=True)
class UnitPlan(SavedPlan):
    """A plan in the unit's own root. `read` are the states of others that it was made from."""

    read: Mapping[Address, UnitState]


def plan_unit(root: Root) -> UnitPlan:
    """Plan one unit in its own root, which this process has to itself.

    What a killed run may have left in no state is imported where it is found. Raises
    PlanFailed, and Refused where what it reads of other units is in no state.
    """
    execution, unit = root.execution, root.units[0]
    read: Mapping[Address, UnitState] = {}
    if not (execution.options.destroy or execution.drift):
        read = require_upstream(execution.estate, unit, execution.states)
    _record_log(root, "plan")
    plain = render_unit(execution.estate, unit)

    def plan(imports: Imports) -> UnitPlan:
        whole = render_unit(execution.estate, with_imports(unit, imports)) if imports else plain
        root.prepare(whole)
        made = root.plan(lock_timeout=f"{execution.options.lock_timeout:.0f}s")
        return UnitPlan(root, made.changes, made.digest, read, seen=made.seen)

    try:
        return plan_importing(execution, plan)
    finally:  # the plan has its own copy; what lies here is for people
        write_files(root.workdir, plain)


def apply_unit(plan: SavedPlan) -> Outcome:
    """Apply exactly `plan`; returns how the unit ended."""
    plan.require_same()
    execution = plan.root.execution
    address = plan.root.units[0].address
    progress = Progress(plan.root.calls, plan.changes)
    begun = Begun()

    def on_event(event: Event) -> None:
        begun.feed(event)
        found = progress.feed(event)
        if found and event.type != "apply_start":
            done, total = progress.done.get(address, 0), progress.total.get(address, 0)
            execution.log.emit(UnitProgress(address, found[1], event.action, done, total))

    _record_log(plan.root, "apply")
    execution.serials.pop(address, None)  # Terraform itself writes the next one
    error: OSError | None = None
    try:
        completed = plan.root.apply(
            on_event,
            parallelism=PARALLELISM,
            lock_timeout=f"{execution.options.lock_timeout:.0f}s",
        )
    except LogUnwritten as raised:
        completed, error = raised.completed, raised
    unit = plan.root.units[0]
    left, unknown = _left(plan, begun, progress, completed, untold=error is not None)
    try:
        said = hear(execution, plan.root.blame, completed, lambda: _conditions(execution, unit))
        ends = passing(execution, progress.outcomes(completed, execution.needs, said), said)
        outcomes = {address: ends[address]} | unknown
        tell(execution, softened(said, to_try_again(execution, outcomes)))
        tell_half_made(execution, left.half_made)
        keep_unrecorded(execution, outcomes, left.lost)
    except OSError as raised:
        if not unknown:
            raise
        error = error or raised
        outcomes = unknown
    if error is not None:
        return replace(outcomes[address], reason=f"{outcomes[address].reason}; {error}")
    return outcomes[address]


def _left(
    plan: SavedPlan, begun: Begun, progress: Progress, completed: Completed, *, untold: bool
) -> tuple[Left, dict[Address, Outcome]]:
    """What the apply left beside the state, and how the unit ended where that is not clear."""
    root, execution, unit = plan.root, plan.root.execution, plan.root.units[0]
    if not completed.ok:  # what Terraform could not write to the backend lies in the root
        state = newest_state(root.workdir) or stored(execution.states, unit)
        left = left_behind(begun, progress, plan.changes, state, root.calls, untold=untold)
        return left, lost(left.lost, completed, progress.done)
    if execution.options.destroy:
        return Left(), {}
    ids, reason = _unsaved(plan, begun)
    if not reason:
        return Left(), {}
    unknown = tuple(ids.get(unit.address, ()))
    status = Status.UNKNOWN if unknown else Status.FAILED
    return Left(ids), {unit.address: Outcome(status, reason, unknown_resources=unknown)}


def _unsaved(plan: SavedPlan, begun: Begun) -> tuple[Mapping[Address, Mapping[str, str]], str]:
    """What an apply that went well made and is in no state, with ids, and what is wrong.

    Somebody removed the state meanwhile, or wrote another one: Terraform does not notice that.
    """
    unit, gone = plan.root.units[0], ""
    state: State | None = None
    try:
        state = plan.root.execution.states.read([unit])[unit.address].state
    except PytgError as error:
        gone = f"after the apply its state cannot be read: {error.message}"
    if state is None:
        gone = gone or "its state was removed while it was applied"
    body = None if state is None else exact_json.dumps(state).encode()
    ids = ids_by_unit(begun.missing(body), plan.root.calls)
    if not gone:
        return ids, "another state was written while it was applied" if ids else ""
    changed = plan.changes[unit.address].resources
    held = {each.address: "" for each in changed if each.action in _HELD}
    return {unit.address: held | ids.get(unit.address, {})}, gone


def _conditions(execution: Execution, unit: Unit) -> Sequence[Condition]:
    state = stored(execution.states, unit)
    return of_state(exact_json.loads(state)) if state else ()


def run_unit(
    execution: Execution,
    unit: Unit,
    approved: Approved | None,
    found: dict[Address, UnitChanges],
    *,
    again: bool = False,
) -> Outcome:
    """Plan one unit at its turn and apply that plan; returns how it ended.

    Its changes are put into `found`.
    `approved` is what a person saw of each unit; a plan that goes beyond it is refused, with
    the difference. None: nobody was asked (`--yes`), and no check looks at plans. `again`: after
    an attempt that failed.
    """
    root = unit_root(execution, unit)
    with root.reserved():
        plan = plan_unit(root)
        execution.knows(plan.read)
        changes = plan.changes[unit.address]
        found[unit.address] = changes
        execution.planned(plan.changes)
        if not plan.touched:
            return Outcome(Status.UNCHANGED)
        if approved is not None:
            approved.refuse_beyond(plan, unit.address, again=again)
        else:  # what was approved was looked at whole
            refuse_overwriting(plan)
        refuse_losing_stateful(execution.estate, [changes], execution.options.allow_loss)
        return apply_unit(plan)


def _record_log(root: Root, what: str) -> None:
    execution = root.execution
    log = str(root.log(what).relative_to(execution.directory))
    execution.record.logged(root.units[0].address, log)
