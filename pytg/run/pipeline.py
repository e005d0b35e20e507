"""Plan, apply and destroy: stage by stage, each planned, shown, approved and applied."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stages import Stage, cut
from pytg.compose.state import is_empty
from pytg.errors import Interrupted
from pytg.graph.build import contract
from pytg.model import Address
from pytg.run.apply import apply_stage, clear
from pytg.run.composed import PLAN, Planned, composed_directory, details, only_here, plan_stage
from pytg.run.data import OPEN, Changes, Status
from pytg.run.each import apply_each, plan_each
from pytg.run.events import Diagnostic, Note, StagePlanned, StageStarted
from pytg.run.execution import Execution
from pytg.run.guards import refuse_losing_stateful, refuse_losing_states, refuse_orphaning
from pytg.run.journal import NAME
from pytg.run.orphans import orphans
from pytg.run.per_unit import UnitPlan, apply_unit, plan_unit
from pytg.run.unplannable import PlanFailed
from pytg.terraform.events import Diagnostic as TerraformDiagnostic

BAD = frozenset({Status.FAILED, Status.SKIPPED, Status.CANCELLED, Status.UNKNOWN})


def stages_of(execution: Execution, *, applying: bool) -> list[Stage]:
    """The stages of the selection, in run order.

    A bootstrap unit comes first, by itself, where its backend is missing and something is
    applied; in a destroy it comes last, since it holds the state of all others.
    """
    estate, order = execution.estate, execution.order
    units = [estate.units[address] for address in nx.lexicographical_topological_sort(order)]
    isolated = {u.address for u in units if u.isolate and not u.bootstrap}
    bootstrap = [u for u in units if u.bootstrap]
    if execution.options.destroy:
        kept = [u.address for u in reversed(units) if not u.bootstrap]
        graph = order.subgraph(kept).reverse()
        stages = cut(graph, kept, isolated=isolated)
        last = tuple(u.address for u in reversed(bootstrap))
        return [*stages, Stage(last, reason="holds the state of the others")] if last else stages
    missing = {u.address for u in bootstrap if not execution.states.store(u).exists()}
    first = missing if applying else set()
    return cut(order, [u.address for u in units], isolated=isolated, first=first)


def plan(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan the selection and show it; nothing is changed. Returns the changes by unit.

    A stage that reads what an earlier one has yet to make is not planned: its units are
    `skipped`, with the reason.
    """
    _name_orphans(execution)
    if execution.options.per_unit:
        return plan_each(execution)
    changes: dict[Address, UnitChanges] = {}
    pending: Sequence[Stage] = stages_of(execution, applying=False)
    while pending:
        stage, pending = pending[0], pending[1:]
        stage = _plannable(execution, _standing(execution, stage, changes), changes)
        if not stage.units:
            continue
        _announce(execution, stage)
        try:
            with _directory(execution, stage):
                found, planned = _plan(execution, stage)
                _discard(planned)
        except PlanFailed as error:
            pending = [*_replan(execution, stage, error), *pending]
            continue
        changes |= found
        execution.end_all(
            {
                unit: {"status": Status.SUCCEEDED if change.changed else Status.UNCHANGED}
                for unit, change in found.items()
            }
        )
    return changes


