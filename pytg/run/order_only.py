"""Order that no value carries: who comes after whom, and which data must wait or be read anew.

Such order changes no plan (docs/decisions/0007-order-is-not-data.md). So data is read when the
stage is planned, while each unit alone, in order, would read it after what comes before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.generate.module_directories import reads_data
from pytg.graph.build import UnitGraph, edge_between
from pytg.model import Address
from pytg.record.run import Status
from pytg.run.execution import Execution
from pytg.run.plan_failure import PlanFailed
from pytg.run.stages import BAD

Readers = Mapping[Address, Sequence[Address]]

SHOWN = 5  # units that a note names

_DATA = re.compile(r"(^|\.)data\.")


def nearest(graph: UnitGraph, unit: Address) -> frozenset[Address]:
    """The first units before `unit`, and before what it reads, that no value comes from."""
    found: set[Address] = set()
    seen = {unit}
    queue = [unit]
    while queue:
        near = queue.pop()
        for upstream in graph.predecessors(near):
            if not edge_between(graph, upstream, near).outputs:
                found.add(upstream)
            elif upstream not in seen:
                seen.add(upstream)
                queue.append(upstream)
    return frozenset(found)


def unreadable(graph: UnitGraph, error: PlanFailed) -> set[Address]:
    """Units with data that could not be read, and that come after others by order alone."""
    owners = (
        error.calls.unit_of(diagnostic.address)
        for diagnostic in error.completed.errors
        if _DATA.search(diagnostic.address)
    )
    return {found[0] for found in owners if found and nearest(graph, found[0])}


def readers(
    execution: Execution, changes: Mapping[Address, UnitChanges], waited: Collection[Address]
) -> Readers:
    """Units whose data a plan has read before what the same plan changes; with those units.

    `changes` are those of the plan; `waited` are units whose data it reads in the apply.
    """
    if execution.options.destroy:
        return {}
    graph = execution.order.subgraph(changes)
    moved = {unit for unit, change in changes.items() if change.resources}
    found: dict[Address, Sequence[Address]] = {}
    for unit in sorted(changes.keys() - waited if moved else ()):
        near = nearest(graph, unit)
        before = moved.intersection(near.union(*(nx.ancestors(graph, n) for n in near)))
        module = execution.estate.units[unit].module
        if before and reads_data(module.path, execution.binary.flavour):
            found[unit] = sorted(before)
    return found


def told(found: Readers) -> str:
    """What a person is told of units that will be planned once more."""
    names = [f"{unit} after {', '.join(map(str, before))}" for unit, before in found.items()]
    more = f"; and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    text = "planned once more after the apply, since data read before it may differ"
    return f"{text}: {'; '.join(names[:SHOWN])}{more}"


def read_anew(execution: Execution, found: Readers) -> list[Stage]:
    """The stage that follows the apply: `found`, now that what came before is applied.

    With those that need them; none where nothing was applied, or what they need went wrong.
    """
    done = {unit for unit in execution.order if execution.status(unit) is Status.SUCCEEDED}
    bad = {unit for unit in execution.order if execution.status(unit) in BAD}
    again = {unit for unit, before in found.items() if done.intersection(before)}
    graph = execution.order
    units = again.union(*(nx.descendants(graph, unit) for unit in again))
    units -= bad.union(*(nx.descendants(graph, unit) for unit in bad))
    ended = [u for u in nx.lexicographical_topological_sort(graph) if u in units]
    ended = [u for u in ended if execution.status(u) in {Status.SUCCEEDED, Status.UNCHANGED}]
    after = sorted({u for unit in again & units for u in found[unit] if u in done})
    reason = f"reads anew after {', '.join(map(str, after))}"
    return [Stage(tuple(ended), reason=reason)] if again & units else []
