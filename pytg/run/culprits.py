"""Which units a plan failed for: where Terraform does not say, they are planned apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import networkx as nx

from pytg.compose.stage import Stage
from pytg.model import Address
from pytg.run.blame import Blamed
from pytg.run.composed_plan import plan_composed
from pytg.run.execution import Execution
from pytg.run.plan_failure import PlanFailed
from pytg.run.root import composed_root

MOST = 8  # each is one more Terraform process

Place = tuple[str, str, int]


def led_back(execution: Execution, stage: Stage, error: PlanFailed) -> list[Blamed]:
    """The errors that are to be told now, each of the units that it is of.

    An error in a module that several units use and that names none comes again where those that
    are surely at fault are left out: it waits for that. Where there are none, its units
    are planned apart; where they are many, it stays one of all of them.
    """
    errors = error.errors
    sure = [one for one in errors if one.sure]
    failed = {unit for one in sure for unit in one.units}
    unsure = [one for one in errors if not one.sure]
    if failed:  # of a unit that is left out it would not come again
        return [*sure, *(one for one in unsure if failed & set(one.units))]
    suspects = {unit for one in unsure for unit in one.units}
    if not suspects or len(suspects) > MOST:
        return errors
    seen = _apart(execution, stage, suspects)
    return [*sure, *(_decided(one, seen) for one in unsure)]


def _decided(blamed: Blamed, seen: dict[Address, set[Place]]) -> Blamed:
    guilty = tuple(unit for unit in blamed.units if _place(blamed) in seen.get(unit, ()))
    return replace(blamed, units=guilty, sure=True) if guilty else blamed


def _place(blamed: Blamed) -> Place:
    return blamed.diagnostic.summary, blamed.file or "", blamed.line or 0


def _apart(
    execution: Execution, stage: Stage, suspects: Collection[Address]
) -> dict[Address, set[Place]]:
    """By unit, the errors of a plan of it and what it needs; of the stage, the `suspects`.

    What needs one that fails is left out: it cannot be planned in any case.
    """
    graph = execution.needs.subgraph(stage.units)
    seen: dict[Address, set[Place]] = {}
    for unit in (u for u in nx.topological_sort(graph) if u in suspects):
        needed = nx.ancestors(graph, unit)
        if not any(seen.get(upstream) for upstream in needed):
            alone = stage.only(u for u in stage.units if u == unit or u in needed)
            seen[unit] = set(_errors_of(execution, alone, unit))
    return seen


def _errors_of(execution: Execution, stage: Stage, unit: Address) -> Iterable[Place]:
    root = composed_root(execution, execution.units(stage), stage.number)
    logs = execution.directory / f"plan-{stage.number}-apart"
    root = replace(root, logs=lambda what: logs / f"{unit.slug}-{what}")
    try:
        with root.reserved():
            plan_composed(root, stage)
    except PlanFailed as error:
        return [_place(one) for one in error.errors]
    return ()
