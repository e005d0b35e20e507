from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.errors import ConfigError
from pytg.graph.build import build_graph, closure, contract, edge_between, run_order, waves
from pytg.model import Address
from support.estate_in_memory import edge_of, estate_of, small_estate


def at(name: str) -> Address:
    return Address.parse(f"a/r/e/{name}")


def graph_of(*edges: str) -> nx.DiGraph[Address]:
    """`graph_of("a>b")`: b needs a; a name alone is a unit without edges."""
    pairs = [f"a/r/e/{e.replace('>', '>a/r/e/')}".split(">") for e in edges]
    made = [edge_of(p[0], p[1], "out") for p in pairs if len(p) == 2]
    return build_graph(estate_of({u for pair in pairs for u in pair}, made))


def names(units: object) -> str:
    return "".join(u.module for u in units)  # type: ignore[attr-defined]


def test_edges_of_the_same_pair_become_one() -> None:
    edges = [
        edge_of("a/r/e/x", "a/r/e/y", "arn", line=7),
        edge_of("a/r/e/x", "a/r/e/y", line=3),
        edge_of("a/r/e/x", "a/r/e/y", "name", line=3),
    ]
    graph = build_graph(estate_of(["a/r/e/x", "a/r/e/y"], edges))
    edge = edge_between(graph, at("x"), at("y"))
    assert edge.outputs == {"arn", "name"}
    assert [p.line for p in edge.positions] == [3, 7]
    assert graph.number_of_edges() == 1


def test_waves_of_the_small_estate() -> None:
    assert [len(wave) for wave in waves(build_graph(small_estate()))] == [4, 8, 6]


def test_run_order_breaks_ties_by_address() -> None:
    assert names(run_order(graph_of("c>a", "b>d", "e"))) == "bcade"


def test_closure_names_the_nearest_seed_and_keeps_to_the_depth() -> None:
    graph = graph_of("a>b", "b>c", "c>d", "x>c")
    assert names(closure(graph, [at("c")], upstream=True)) == "cbxa"
    assert names(closure(graph, [at("a")], upstream=False, depth=2)) == "abc"
    nearest = closure(graph, [at("a"), at("d")], upstream=True)
    assert nearest[at("b")] == at("d")
    assert nearest[at("a")] == at("a")


def test_a_cycle_is_shown_in_full_with_the_place_of_each_edge() -> None:
    units = [f"a/r/e/{m}" for m in "abcd"]
    edges = [
        edge_of(units[0], units[1], "arn", line=11),
        edge_of(units[1], units[2], line=12),
        edge_of(units[2], units[0], "id", line=13),
        edge_of(units[0], units[3], "arn", line=14),
    ]
    with pytest.raises(ConfigError) as raised:
        build_graph(estate_of(units, edges))
    (problem,) = raised.value.problems
    assert "a/r/e/a -> a/r/e/b -> a/r/e/c -> a/r/e/a" in problem.message
    assert "a/r/e/b needs a/r/e/a (arn): /estate/config.yaml:11" in problem.message
    assert "a/r/e/c needs a/r/e/b (order only): /estate/config.yaml:12" in problem.message
    assert "a/r/e/a needs a/r/e/c (id): /estate/config.yaml:13" in problem.message
    assert "a/r/e/d" not in problem.message


def test_cycles_apart_and_through_the_same_unit_are_all_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        graph_of("a>b", "b>a", "b>c", "c>b", "x>y", "y>x", "q>q")
    circles = [p.message.splitlines()[0].split(": ")[1] for p in raised.value.problems]
    assert circles == [
        "a/r/e/a -> a/r/e/b -> a/r/e/a",
        "a/r/e/b -> a/r/e/c -> a/r/e/b",
        "a/r/e/q -> a/r/e/q",
        "a/r/e/x -> a/r/e/y -> a/r/e/x",
    ]


def test_the_same_cycle_in_each_region_is_one_problem() -> None:
    units = [f"a/{region}/e/{module}" for region in ("r", "s", "t") for module in "ab"]
    edges = [
        edge
        for a, b in zip(units[::2], units[1::2], strict=True)
        for edge in (edge_of(a, b, "x", line=11), edge_of(b, a, "y", line=12))
    ]
    with pytest.raises(ConfigError) as raised:
        build_graph(estate_of(units, edges))
    (problem,) = raised.value.problems
    assert "a/r/e/a -> a/r/e/b -> a/r/e/a\n    (and 2 more by the same lines)" in problem.message


def test_a_dense_knot_gives_a_bounded_number_of_problems() -> None:
    letters = "abcdefghijkl"
    with pytest.raises(ConfigError) as raised:
        graph_of(*(f"{a}>{b}" for a in letters for b in letters))
    assert 1 < len(raised.value.problems) <= 20


def test_contract_joins_what_unselected_units_joined() -> None:
    graph = graph_of("a>b", "b>c", "c>d")
    joined = contract(graph, [at("a"), at("d")])
    assert list(joined.edges) == [(at("a"), at("d"))]
    assert joined.edges[at("a"), at("d")]["bridge"]
    assert not edge_between(joined, at("a"), at("d")).outputs


def test_contract_keeps_direct_edges_and_adds_no_implied_ones() -> None:
    graph = graph_of("a>b", "b>c", "a>c", "c>u", "u>d", "a>u")
    joined = contract(graph, [at(m) for m in "abcd"])
    assert sorted(f"{a.module}{b.module}" for a, b in joined.edges) == ["ab", "ac", "bc", "cd"]
    assert edge_between(joined, at("a"), at("c")).outputs == {"out"}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[nx.DiGraph[Address], list[Address]]:
    size = draw(st.integers(1, 14))
    pairs = [(a, b) for b in range(size) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    label = draw(st.permutations([f"a/r/e/m{i}" for i in range(size)]))
    graph = build_graph(estate_of(label, [edge_of(label[a], label[b], "o") for a, b in edges]))
    return graph, draw(st.lists(st.sampled_from(sorted(graph)), unique=True))


@given(graphs())
def test_contract_has_the_reachability_of_the_full_graph(
    drawn: tuple[nx.DiGraph[Address], list[Address]],
) -> None:
    graph, selected = drawn
    contracted = contract(graph, selected)
    assert set(contracted) == set(selected)
    for unit in selected:
        assert nx.ancestors(contracted, unit) == nx.ancestors(graph, unit) & set(selected)


@given(graphs())
def test_every_bridge_is_needed(drawn: tuple[nx.DiGraph[Address], list[Address]]) -> None:
    contracted = contract(*drawn)
    minimal = nx.transitive_reduction(contracted)
    for upstream, unit, data in contracted.edges(data=True):
        if data.get("bridge"):
            assert minimal.has_edge(upstream, unit)


@given(graphs())
def test_each_unit_comes_after_what_it_needs(
    drawn: tuple[nx.DiGraph[Address], list[Address]],
) -> None:
    graph, _ = drawn
    place = {unit: i for i, unit in enumerate(run_order(graph))}
    wave = {unit: i for i, group in enumerate(waves(graph)) for unit in group}
    assert len(place) == len(wave) == len(graph)
    assert all(place[a] < place[b] and wave[a] < wave[b] for a, b in graph.edges)
