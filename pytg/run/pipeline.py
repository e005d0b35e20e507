"""Plan, apply and destroy: stage by stage, each planned, shown, approved and applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage, divide_into_stages
from pytg.errors import Interrupted
from pytg.graph.build import contract
from pytg.model import Address
from pytg.record.run import OPEN, Changes, Finding, Outcome, Status
from pytg.record.run_events import StagePlanned, StageStarted
from pytg.recovery.unrecorded import remembered
from pytg.run.blame import named
from pytg.run.composed_apply import apply_composed
from pytg.run.composed_plan import ComposedPlan, plan_composed
from pytg.run.culprits import led_back
from pytg.run.diagnosis import record, tell
from pytg.run.execution import Execution
from pytg.run.guards import refuse_losing_stateful, refuse_losing_states, refuse_orphaning
from pytg.run.orphans import orphans
from pytg.run.overwrite_guard import refuse_overwriting
from pytg.run.per_unit import apply_unit, plan_unit
from pytg.run.per_unit_schedule import apply_per_unit, plan_per_unit
from pytg.run.plan_failure import PlanFailed
from pytg.run.root import Root, SavedPlan, root_of
from pytg.run.stages import not_yet_destroyed, ready_to_plan, stages_of, without_blocked


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
                found = _plan(root, stage).changes
        except PlanFailed as error:
            pending = [*_replan(execution, stage, error), *pending]
            if execution.options.fail_fast and not error.late:
                break
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
            changes |= _apply_stage(execution, stage)
        except PlanFailed as error:
            pending = [*_replan(execution, stage, error), *pending]
    return changes


def _apply_stage(execution: Execution, stage: Stage) -> Mapping[Address, UnitChanges]:
    """Plan, show, ask and apply. Raises PlanFailed.

    With `--per-unit` the composed plan of a stage is what a person sees and approves; no unit's
    own plan may go beyond it.
    """
    per_unit = execution.options.per_unit and stage.composed and not _bootstraps(execution, stage)
    root = root_of(execution, stage)
    with root.reserved():
        planned = _plan(root, stage)
        _approve(execution, stage, planned)
        if not per_unit:
            _apply(execution, planned)
    if per_unit:
        changed = _end_unchanged(execution, planned.changes)
        apply_per_unit(execution, contract(execution.needs, changed), planned.changes)
    return planned.changes


def _plan(root: Root, stage: Stage) -> SavedPlan:
    execution = root.execution
    planned = plan_composed(root, stage) if stage.composed else plan_unit(root)
    found = planned.changes
    execution.planned(found)
    total = sum((Changes(**change.counts) for change in found.values()), Changes())
    execution.log.emit(StagePlanned(stage.number, stage.units, total))
    execution.show(stage, found, planned.root.calls, planned.details)
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
        outcomes = apply_composed(planned)
    else:
        unit = planned.root.units[0].address
        execution.begin(unit)
        outcomes = {unit: apply_unit(planned)}
    execution.end(
        {
            unit: outcome
            for unit, outcome in outcomes.items()
            if execution.status(unit) in OPEN or outcome.status is Status.FAILED
        }
    )


def _end_unchanged(execution: Execution, found: Mapping[Address, UnitChanges]) -> list[Address]:
    """Units that the plan leaves alone are done; returns the others."""
    unchanged = [unit for unit, change in found.items() if not change.changed]
    execution.end(dict.fromkeys(unchanged, Outcome(Status.UNCHANGED)))
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
    if error.late and not execution.options.destroy:
        for unit, reason in sorted(error.late.items()):
            text = f"{unit} cannot be planned together with what it needs: {reason}"
            execution.note(text)
        graph = execution.order.subgraph(stage.units)
        parts = divide_into_stages(graph, stage.units, late=error.late)
        if len(parts) > 1:
            whole = execution.record.run.stages[:-1]  # the parts take its number
            execution.record.update_run(stages=whole)
            return parts
    stopped = error.completed.interrupted or execution.cancel.is_set()
    found = error.errors if stopped else led_back(execution, stage, error)
    tell(execution, [*error.warnings, *found])
    reasons: dict[Address, str] = {}
    for one in found:
        for unit in one.units:
            reasons.setdefault(unit, str(one))
    execution.end({unit: Outcome(Status.FAILED, reasons[unit]) for unit in sorted(reasons)})
    if stopped:
        raise Interrupted("interrupted while planning")
    left = [unit for unit in stage.units if execution.status(unit) in OPEN]
    if not reasons:
        if not found:
            record(execution, None, [Finding("error", error.message)])
        execution.end(dict.fromkeys(left, Outcome(Status.FAILED, error.message)))
        return ()
    rest = without_blocked(execution, stage.only(left))
    reason = f"{named(sorted(reasons))} could not be planned"
    return [replace(rest, reason=reason)] if rest.units else ()