def apply(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan, show, ask and apply, stage by stage. Returns the changes by unit."""
    _name_orphans(execution)
    if execution.options.destroy:
        estate, selected, states = execution.estate, execution.selection.units, execution.states
        refuse_orphaning(execution.graph, estate, selected, states)
        refuse_losing_states(estate, selected, states)
    if execution.options.per_unit:
        return _apply_per_unit(execution)
    return _apply_stages(execution, stages_of(execution, applying=True))


def _name_orphans(execution: Execution) -> None:
    for unit in orphans(execution):
        text = f"{unit} is no longer configured and still holds resources: bring it back to destroy"
        execution.log.emit(Note(text))


def _apply_per_unit(execution: Execution) -> dict[Address, UnitChanges]:
    """Bootstrap units by themselves, all others one process each.

    Without `--yes` the composed plan is what a person sees and approves; no unit's own plan
    may go beyond it.
    """
    stages = stages_of(execution, applying=True)
    alone = [stage for stage in stages if _bootstraps(execution, stage)]
    rest = [unit for stage in stages if stage not in alone for unit in stage.units]
    before = [] if execution.options.destroy else alone
    after = alone if execution.options.destroy else []
    changes = _apply_stages(execution, before)
    approved: dict[Address, UnitChanges] | None = None
    if execution.asks:
        approved = {}
        for stage in stages_of(execution, applying=False):
            if stage in alone:
                continue
            stage = _plannable(execution, stage, approved)  # noqa: PLW2901 - what is left of it
            if stage.units:
                with _directory(execution, stage):
                    found, planned = _plan(execution, stage)
                    _discard(planned)
                    _approve(execution, stage, found)
                approved |= found
    if execution.options.destroy:
        rest = list(_standing(execution, Stage(tuple(rest)), changes).units)
    changes |= apply_each(execution, contract(execution.needs, rest), approved)
    return changes | _apply_stages(execution, after)


def _bootstraps(execution: Execution, stage: Stage) -> bool:
    return all(unit.bootstrap for unit in execution.units(stage))


def _apply_stages(execution: Execution, pending: Sequence[Stage]) -> dict[Address, UnitChanges]:
    changes: dict[Address, UnitChanges] = {}
    while pending and not execution.cancel.is_set():
        stage, pending = pending[0], pending[1:]
        stage = _without_blocked(execution, _standing(execution, stage, changes))
        if not stage.units:
            continue
        _announce(execution, stage)
        with _directory(execution, stage):
            try:
                found, planned = _plan(execution, stage)
            except PlanFailed as error:
                pending = [*_replan(execution, stage, error), *pending]
                continue
            changes |= found
            try:
                _approve(execution, stage, found)
                _apply(execution, found, planned)
            finally:
                _discard(planned)
    return changes


def _directory(execution: Execution, stage: Stage) -> contextlib.AbstractContextManager[None]:
    """The working directory of a stage, for this process alone."""

    def say(text: str) -> None:
        execution.log.emit(Note(text))

    return only_here(composed_directory(execution, stage), execution.cancel, say)


def _plan(
    execution: Execution, stage: Stage
) -> tuple[dict[Address, UnitChanges], Planned | UnitPlan]:
    planned: Planned | UnitPlan
    if stage.composed:
        planned = plan_stage(execution, stage)
    else:
        planned = plan_unit(execution, execution.estate.units[stage.units[0]])
    found = dict(planned.changes)
    execution.record.update_all({u: {"changes": Changes(**c.counts)} for u, c in found.items()})
    total = sum((Changes(**c.counts) for c in found.values()), Changes())
    number = len(execution.record.run.stages)
    execution.log.emit(StagePlanned(number, stage.units, total))
    execution.show(stage, found, planned.calls, lambda: details(execution, planned))
    return found, planned


def _discard(planned: Planned | UnitPlan) -> None:
    """Remove a plan that is not needed any more; what a journal guards stays."""
    if isinstance(planned, UnitPlan):
        (planned.workdir / PLAN).unlink(missing_ok=True)
    elif not (planned.workdir / NAME).exists():
        clear(planned.workdir)


def _approve(execution: Execution, stage: Stage, found: Mapping[Address, UnitChanges]) -> None:
    changed = [change for change in found.values() if change.changed]
    if not changed:
        return
    refuse_losing_stateful(execution.estate, changed, execution.options.allow_loss)
    verb = "Destroy" if execution.options.destroy else "Apply"
    if not execution.confirm(f"{verb} this plan of {len(stage.units)} units?"):
        raise Interrupted("not approved: nothing was changed in this stage")


def _apply(
    execution: Execution,
    found: Mapping[Address, UnitChanges],
    planned: Planned | UnitPlan,
) -> None:
    unchanged = {"status": Status.UNCHANGED}
    execution.end_all({u: unchanged for u, change in found.items() if not change.changed})
    if isinstance(planned, Planned) and planned.touched:
        outcomes = apply_stage(execution, planned)
    elif isinstance(planned, UnitPlan) and planned.changed:
        execution.begin(planned.unit.address)
        outcomes = {planned.unit.address: apply_unit(execution, planned)}
    else:
        return
    units = execution.record.run.units
    execution.end_all({u: fields for u, fields in outcomes.items() if units[u].status in OPEN})


def _announce(execution: Execution, stage: Stage) -> None:
    stages = execution.record.run.stages
    execution.record.update_run(stages=[*stages, stage.units])
    execution.log.emit(StageStarted(len(stages) + 1, stage.units))
    if stage.reason:
        execution.log.emit(Note(f"stage {len(stages) + 1} stands by itself: {stage.reason}"))


def _replan(execution: Execution, stage: Stage, error: PlanFailed) -> Sequence[Stage]:
    """The stages that take the place of one that could not be planned whole."""
    if error.late and not execution.options.destroy:
        for unit, reason in sorted(error.late.items()):
            text = f"{unit} cannot be planned together with what it needs: {reason}"
            execution.log.emit(Note(text))
        graph = execution.order.subgraph(stage.units)
        parts = cut(graph, stage.units, late=error.late)
        if len(parts) > 1:
            return parts
    for unit, diagnostic in error.by_unit.items():
        file, line = _place(execution, stage, diagnostic)
        execution.log.emit(
            Diagnostic(unit, "error", diagnostic.summary, diagnostic.detail, file, line)
        )
        where = f" ({file}:{line})" if file else ""
        execution.end(unit, Status.FAILED, reason=f"{diagnostic.summary}{where}")
    if error.completed.interrupted or execution.cancel.is_set():
        raise Interrupted("interrupted while planning")
    if not error.by_unit:
        execution.log.emit(Diagnostic(None, "error", error.message))
    fields: dict[str, Any] = {"status": Status.FAILED, "reason": error.message}
    if error.by_unit:
        reason, blocked = "not planned: the plan of its stage failed", tuple(sorted(error.by_unit))
        fields = {"status": Status.SKIPPED, "reason": reason, "blocked_by": blocked}
    units = execution.record.run.units
    execution.end_all({u: fields for u in stage.units if units[u].status in OPEN})
    return ()


def _place(
    execution: Execution, stage: Stage, diagnostic: TerraformDiagnostic
) -> tuple[str | None, int | None]:
    """Where a diagnostic points, from the project's directory."""
    if not diagnostic.file:
        return None, None
    root = execution.estate.root.resolve()
    file = (composed_directory(execution, stage) / diagnostic.file).resolve()
    near = file.relative_to(root) if file.is_relative_to(root) else file
    return str(near), diagnostic.line or None


def _plannable(execution: Execution, stage: Stage, changes: Mapping[Address, UnitChanges]) -> Stage:
    """`stage` without the units that need what earlier stages have yet to apply.

    Those are `skipped`: their plan would be a guess.
    """
    kept: list[Address] = []
    skipped: dict[Address, dict[str, Any]] = {}
    for unit in stage.units:
        waits = sorted(
            upstream
            for upstream in execution.needs.predecessors(unit)
            if upstream not in kept and (upstream not in changes or changes[upstream].changed)
        )
        if not waits:
            kept.append(unit)
            continue
        reason = f"planned once these are applied: {', '.join(map(str, waits))}"
        skipped[unit] = {"status": Status.SKIPPED, "reason": reason, "blocked_by": tuple(waits)}
    execution.end_all(skipped)
    return Stage(tuple(kept), stage.composed, stage.reason)


def _without_blocked(execution: Execution, stage: Stage) -> Stage:
    """`stage` without the units that need one which went wrong; those are skipped."""
    units = execution.record.run.units
    bad = {u for u, record in units.items() if record.status in BAD}
    blocked = {u: sorted(nx.ancestors(execution.needs, u) & bad) for u in stage.units}
    execution.end_all(
        {
            unit: {
                "status": Status.SKIPPED,
                "reason": "an upstream failed",
                "blocked_by": tuple(by),
            }
            for unit, by in blocked.items()
            if by
        }
    )
    kept = tuple(unit for unit in stage.units if not blocked[unit])
    if execution.options.fail_fast and bad:
        kept = ()
    return Stage(kept, stage.composed, stage.reason)


def _standing(execution: Execution, stage: Stage, changes: dict[Address, UnitChanges]) -> Stage:
    """In a destroy, the units of `stage` that hold anything; the others are done already."""
    if not execution.options.destroy:
        return stage
    held = execution.states.read(execution.units(stage))
    gone = [u for u in stage.units if is_empty(held[u].state) and not held[u].outputs]
    changes.update({unit: UnitChanges(unit) for unit in gone})
    execution.end_all({unit: {"status": Status.UNCHANGED} for unit in gone})
    kept = tuple(unit for unit in stage.units if unit not in gone)
    return Stage(kept, stage.composed, stage.reason)
