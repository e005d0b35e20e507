"""The stages of a run, and what is left of one when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage, divide_into_stages
from pytg.compose.state_merge import holds_nothing
from pytg.model import Address
from pytg.record.run import BAD, OPEN, Outcome, Status
from pytg.record.words import named
from pytg.run.execution import Execution

NOT_APPLIED = "nothing of it is applied"


def stages_of(execution: Execution, *, applying: bool) -> list[Stage]:
    """The stages of the selection, without what went wrong already, in run order.

    A bootstrap unit comes first, by itself, where its backend is missing and something is
    applied; in a destroy it comes last, since it holds the state of all others.
    """
    estate, order = execution.estate, execution.order
    order = order.subgraph([unit for unit in order if execution.status(unit) not in BAD])
    units = [estate.units[address] for address in nx.lexicographical_topological_sort(order)]
    isolated = {u.address for u in units if u.isolate and not u.bootstrap}
    bootstrap = [u for u in units if u.bootstrap]
    if execution.options.destroy:
        kept = [u.address for u in reversed(units) if not u.bootstrap]
        graph = order.subgraph(kept).reverse()
        stages = divide_into_stages(graph, kept, isolated=isolated)
        last = tuple(u.address for u in reversed(bootstrap))
        return [*stages, Stage(last, reason="holds the state of the others")] if last else stages
    missing = {u.address for u in bootstrap if not execution.states.store(u).exists()}
    first = missing if applying else set()
    return divide_into_stages(order, [u.address for u in units], isolated=isolated, first=first)


def ready_to_plan(
    execution: Execution, stage: Stage, changes: Mapping[Address, UnitChanges]
) -> Stage:
    """`stage` without the units that need what earlier stages have yet to apply.

    Those are `skipped`: their plan would be a guess.
    """
    waits = _waits(execution, stage, lambda unit: _to_come(changes, unit))
    skipped = {}
    for unit, upstream in waits.items():
        reason = f"planned once these are applied: {', '.join(map(str, upstream))}"
        skipped[unit] = Outcome(Status.SKIPPED, reason, tuple(upstream))
    execution.end(skipped)
    return stage.only(unit for unit in stage.units if unit not in waits)


def ready_and_waiting(
    execution: Execution,
    stage: Stage,
    changes: Mapping[Address, UnitChanges],
    now: Mapping[Address, UnitChanges],
    unsure: Collection[Address] = (),
) -> tuple[Stage, Stage]:
    """`stage` in two: what can be planned now, and what needs what is yet to be applied.

    `changes` were planned in earlier rounds, `now` in this one; `unsure` are of this one, and may
    be planned once more. A destroy goes by what is there now: nothing of it waits.
    """
    if execution.options.destroy:
        return stage, stage.only(())

    def to_come(unit: Address) -> bool:
        if unit in now:
            return now[unit].changed or unit in unsure
        return execution.status(unit) in OPEN and _to_come(changes, unit)

    waits = _waits(execution, stage, to_come)
    ready = [unit for unit in stage.units if unit not in waits]
    return stage.only(ready), stage.only(waits)


def _to_come(changes: Mapping[Address, UnitChanges], unit: Address) -> bool:
    return unit not in changes or changes[unit].changed


def _waits(
    execution: Execution, stage: Stage, to_come: Callable[[Address], bool]
) -> dict[Address, list[Address]]:
    """The units of `stage` that need what is `to_come`, and what that is."""
    waits: dict[Address, list[Address]] = {}
    kept: set[Address] = set()
    for unit in stage.units:
        upstream = execution.needs.predecessors(unit)
        found = sorted(up for up in upstream if up not in kept and to_come(up))
        if found:
            waits[unit] = found
        else:
            kept.add(unit)
    return waits


def without_blocked(execution: Execution, stage: Stage) -> Stage:
    """`stage` without the units that need one which went wrong; those are skipped.

    Where only what changed outside of Terraform is looked for, no unit needs another.
    """
    units = execution.record.run.units
    bad = {u for u, record in units.items() if record.status in BAD}
    blocked = {
        u: [] if execution.drift else sorted(nx.ancestors(execution.needs, u) & bad)
        for u in stage.units
    }
    execution.end(
        {
            unit: Outcome(Status.SKIPPED, f"not started, for it needs {named(by)}", tuple(by))
            for unit, by in blocked.items()
            if by
        }
    )
    if execution.options.fail_fast and bad:
        return stage.only(())
    return stage.only(unit for unit in stage.units if not blocked[unit])


def not_yet_destroyed(
    execution: Execution, stage: Stage, changes: dict[Address, UnitChanges]
) -> Stage:
    """In a destroy, the units of `stage` that hold anything; the others are done already.

    So it is where only what changed outside of Terraform is looked for.
    """
    if not (execution.options.destroy or execution.drift):
        return stage
    held = execution.states.read(execution.units(stage))
    gone = [unit for unit in stage.units if holds_nothing(held[unit].state)]
    changes.update({unit: UnitChanges(unit) for unit in gone})
    why = NOT_APPLIED if execution.drift else ""
    execution.end(dict.fromkeys(gone, Outcome(Status.UNCHANGED, why)))
    return stage.only(unit for unit in stage.units if unit not in gone)


def parts_of(execution: Execution, stage: Stage, late: Mapping[Address, str]) -> list[Stage]:
    """The stages that take the place of one whose `late` units wait for what they need."""
    parts = divide_into_stages(execution.order.subgraph(stage.units), stage.units, late=late)
    if len(parts) > 1:
        for unit, reason in sorted(late.items()):
            execution.note(f"{unit} cannot be planned together with what it needs: {reason}")
        whole = execution.record.run.stages[:-1]  # the parts take its number
        execution.record.update_run(stages=whole)
    return parts
