"""A stage that is planned and held: its roots stay this process's own until it is applied."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import networkx as nx

from pytg.compose.changes import Calls, UnitChanges
from pytg.compose.stage import Stage
from pytg.errors import Interrupted, PytgError
from pytg.graph.build import contract
from pytg.model import Address
from pytg.record.run import OPEN, Changes, Outcome, Status
from pytg.record.run_events import StagePlanned
from pytg.record.words import in_units
from pytg.run.apart import Apart, leaking
from pytg.run.approved import Approved
from pytg.run.composed_apply import apply_composed
from pytg.run.composed_plan import ComposedPlan, plan_composed
from pytg.run.execution import Execution
from pytg.run.guards import refuse_stale
from pytg.run.order_only import Readers, readers, told
from pytg.run.per_unit import UnitPlan, apply_unit, plan_unit
from pytg.run.per_unit_schedule import apply_per_unit, parallelism, schedule
from pytg.run.plan_failure import PlanFailed
from pytg.run.root import Root, SavedPlan
from pytg.run.roots import roots_of
from pytg.terraform.plan import OutputChange, Plan, ResourceChange

Failures = Sequence[tuple[Stage, PytgError | Apart]]


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """`stage` has only the units that `plans` are of: one plan for all, or one a unit.

    `readers` are those whose data was read before what this plan, or an earlier one of the same
    round, changes.
    """

    stage: Stage
    plans: tuple[SavedPlan, ...]
    readers: Readers = field(default_factory=dict)

    def only(self, units: Collection[Address]) -> PlannedStage:
        """The plans of fewer units; each must have one of its own."""
        plans = tuple(p for p in self.plans if {u.address for u in p.root.units} & set(units))
        return replace(self, stage=self.stage.only(units), plans=plans)

    @property
    def changes(self) -> dict[Address, UnitChanges]:
        """What the plans do, by unit."""
        return {unit: change for plan in self.plans for unit, change in plan.changes.items()}


def plan_stage(
    execution: Execution,
    stage: Stage,
    held: contextlib.ExitStack,
    earlier: Mapping[Address, UnitChanges],
    *,
    apart: bool = False,
) -> tuple[PlannedStage, Failures]:
    """Plan `stage`, which has its number, and show it; what is planned stays reserved in `held`.

    Units with a root of their own are planned side by side. What could not be planned is not in
    the first of what is returned, but in the second: a part of the stage and why. `apart`: nor is
    a plan that would replace something otherwise than its unit alone. `earlier` is what plans
    change that are yet to be applied.
    """
    roots = roots_of(execution, stage)
    with contextlib.ExitStack() as mine:
        reserved = [mine.enter_context(contextlib.ExitStack()) for _ in roots]
        pairs = zip(reserved, roots, strict=True)
        for own, root in sorted(pairs, key=lambda pair: pair[1].workdir):  # as everybody does
            own.enter_context(root.reserved())
        with ThreadPoolExecutor(parallelism(execution), thread_name_prefix="plan") as pool:
            plan = partial(_attempt, stage, apart=apart)
            tried = list(zip(roots, pool.map(plan, roots), strict=True))
        for own, (_, found) in zip(reserved, tried, strict=True):
            if isinstance(found, SavedPlan):
                held.enter_context(own.pop_all())
    planned = _planned(execution, stage, [p for _, p in tried if isinstance(p, SavedPlan)], earlier)
    return planned, [
        (stage.only(unit.address for unit in root.units), error)
        for root, error in tried
        if not isinstance(error, SavedPlan)
    ]


def _attempt(stage: Stage, root: Root, *, apart: bool) -> SavedPlan | PytgError | Apart:
    """The plan of a root of `stage`; why there is none, where the others can go on without it."""
    execution = root.execution
    alone = execution.options.per_unit and not makes_backend(execution, stage)
    try:
        planned = plan_composed(root, stage) if stage.composed else plan_unit(root)
    except PlanFailed as error:
        return error
    except Interrupted:
        raise
    except PytgError as error:
        if stage.composed or len(execution.selection.units) == 1:
            raise  # nothing else is left to go on with
        return error
    late = leaking(planned) if apart and not alone else {}
    return Apart(late) if late else planned


def _planned(
    execution: Execution,
    stage: Stage,
    plans: Sequence[SavedPlan],
    earlier: Mapping[Address, UnitChanges],
) -> PlannedStage:
    """What of `stage` has a plan: shown, and its states known."""
    units = stage.only(unit.address for plan in plans for unit in plan.root.units)
    planned = PlannedStage(units, tuple(plans))
    for plan in plans:
        if isinstance(plan, ComposedPlan | UnitPlan):
            execution.knows(plan.read)
    if plans:
        if not execution.drift:
            planned = replace(planned, readers=_readers_of(execution, planned, earlier))
        show_stage(execution, planned)
    return planned


def _readers_of(
    execution: Execution, planned: PlannedStage, earlier: Mapping[Address, UnitChanges]
) -> Readers:
    composed = (plan for plan in planned.plans if isinstance(plan, ComposedPlan))
    waited = {unit for plan in composed for unit in plan.deferred}
    return readers(execution, planned.stage, {**earlier, **planned.changes}, waited)


def show_stage(execution: Execution, planned: PlannedStage) -> None:
    """Record what is planned, and show it."""
    stage, found = planned.stage, planned.changes
    execution.planned(found)
    total = sum((Changes(**change.counts) for change in found.values()), Changes())
    besides = "" if total.total else in_units({u: each.besides for u, each in found.items()})
    execution.log.emit(StagePlanned(stage.number, stage.units, total, besides))
    if stage.composed:
        plan = planned.plans[0]
        execution.show(stage, found, plan.root.calls, plan.details)
    else:
        calls = Calls({unit.slug: unit for unit in stage.units})
        execution.show(stage, found, calls, lambda: _together(planned))
    if planned.readers:
        execution.note(told(planned.readers))


def _together(planned: PlannedStage) -> Plan:
    """The plans of units with roots of their own, in full, with the names of a composed one."""
    changes: list[ResourceChange] = []
    drift: list[ResourceChange] = []
    outputs: list[OutputChange] = []
    for plan in planned.plans:
        found, calls = plan.details(), plan.root.calls
        slug = plan.root.units[0].address.slug
        for here, there in (changes, found.changes), (drift, found.drift):
            here.extend(
                replace(change, address=f"module.{slug}.{owner[1]}")
                for change in there
                if (owner := calls.unit_of(change.address))
            )
        outputs += (replace(output, name=f"{slug}__{output.name}") for output in found.outputs)
    return Plan(tuple(changes), tuple(outputs), tuple(drift))


def apply_stage(execution: Execution, planned: PlannedStage) -> None:
    """Apply exactly what was planned, and end its units.

    With `--per-unit` the composed plan is what a person saw and approved: each unit is planned
    again at its turn, and no plan may go beyond it. Units that make their own backend are applied
    as composed always.
    """
    changed = end_unchanged(execution, planned.changes)
    if not changed:
        return
    plan = planned.plans[0]
    if not isinstance(plan, ComposedPlan):
        _apply_side_by_side(execution, planned, changed)
    elif execution.options.per_unit and not makes_backend(execution, planned.stage):
        apply_per_unit(execution, contract(execution.needs, changed), Approved.of(plan))
    else:
        outcomes = apply_composed(plan)
        execution.end(
            {
                unit: outcome
                for unit, outcome in outcomes.items()
                if execution.status(unit) in OPEN or outcome.status is Status.FAILED
            }
        )


def _apply_side_by_side(
    execution: Execution, planned: PlannedStage, changed: Sequence[Address]
) -> None:
    plans = {p.root.units[0].address: p for p in planned.plans if isinstance(p, UnitPlan)}
    independent: nx.DiGraph[Address] = nx.DiGraph()
    independent.add_nodes_from(changed)

    def work(unit: Address) -> Outcome:
        refuse_stale(execution.estate, execution.states, plans[unit].read)
        return apply_unit(plans[unit])

    schedule(execution, independent, work)


def end_unchanged(execution: Execution, found: Mapping[Address, UnitChanges]) -> list[Address]:
    """Units that the plan leaves alone are done; returns the others."""
    unchanged = [unit for unit, change in found.items() if not change.changed]
    still = [unit for unit in unchanged if execution.status(unit) in OPEN]
    execution.end(dict.fromkeys(still, Outcome(Status.UNCHANGED)))
    return [unit for unit, change in found.items() if change.changed]


def makes_backend(execution: Execution, stage: Stage) -> bool:
    """Whether the units of `stage` make their own backend."""
    return all(unit.bootstrap for unit in execution.units(stage))
