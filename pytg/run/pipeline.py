"""Plan, apply and destroy: stage by stage, each planned, shown, approved and applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.errors import Interrupted
from pytg.graph.build import contract
from pytg.model import Address
from pytg.record.run import OPEN, Changes, Outcome, Status
from pytg.record.run_events import Diagnostic, StagePlanned, StageStarted
from pytg.recovery.unrecorded import remembered
from pytg.run.apart import Apart, leaking
from pytg.run.composed_apply import apply_composed
from pytg.run.composed_plan import ComposedPlan, plan_composed
from pytg.run.execution import Execution
from pytg.run.guards import refuse_losing_stateful, refuse_losing_states, refuse_orphaning
from pytg.run.order_only import Readers, read_anew, readers, told
from pytg.run.orphans import orphans
from pytg.run.overwrite_guard import refuse_overwriting
from pytg.run.per_unit import apply_unit, plan_unit
from pytg.run.per_unit_schedule import apply_per_unit, plan_per_unit
from pytg.run.plan_failure import PlanFailed, report_diagnostic
from pytg.run.root import Root, SavedPlan, root_of
from pytg.run.stages import not_yet_destroyed, parts_of, ready_to_plan, stages_of, without_blocked


def plan(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan the selection and show it; nothing is changed. Returns the changes by unit.

    A stage that reads what an earlier one has yet to make is not planned: its units are
    `skipped`, with the reason.
    """
    _name_orphans(execution)
    if execution.options.per_unit:
        return plan_per_unit(execution)
    changes: dict[Address, UnitChanges] = {}
    pending: Sequence[Stage] = stages_of(execution, applying=False)
    while pending:
        stage, pending = pending[0], pending[1:]
        stage = not_yet_destroyed(execution, stage, changes)
        if not execution.options.destroy:  # what is there now is all that a destroy goes by
            stage = ready_to_plan(execution, stage, changes)
        if not stage.units:
            continue
        stage = _announce(execution, stage)
        root = root_of(execution, stage)
        try:
            with root.reserved():
                planned = _plan(root, stage)
                found = planned.changes
                for unit, reason in sorted(leaking(planned).items()):
                    execution.note(f"an apply plans {unit} in a stage of its own: {reason}")
        except PlanFailed as error:
            pending = [*_replan(execution, stage, error), *pending]
            continue
        changes |= found
        execution.end(
            {
                unit: Outcome(Status.SUCCEEDED if change.changed else Status.UNCHANGED)
                for unit, change in found.items()
            }
        )
    return changes


