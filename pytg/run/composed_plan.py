"""One plan of a whole stage in one Terraform process."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import networkx as nx

from pytg import exact_json
from pytg.compose.shape import Shape
from pytg.compose.stage import Stage
from pytg.compose.state_merge import holds_nothing, merge_states
from pytg.files import write_atomic, write_new
from pytg.generate.composed import SECRETS, render_composed
from pytg.generate.module_directories import created_first
from pytg.model import Address, Unit, Value
from pytg.recovery.journal import SNAPSHOT, STATE
from pytg.recovery.recover import recover_directory, report
from pytg.recovery.recovery import require_recovered
from pytg.run.execution import Execution
from pytg.run.import_unrecorded import Imports, plan_importing, with_imports
from pytg.run.order_only import nearest, unreadable, with_data
from pytg.run.plan_failure import PlanFailed
from pytg.run.root import PARALLELISM, Root, SavedPlan
from pytg.run.stage_inputs import StageInputs, read_stage_inputs
from pytg.state.state_reader import UnitState


@dataclass(frozen=True, slots=True)
class ComposedPlan(SavedPlan):
    """A composed plan. `read` are all states that it was made from.

    `deferred` are the units whose data waits for what comes before.
    """

    shapes: Sequence[tuple[Unit, Shape]]
    read: Mapping[Address, UnitState]
    deferred: frozenset[Address]


def plan_composed(root: Root, stage: Stage) -> ComposedPlan:
    """Plan a stage in its root, which this process has to itself.

    What a killed run may have left in no state is imported where it is found. Raises
    PlanFailed with Terraform's diagnostics, Refused where a unit outside the selection is read
    and was never applied.
    """
    execution = root.execution
    recover_late(root)
    inputs = read_stage_inputs(execution, stage)
    deferred = first = _deferred(execution, stage, inputs)
    while True:
        plan = partial(_plan_with, root, stage, inputs, deferred=deferred)
        try:
            planned = plan_importing(execution, plan)
        except PlanFailed as error:
            more = unreadable(execution.order.subgraph(stage.units), error) - deferred
            if not more:
                raise
            deferred |= more
        else:
            break
    if deferred != first:
        names = ", ".join(map(str, sorted(deferred - first)))
        execution.note(f"data cannot be read before the apply, and is read then: {names}")
    return planned


def recover_late(root: Root) -> None:
    """Recover a run that looked alive when this one began, and died since."""
    execution = root.execution
    found = recover_directory(
        execution.estate.root, root.workdir, execution.states, execution.note, execution.cancel
    )
    report(execution.log, found)
    require_recovered(found, {unit.address for unit in root.units})


def _plan_with(
    root: Root,
    stage: Stage,
    inputs: StageInputs,
    imports: Imports,
    *,
    deferred: frozenset[Address],
) -> ComposedPlan:
    """Write the root module and the merged state, and plan."""
    execution, workdir = root.execution, root.workdir
    composed = render_composed(
        execution.estate,
        [with_imports(unit, imports) for unit in inputs.units],
        inputs.literals,
        workdir,
        _before(execution, stage, deferred),
        types=inputs.types,
        deferred=deferred,
    )
    root.prepare(composed.files)
    shapes = shapes_in(execution, inputs.units, composed.counted)
    write_merged(root, shapes, inputs.held)
    with _secrets_in(workdir, composed.secrets):
        made = _plan(root, missing=inputs.missing)
    return ComposedPlan(
        root, made.changes, made.digest, shapes, inputs.held, deferred, seen=made.seen
    )


def _deferred(execution: Execution, stage: Stage, inputs: StageInputs) -> frozenset[Address]:
    """Units whose data is read in the apply, as all is new that could wait for it.

    Those are new ones with data that come after others by order alone; in a destroy, all.
    """
    if execution.options.destroy:
        return frozenset(stage.units)
    graph = execution.order.subgraph(stage.units)
    new = [u.address for u in inputs.units if holds_nothing(inputs.held[u.address].state)]
    return frozenset(unit for unit in with_data(execution, new) if nearest(graph, unit))


def _before(
    execution: Execution, stage: Stage, deferred: Collection[Address]
) -> dict[Address, frozenset[Address]]:
    """What each unit waits for; one that is deferred, for all that comes before it."""
    order = execution.order
    before = {unit: frozenset(order.predecessors(unit)) for unit in stage.units}
    if not execution.options.destroy:
        graph = order.subgraph(stage.units)
        before |= {unit: frozenset(nx.ancestors(graph, unit)) for unit in deferred}
    return before


@contextlib.contextmanager
def _secrets_in(workdir: Path, secrets: Mapping[str, Value]) -> Iterator[None]:
    """Give `secrets` to the plan; whatever comes, they are gone after it.

    Its apply takes them from the plan file.
    """
    file = workdir / SECRETS
    try:
        if secrets:
            write_new(file, exact_json.dumps(secrets).encode(), durable=False)
        yield
    finally:
        file.unlink(missing_ok=True)


def _plan(root: Root, *, missing: bool) -> SavedPlan:
    options = root.execution.options
    # the directory is this process's own: what a killed run left there plans, and only reads
    plan = partial(root.plan, lock=False, parallelism=options.parallelism or PARALLELISM)
    try:
        # with a value gone that a variable needs, a refresh would fail on it
        without = missing and not root.execution.drift
        return plan(refresh=False if without else None)
    except PlanFailed as error:
        if not (options.destroy and error.late):
            raise
        # the refresh before a destroy asks for keys that an upstream change makes unknown; the
        # destroy itself takes them from the state
        return plan(refresh=False)


def shapes_in(
    execution: Execution, units: Sequence[Unit], counted: Collection[Address]
) -> list[tuple[Unit, Shape]]:
    """The names of `units` in their composed root, where the calls of `counted` have a count."""
    modules = {unit.module.path for unit in units}
    early = {path: created_first(path, execution.binary.flavour) for path in modules}
    return [
        (
            unit,
            replace(
                execution.shape(unit),
                counted=unit.address in counted,
                early=early[unit.module.path],
            ),
        )
        for unit in units
    ]


def write_merged(
    root: Root, shapes: Sequence[tuple[Unit, Shape]], held: Mapping[Address, UnitState]
) -> bytes:
    """Write the state that a stage is planned on into its root; returns it."""
    execution = root.execution
    inside = {unit.address for unit, _ in shapes}
    others = [u for u in execution.estate.units.values() if u.address not in inside]
    merged = merge_states(
        [(shape, held[unit.address].state) for unit, shape in shapes]
        + [(execution.shape(unit), None) for unit in others]  # the graph goes on through them
    )
    body = exact_json.dumps(merged, indent=2).encode()
    (root.workdir / SNAPSHOT).unlink(missing_ok=True)
    write_atomic(root.workdir / STATE, body)
    return body
