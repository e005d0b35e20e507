"""Plan, apply and destroy: what can be planned is planned, shown, approved once and applied."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.errors import Refused
from pytg.graph.build import contract
from pytg.model import Address
from pytg.record.run import Finding, Outcome, Status
from pytg.recovery.unrecorded import remembered
from pytg.run.again import Again
from pytg.run.apart import Apart, leaking
from pytg.run.approval import approve, name_stages, refuse_unattended
from pytg.run.broken import set_aside_broken
from pytg.run.checkout import refuse_uncommitted
from pytg.run.diagnosis import record
from pytg.run.execution import Execution
from pytg.run.guards import (
    refuse_losing_stateful,
    refuse_losing_states,
    refuse_orphaning,
    unguarded,
)
from pytg.run.orphans import orphans, told
from pytg.run.per_unit_schedule import apply_per_unit, plan_per_unit
from pytg.run.plan_failure import PlanFailed
from pytg.run.planned_stage import PlannedStage, makes_backend, plan_stage
from pytg.run.policy import refusals, refuse, refuse_unstartable
from pytg.run.rounds import announce, apply_round, plan_round, replaced
from pytg.run.stages import (
    not_yet_destroyed,
    ready_to_plan,
    stages_of,
    without_blocked,
)
from pytg.run.together import Guard, refuse_together
from pytg.run.vanished import warn_of_vanished


def plan(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan the selection and show it; nothing is changed. Returns the changes by unit.

    A stage that reads what an earlier one has yet to make is not planned: its units are
    `skipped`, with the reason. Raises Refused at the end where a check refuses.
    """
    if not execution.drift:
        refuse_unstartable(execution.estate)
        name_orphans(execution)
    set_aside_broken(execution)
    if execution.options.per_unit:
        return plan_per_unit(execution)
    changes: dict[Address, UnitChanges] = {}
    refused: list[str] = []
    pending: Sequence[Stage] = stages_of(execution, applying=False)
    name_stages(execution, pending)
    while pending:
        stage, pending = pending[0], pending[1:]
        stage = not_yet_destroyed(execution, stage, changes)
        # what is there now is all that these two go by
        if not (execution.options.destroy or execution.drift):
            stage = ready_to_plan(execution, without_blocked(execution, stage), changes)
        if not stage.units:
            continue
        with contextlib.ExitStack() as held:
            planned, failed = plan_stage(execution, announce(execution, stage), held, changes)
            refused += _of_an_apply(execution, planned)
        for part, error in failed:
            pending = replaced(execution, part, error, pending)
            late = isinstance(error, PlanFailed | Apart) and error.late
            if execution.options.fail_fast and not late:
                pending = ()
        found = planned.changes
        changes |= found
        execution.end(
            {
                unit: Outcome(Status.SUCCEEDED if change.changed else Status.UNCHANGED)
                for unit, change in found.items()
            }
        )
    warn_of_losses(execution, changes)
    refuse(refused)
    return changes


def _of_an_apply(execution: Execution, planned: PlannedStage) -> list[str]:
    """Say what an apply of this would do otherwise; returns what checks say against it."""
    if execution.drift:
        return []
    for plan_made in planned.plans:
        for unit, reason in sorted(leaking(plan_made).items()):
            execution.note(f"an apply plans {unit} in a stage of its own: {reason}")
    return refusals(execution, planned.plans)


def warn_of_losses(execution: Execution, changes: Mapping[Address, UnitChanges]) -> None:
    """Say in the plan what its apply is going to be asked: who reviews it must know."""
    if execution.drift:
        return
    try:
        refuse_losing_stateful(execution.estate, changes.values(), execution.options.allow_loss)
    except Refused as error:
        record(execution, None, [Finding("warning", error.message, error.hint)])


def apply(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan, show, ask and apply. Returns the changes by unit."""
    refuse_at_the_start(execution)
    name_orphans(execution)
    set_aside_broken(execution)
    stages = stages_of(execution, applying=True)
    name_stages(execution, stages)
    if execution.options.per_unit and execution.options.yes and not _may_be_refused(execution):
        return _apply_unasked(execution, stages)
    return _apply_stages(execution, stages)


def _may_be_refused(execution: Execution) -> bool:
    """Whether all must be planned before anything is applied: a check or a guard looks at it."""
    units = (execution.estate.units[address] for address in execution.selection.units)
    return bool(execution.estate.checks) or any(unit.protected for unit in units)


def name_orphans(execution: Execution) -> None:
    """Say what is, or may be, in no plan: lost states, what left, what is not guarded."""
    warn_of_vanished(execution)
    found = orphans(execution)
    for text in told(found):
        execution.note(text)
    if found.units:
        execution.record.update_run(orphans=found.units)
    if found.renamed:
        record(execution, None, [Finding("warning", text) for text in found.renamed])
    if text := unguarded(execution.estate, execution.selection.units):
        record(execution, None, [Finding("warning", text)])


def refuse_at_the_start(execution: Execution, *others: Guard, applies: bool = True) -> None:
    """All that is known before anything is planned, at once. Raises Refused.

    `others` are guards that are asked again later: here they add to what refuses already.
    `applies`: something may be applied now, so the git tree must be clean, and somebody there.
    """
    estate, selected, states = execution.estate, execution.selection.units, execution.states
    guards: list[Guard] = [partial(refuse_uncommitted, execution)] if applies else []
    guards.append(partial(refuse_unstartable, estate))
    if execution.options.destroy:
        _name_in_flight(execution)
        guards.append(partial(refuse_orphaning, execution.graph, estate, selected, states))
        guards.append(partial(refuse_losing_states, estate, selected, states))
    nobody = partial(refuse_unattended, execution, [UnitChanges(unit) for unit in selected])
    refuse_together(*guards, besides=[*others, nobody] if applies else others)


def _name_in_flight(execution: Execution) -> None:
    for unit, resources in remembered(execution.estate.root).items():
        if unit in execution.selection.units:
            names = ", ".join(resources)
            text = f"may exist and be in no state, so that it is not destroyed: {unit} {names}"
            execution.note(text)


def _apply_unasked(execution: Execution, stages: Sequence[Stage]) -> dict[Address, UnitChanges]:
    """One process a unit, with nothing to show before: bootstrap units are stages, no others."""
    bootstraps = [stage for stage in stages if makes_backend(execution, stage)]
    rest = [unit for stage in stages if stage not in bootstraps for unit in stage.units]
    before, after = ([], bootstraps) if execution.options.destroy else (bootstraps, [])
    changes = _apply_stages(execution, before)
    left = without_blocked(execution, not_yet_destroyed(execution, Stage(tuple(rest)), changes))
    changes |= apply_per_unit(execution, contract(execution.needs, left.units), None)
    return changes | _apply_stages(execution, after)


def _apply_stages(execution: Execution, pending: Sequence[Stage]) -> dict[Address, UnitChanges]:
    """Round by round: plan and show all that can be planned now, ask once, apply it in order.

    What failed on an error that comes and goes is planned and applied again, in the next round.
    """
    changes: dict[Address, UnitChanges] = {}
    again = Again(execution)
    while pending and not execution.cancel.is_set():
        with contextlib.ExitStack() as held:
            planned, pending = plan_round(execution, pending, changes, held)
            if planned:
                asked = approve(execution, planned, pending, again.approved)
                again.before(planned, asked=asked)
                anew = [*apply_round(execution, planned)]
                anew = [*again.after(planned), *anew]
                pending = [*anew, *pending]
                if anew:
                    name_stages(execution, pending)
        again.wait()  # with no root held
    return changes
