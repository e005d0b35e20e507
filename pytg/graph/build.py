"""The graph of units: built from the estate, checked for cycles, walked and contracted.

Nodes are addresses. Edges point the way that values flow and time passes: from the upstream unit
to the unit that needs it. Each carries `edge`, an `Edge`; an edge that `contract` put in carries
an order-only one and `bridge=True`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import TypeAlias

import networkx as nx

from pytg.errors import ConfigError, Problem
from pytg.model import Address, Edge, Estate

UnitGraph: TypeAlias = "nx.DiGraph[Address]"

_CYCLES_SHOWN = 20


def build_graph(estate: Estate) -> UnitGraph:
    """All units and edges of the estate; several edges of the same pair become one.

    Raises ConfigError naming every edge that lies on a cycle, each within a full cycle.
    """
    graph: UnitGraph = nx.DiGraph()
    graph.add_nodes_from(sorted(estate.units, key=str))
    for edge in sorted(_merged(estate.edges), key=lambda e: (str(e.upstream), str(e.unit))):
        graph.add_edge(edge.upstream, edge.unit, edge=edge)
    if not nx.is_directed_acyclic_graph(graph):
        raise ConfigError(list(_cycles(graph)))
    return graph


def edge_between(graph: UnitGraph, upstream: Address, unit: Address) -> Edge:
    edge: Edge = graph.edges[upstream, unit]["edge"]
    return edge


def run_order(graph: UnitGraph) -> list[Address]:
    """Units so that each comes after all that it needs; ties by address."""
    return list(nx.lexicographical_topological_sort(graph, key=str))


def waves(graph: UnitGraph) -> list[tuple[Address, ...]]:
    """Units in groups: each needs something of the group before it, and nothing later."""
    return [tuple(sorted(group)) for group in nx.topological_generations(graph)]


def closure(
    graph: UnitGraph, seeds: Iterable[Address], *, upstream: bool, depth: int | None = None
) -> dict[Address, Address]:
    """Each unit within `depth` steps of a seed (None: any number), and its nearest seed."""
    step = graph.predecessors if upstream else graph.successors
    nearest = {seed: seed for seed in sorted(seeds)}
    queue = deque((seed, 0) for seed in nearest)
    while queue:
        unit, distance = queue.popleft()
        if distance == depth:
            continue
        for other in step(unit):
            if other not in nearest:
                nearest[other] = nearest[unit]
                queue.append((other, distance + 1))
    return nearest


def contract(graph: UnitGraph, selected: Iterable[Address]) -> UnitGraph:
    """Only the selected units, in the same order to each other as in the full graph.

    Direct edges stay as they are. Where one unit is upstream of another through unselected units
    only, a bridge joins them, unless other edges already imply that order. Sets of upstream units
    are the bits of an integer, so the time is that of one pass over the graph.
    """
    chosen = frozenset(selected)
    order = run_order(graph)
    reach: dict[Address, int] = {}  # bit i: order[i] is selected, and is this unit or upstream
    result: UnitGraph = nx.DiGraph()
    result.add_nodes_from(unit for unit in order if unit in chosen)
    for index, unit in enumerate(order):
        above = implied = 0
        for upstream in graph.predecessors(unit):
            above |= reach[upstream]
            if upstream in chosen and unit in chosen:
                implied |= reach[upstream]
                result.add_edge(upstream, unit, **graph.edges[upstream, unit])
        reach[unit] = above
        if unit in chosen:
            reach[unit] |= 1 << index
            for position in _bridges(above & ~implied, order, reach):
                edge = Edge(order[position], unit, frozenset())
                result.add_edge(order[position], unit, edge=edge, bridge=True)
    return result


def implied(graph: UnitGraph) -> frozenset[tuple[Address, Address]]:
    """Order-only edges between units that a longer path joins too: a picture can do without."""
    bit = {unit: 1 << index for index, unit in enumerate(run_order(graph))}
    above: dict[Address, int] = {}
    found = []
    for unit in bit:
        upstream = list(graph.predecessors(unit))
        farther = reduce(or_, (above[other] for other in upstream), 0)
        above[unit] = reduce(or_, (bit[other] for other in upstream), farther)
        found += [
            (other, unit)
            for other in upstream
            if farther & bit[other] and not edge_between(graph, other, unit).outputs
        ]
    return frozenset(found)


def _bridges(missing: int, order: list[Address], reach: dict[Address, int]) -> Iterator[int]:
    """The latest of the missing units, and again the latest of those it does not imply."""
    while missing:
        position = missing.bit_length() - 1
        yield position
        missing &= ~reach[order[position]]


def _merged(edges: Iterable[Edge]) -> Iterable[Edge]:
    merged: dict[tuple[Address, Address], Edge] = {}
    for edge in edges:
        pair = edge.upstream, edge.unit
        known = merged.get(pair)
        if known is not None:
            positions = tuple(sorted({*known.positions, *edge.positions}))
            merged[pair] = Edge(*pair, known.outputs | edge.outputs, positions)
        else:
            merged[pair] = edge
    return merged.values()


def _cycles(graph: UnitGraph) -> Iterator[Problem]:
    """For every edge on a cycle, one of its shortest cycles, until all such edges are named.

    Cycles of the same modules by the same lines, in other regions or environments, are one.
    """
    alike: dict[Hashable, list[list[Address]]] = {}
    for cycle in _circles(graph):
        edges = [(a.module, b.module, edge_between(graph, a, b)) for a, b in pairwise(cycle)]
        key = frozenset((up, down, edge.positions) for up, down, edge in edges)
        alike.setdefault(key, []).append(cycle)
        if len(alike) == _CYCLES_SHOWN:
            break
    for cycles in alike.values():
        yield _problem(graph, cycles[0], len(cycles) - 1)


def _circles(graph: UnitGraph) -> Iterator[list[Address]]:
    for knot in sorted(sorted(c) for c in nx.strongly_connected_components(graph)):
        inside = set(knot)
        edges = sorted((a, b) for a in knot for b in graph.successors(a) if b in inside)
        knotted: UnitGraph = nx.DiGraph(edges)
        named: set[tuple[Address, Address]] = set()
        for upstream, unit in edges:
            if (upstream, unit) in named:
                continue
            cycle = [upstream, *nx.shortest_path(knotted, unit, upstream)]
            named.update(pairwise(cycle))
            yield cycle


def _problem(graph: UnitGraph, cycle: list[Address], others: int) -> Problem:
    edges = [edge_between(graph, a, b) for a, b in pairwise(cycle)]
    lines = ["units need each other in a circle: " + " -> ".join(map(str, cycle))]
    if others:
        lines.append(f"    (and {others} more by the same lines)")
    for edge in edges:
        what = ", ".join(sorted(edge.outputs)) or "order only"
        places = ", ".join(map(str, edge.positions)) or "place unknown"
        lines.append(f"    {edge.unit} needs {edge.upstream} ({what}): {places}")
    position = next((p for edge in edges for p in edge.positions), None)
    return Problem("\n".join(lines), position, "remove one of these references or `after` entries")
