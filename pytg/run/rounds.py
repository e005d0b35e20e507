"""A round: all stages that can be planned now, and their apply in order."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.errors import Interrupted, PytgError
from pytg.model import Address
from pytg.record.run import BAD, Finding, Outcome, Status
from pytg.record.run_events import StageStarted
from pytg.record.words import named
from pytg.run.apart import Apart
from pytg.run.approval import name_stages
from pytg.run.culprits import led_back
from pytg.run.diagnosis import failed_on, record, tell
from pytg.run.execution import Execution
from pytg.run.order_only import read_anew
from pytg.run.plan_failure import PlanFailed
from pytg.run.planned_stage import PlannedStage, apply_stage, plan_stage
from pytg.run.stages import (
    not_yet_destroyed,
    parts_of,
    ready_and_waiting,
    without_blocked,
)


def plan_round(
    execution: Execution,
    pending: Sequence[Stage],
    changes: dict[Address, UnitChanges],
    held: contextlib.ExitStack,
) -> tuple[list[PlannedStage], list[Stage]]:
    """Plan what needs nothing that is yet to be applied; also returns the stages that wait.

    What is planned goes into `changes`.
    """
    planned: list[PlannedStage] = []
    now: dict[Address, UnitChanges] = {}
    unsure: set[Address] = set()  # planned once more, or after such
    later: list[Stage] = []
    while pending and not execution.cancel.is_set():
        stage, pending = pending[0], pending[1:]
        stage = without_blocked(execution, not_yet_destroyed(execution, stage, changes))
        if planned or later:  # the first of all never waits: stages are in order
            stage, waiting = ready_and_waiting(execution, stage, changes, now, unsure)
            later += [waiting] if waiting.units else []
        if not stage.units:
            continue
        found, failed = plan_stage(execution, announce(execution, stage), held, now, apart=True)
        for part, error in failed:
            pending = replaced(execution, part, error, pending)
        if found.plans:
            now |= found.changes
            planned.append(found)
            again = found.readers
            unsure.update(again, *(nx.descendants(execution.order, unit) for unit in again))
    changes |= {u: found for u, found in now.items() if found.changed or u not in changes}
    return planned, [*later, *pending]


def apply_round(execution: Execution, planned: Sequence[PlannedStage]) -> Sequence[Stage]:
    """Apply the stages in order; returns what is to be planned anew.

    That is what reads data that an apply may have changed, and what is left of a stage a part of
    which is blocked: a unit that went wrong keeps what needs it from being applied, which is in
    other stages of one round in a destroy only.
    """
    reading: dict[Address, Sequence[Address]] = {}
    for place, each in enumerate(planned):
        if execution.cancel.is_set():
            break
        left = without_blocked(execution, each.stage)
        if not left.units:
            continue
        if left.units != each.stage.units and each.stage.composed:
            return [left, *(later.stage for later in planned[place + 1 :])]
        apply_stage(execution, each.only(left.units))
        reading |= each.readers
    return read_anew(execution, reading)


def replaced(
    execution: Execution, stage: Stage, error: PytgError | Apart, pending: Sequence[Stage]
) -> Sequence[Stage]:
    """`pending`, after the stages that take the place of `stage`; see `_replan`."""
    if isinstance(error, Apart):
        parts: Sequence[Stage] = parts_of(execution, stage, error.late)
    elif isinstance(error, PlanFailed):
        parts = _replan(execution, stage, error)
    else:  # one unit that is alone: nothing else hangs on its root
        parts = ()
        execution.end({unit: failed_on(execution, unit, error) for unit in stage.units})
    if parts:
        name_stages(execution, [*parts, *pending])
    return [*parts, *pending]


def announce(execution: Execution, stage: Stage) -> Stage:
    """The stage with its number, now that its turn has come."""
    stages = execution.record.run.stages
    stage = replace(stage, number=len(stages) + 1)
    execution.record.update_run(stages=[*stages, stage.units])
    execution.log.emit(StageStarted(stage.number, stage.units))
    return stage


def _replan(execution: Execution, stage: Stage, error: PlanFailed) -> Sequence[Stage]:
    """The stages that take the place of one that could not be planned whole."""
    late = {} if execution.options.destroy else error.late
    if late and len(parts := parts_of(execution, stage, late)) > 1:
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
    left = [unit for unit in stage.units if execution.status(unit) not in BAD]
    if not reasons:
        if not found:
            record(execution, None, [Finding("error", error.message)])
        execution.end(dict.fromkeys(left, Outcome(Status.FAILED, error.message)))
        return ()
    rest = without_blocked(execution, stage.only(left))
    reason = f"{named(sorted(reasons))} could not be planned"
    return [replace(rest, reason=reason)] if rest.units else ()
