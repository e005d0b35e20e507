"""Order that Terraform does not see: who comes after whom, and which data waits or is read anew.

Order without a value changes no plan (docs/decisions/0007-order-is-not-data.md), and a value that
is known ahead makes no order. So data is read when the stage is planned, while each unit alone, in
order, would read it after what comes before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage, divide_into_stages
from pytg.generate.module_directories import reads_data
from pytg.graph.build import UnitGraph, edge_between
from pytg.model import Address
from pytg.record.run import BAD, DONE, Status
from pytg.record.words import named
from pytg.run.execution import Execution
from pytg.run.plan_failure import PlanFailed

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
    """Units with data that could not be read, and that come after others in `graph`.

    A value that is known ahead makes no order for Terraform: data that is looked up by such a
    name is read before it is made.
    """
    owners = (
        error.calls.unit_of(diagnostic.address)
        for diagnostic in error.completed.errors
        if _DATA.search(diagnostic.address)
    )
    return {found[0] for found in owners if found and graph.in_degree(found[0])}


def readers(
    execution: Execution,
    stage: Stage,
    changes: Mapping[Address, UnitChanges],
    waited: Collection[Address],
) -> Readers:
    """Units of `stage` whose data was read before what `changes` changes; with what that is.

    `changes` are those planned in this round so far; `waited` are units whose data is read in the
    apply.
    """
    moved = {unit for unit, change in changes.items() if change.resources}
    if execution.options.destroy or not moved:
        return {}
    before = _moved_before(execution.order, moved)
    late = [unit for unit in stage.units if before[unit] and unit not in waited]
    return {unit: sorted(before[unit]) for unit in with_data(execution, late)}


def with_data(execution: Execution, units: Iterable[Address]) -> list[Address]:
    """Those of `units` whose module has data that an apply could change; each is read once."""
    paths = {unit: execution.estate.units[unit].module.path for unit in units}
    reading = {path: reads_data(path, execution.binary.flavour) for path in {*paths.values()}}
    return [unit for unit, path in paths.items() if reading[path]]


def _moved_before(graph: UnitGraph, moved: Collection[Address]) -> dict[Address, set[Address]]:
    """By unit, those of `moved` that come before it."""
    before: dict[Address, set[Address]] = {}
    for unit in nx.topological_sort(graph):
        near = list(graph.predecessors(unit))
        before[unit] = {up for up in near if up in moved}.union(*(before[up] for up in near))
    return before


def told(found: Readers) -> str:
    """What a person is told of units that will be planned once more."""
    names = [f"{unit} after {named(before)}" for unit, before in found.items()]
    more = f"; and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    text = "planned once more after the apply, since data read before it may differ"
    return f"{text}: {'; '.join(names[:SHOWN])}{more}"


def read_anew(execution: Execution, found: Readers) -> list[Stage]:
    """The stages that follow the apply: `found`, now that what came before is applied.

    With those that need them; none where nothing was applied, or what they need went wrong.
    """
    done = {unit for unit in execution.order if execution.status(unit) is Status.SUCCEEDED}
    bad = {unit for unit in execution.order if execution.status(unit) in BAD}
    again = {unit for unit, before in found.items() if done.intersection(before)}
    graph = execution.order
    units = again.union(*(nx.descendants(graph, unit) for unit in again))
    units -= bad.union(*(nx.descendants(graph, unit) for unit in bad))
    ended = [u for u in nx.lexicographical_topological_sort(graph) if u in units]
    ended = [u for u in ended if execution.status(u) in DONE]
    if not again & units:
        return []
    after = sorted({u for unit in again & units for u in found[unit] if u in done})
    reason = f"reads anew after {named(after)}"
    isolated = {unit for unit in ended if execution.estate.units[unit].isolate}
    stages = divide_into_stages(graph.subgraph(ended), ended, isolated=isolated)
    return [replace(stage, reason=reason) for stage in stages]
