"""Which units are planned and applied together."""

from __future__ import annotations

import networkx as nx
import pytest

from pytg.compose.stage import Stage, divide_into_stages
from pytg.model import Address


def unit(name: str) -> Address:
    return Address("docs", "us-east-1", "dev", name)


A, B, C, D, E = map(unit, "abcde")


@pytest.fixture
def graph() -> nx.DiGraph[Address]:
    """The unit b needs a, c needs b, d needs a; e stands by itself."""
    found: nx.DiGraph[Address] = nx.DiGraph([(A, B), (B, C), (A, D)])
    found.add_node(E)
    return found


def test_one_stage_is_the_rule(graph: nx.DiGraph[Address]) -> None:
    assert divide_into_stages(graph, [A, B, C, D, E]) == [Stage((A, B, C, D, E))]


def test_what_is_late_waits_and_so_does_what_needs_it(graph: nx.DiGraph[Address]) -> None:
    assert divide_into_stages(graph, [A, B, C, D, E], late={B: "for a"}) == [
        Stage((A, D, E)),
        Stage((B, C), reason="for a"),
    ]


def test_many_reasons_are_one_and_a_count(graph: nx.DiGraph[Address]) -> None:
    stages = divide_into_stages(graph, [A, B, C, D, E], late={D: "d for a", B: "b for a"})
    assert stages[1] == Stage((B, C, D), reason="b for a; and 1 more like it")


def test_who_is_isolated_stands_alone_and_the_rest_goes_on(graph: nx.DiGraph[Address]) -> None:
    assert divide_into_stages(graph, [A, B, C, D, E], isolated=[B]) == [
        Stage((A, D, E)),
        Stage((B,), composed=False, reason="isolate: true"),
        Stage((C,)),
    ]


def test_those_isolated_that_are_ready_at_once_are_one_stage(graph: nx.DiGraph[Address]) -> None:
    assert divide_into_stages(graph, [A, B, C, D, E], isolated=[B, C, D]) == [
        Stage((A, E)),
        Stage((B, D), composed=False, reason="isolate: true"),
        Stage((C,), composed=False, reason="isolate: true"),
    ]


def test_a_missing_backend_comes_first(graph: nx.DiGraph[Address]) -> None:
    assert divide_into_stages(graph, [A, B, C, D, E], first=[A]) == [
        Stage((A,), reason="makes the state backend"),
        Stage((B, C, D, E)),
    ]