def apply(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan, show, ask and apply, stage by stage. Returns the changes by unit."""
    _name_orphans(execution)
    if execution.options.destroy:
        _name_in_flight(execution)
        estate, selected, states = execution.estate, execution.selection.units, execution.states
        refuse_orphaning(execution.graph, estate, selected, states)
        refuse_losing_states(estate, selected, states)
    stages = stages_of(execution, applying=True)
    if execution.options.per_unit and execution.options.yes:
        return _apply_unasked(execution, stages)
    return _apply_stages(execution, stages)


def _name_orphans(execution: Execution) -> None:
    for unit in orphans(execution):
        text = f"{unit} is no longer configured and still holds resources: bring it back to destroy"
        execution.note(text)


def _name_in_flight(execution: Execution) -> None:
    for unit, resources in remembered(execution.estate.root).items():
        if unit in execution.selection.units:
            names = ", ".join(resources)
            text = f"may exist and be in no state, so that it is not destroyed: {unit} {names}"
            execution.note(text)


def _apply_unasked(execution: Execution, stages: Sequence[Stage]) -> dict[Address, UnitChanges]:
    """One process a unit, with nothing to show before: bootstrap units are stages, no others."""
    bootstraps = [stage for stage in stages if _bootstraps(execution, stage)]
    rest = [unit for stage in stages if stage not in bootstraps for unit in stage.units]
    before, after = ([], bootstraps) if execution.options.destroy else (bootstraps, [])
    changes = _apply_stages(execution, before)
    left = without_blocked(execution, not_yet_destroyed(execution, Stage(tuple(rest)), changes))
    changes |= apply_per_unit(execution, contract(execution.needs, left.units), None)
    return changes | _apply_stages(execution, after)


def _bootstraps(execution: Execution, stage: Stage) -> bool:
    return all(unit.bootstrap for unit in execution.units(stage))


def _apply_stages(execution: Execution, pending: Sequence[Stage]) -> dict[Address, UnitChanges]:
    changes: dict[Address, UnitChanges] = {}
    while pending and not execution.cancel.is_set():
        stage, pending = pending[0], pending[1:]
        stage = without_blocked(execution, not_yet_destroyed(execution, stage, changes))
        if not stage.units:
            continue
        stage = _announce(execution, stage)
        try:
            found = _apply_stage(execution, stage)
            changes |= {u: c for u, c in found.changes.items() if c.changed or u not in changes}
            pending = [*read_anew(execution, _readers(execution, found)), *pending]
        except PlanFailed as error:
            pending = [*_replan(execution, stage, error), *pending]
        except Apart as apart:
            pending = [*parts_of(execution, stage, apart.late), *pending]
    return changes


def _apply_stage(execution: Execution, stage: Stage) -> SavedPlan:
    """Plan, show, ask and apply. Raises PlanFailed, and Apart before anything is asked.

    With `--per-unit` the composed plan of a stage is what a person sees and approves; no unit's
    own plan may go beyond it.
    """
    per_unit = execution.options.per_unit and stage.composed and not _bootstraps(execution, stage)
    root = root_of(execution, stage)
    with root.reserved():
        planned = _plan(root, stage)
        if not per_unit and (late := leaking(planned)):
            raise Apart(late)
        _approve(execution, stage, planned)
        if not per_unit:
            _apply(execution, planned)
    if per_unit:
        changed = _end_unchanged(execution, planned.changes)
        apply_per_unit(execution, contract(execution.needs, changed), planned.changes)
    return planned


def _readers(execution: Execution, planned: SavedPlan) -> Readers:
    """Units whose data was read before what `planned` changes."""
    if not isinstance(planned, ComposedPlan):
        return {}
    return readers(execution, planned.changes, planned.deferred)


def _plan(root: Root, stage: Stage) -> SavedPlan:
    execution = root.execution
    planned = plan_composed(root, stage) if stage.composed else plan_unit(root)
    found = planned.changes
    execution.planned(found)
    total = sum((Changes(**change.counts) for change in found.values()), Changes())
    execution.log.emit(StagePlanned(stage.number, stage.units, total))
    execution.show(stage, found, planned.root.calls, planned.details)
    if reading := _readers(execution, planned):
        execution.note(told(reading))
    return planned


def _approve(execution: Execution, stage: Stage, planned: SavedPlan) -> None:
    changed = [change for change in planned.changes.values() if change.changed]
    if not changed:
        return
    refuse_overwriting(planned)
    refuse_losing_stateful(execution.estate, changed, execution.options.allow_loss)
    verb = "Destroy" if execution.options.destroy else "Apply"
    units = f"{len(stage.units)} unit{'s' if len(stage.units) != 1 else ''}"
    if not execution.options.yes and not execution.confirm(f"{verb} this plan of {units}?"):
        raise Interrupted("not approved: nothing was changed in this stage")


def _apply(execution: Execution, planned: SavedPlan) -> None:
    _end_unchanged(execution, planned.changes)
    if not planned.touched:
        return
    if isinstance(planned, ComposedPlan):
        for address in (unit.address for unit in planned.touched):
            if execution.status(address) not in OPEN:  # once more, in the same run
                execution.begin(address, among_many=True)
        outcomes = apply_composed(planned)
    else:
        unit = planned.root.units[0].address
        execution.begin(unit)
        outcomes = {unit: apply_unit(planned)}
    execution.end({u: found for u, found in outcomes.items() if execution.status(u) in OPEN})


def _end_unchanged(execution: Execution, found: Mapping[Address, UnitChanges]) -> list[Address]:
    """Units that the plan leaves alone are done; returns the others."""
    unchanged = [unit for unit, change in found.items() if not change.changed]
    still = [unit for unit in unchanged if execution.status(unit) in OPEN]
    execution.end(dict.fromkeys(still, Outcome(Status.UNCHANGED)))
    return [unit for unit, change in found.items() if change.changed]


def _announce(execution: Execution, stage: Stage) -> Stage:
    """The stage with its number, now that its turn has come."""
    stages = execution.record.run.stages
    stage = replace(stage, number=len(stages) + 1)
    execution.record.update_run(stages=[*stages, stage.units])
    execution.log.emit(StageStarted(stage.number, stage.units))
    if stage.reason:
        execution.note(f"stage {stage.number} stands by itself: {stage.reason}")
    return stage


def _replan(execution: Execution, stage: Stage, error: PlanFailed) -> Sequence[Stage]:
    """The stages that take the place of one that could not be planned whole."""
    late = {} if execution.options.destroy else error.late
    if late and len(parts := parts_of(execution, stage, late)) > 1:
        return parts
    for unit, diagnostic in error.by_unit.items():
        reason = report_diagnostic(execution, unit, diagnostic, error.workdir)
        execution.end({unit: Outcome(Status.FAILED, reason)})
    if error.completed.interrupted or execution.cancel.is_set():
        raise Interrupted("interrupted while planning")
    if not error.by_unit:
        execution.log.emit(Diagnostic(None, "error", error.message))
    left = [unit for unit in stage.units if execution.status(unit) in OPEN]
    execution.end({unit: _unplanned(execution, unit, error) for unit in left})
    return ()


def _unplanned(execution: Execution, unit: Address, error: PlanFailed) -> Outcome:
    """The end of a unit whose stage could not be planned, and that is not blamed for it."""
    if not error.by_unit:
        return Outcome(Status.FAILED, error.message)
    needed = nx.ancestors(execution.needs, unit) & error.by_unit.keys()
    reason = "not planned: the plan of its stage failed"
    return Outcome(Status.SKIPPED, reason, tuple(sorted(needed)))
