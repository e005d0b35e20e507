"""Who comes after whom by order alone."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st
from run_words import at

from pytg.graph.build import UnitGraph
from pytg.model import Address, Edge
from pytg.run.order_only import nearest

NAMES = "abcdef"
EDGES = [(x, y) for x in NAMES for y in NAMES if x < y]


def graph_of(edges: dict[tuple[str, str], bool]) -> UnitGraph:
    """A graph with these edges, and whether a value flows over each."""
    graph: UnitGraph = nx.DiGraph()
    graph.add_nodes_from(map(at, NAMES))
    for (upstream, unit), value in edges.items():
        edge = Edge(at(upstream), at(unit), frozenset({"arn"} if value else ()))
        graph.add_edge(at(upstream), at(unit), edge=edge)
    return graph


def before(graph: UnitGraph, found: frozenset[Address]) -> set[Address]:
    return set(found).union(*(nx.ancestors(graph, unit) for unit in found))


def test_the_first_without_a_value_is_found_and_none_beyond() -> None:
    graph = graph_of({("a", "b"): False, ("b", "c"): False, ("c", "d"): True, ("e", "d"): True})
    assert nearest(graph, at("d")) == {at("b")}
    assert nearest(graph, at("b")) == {at("a")}
    assert nearest(graph, at("e")) == frozenset()


@given(st.dictionaries(st.sampled_from(EDGES), st.booleans()), st.sampled_from(NAMES))
def test_with_all_before_them_they_are_all_that_a_way_without_a_value_leads_from(
    edges: dict[tuple[str, str], bool], name: str
) -> None:
    graph = graph_of(edges)
    values = graph_of({pair: True for pair, value in edges.items() if value})
    near = {at(name)} | nx.ancestors(values, at(name))
    ends = {at(x) for (x, y), value in edges.items() if not value and at(y) in near}
    assert before(graph, nearest(graph, at(name))) == before(graph, frozenset(ends))
