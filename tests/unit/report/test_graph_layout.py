from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.graph.build import build_graph
from pytg.model import Estate
from pytg.report.graph_layout import Box, Layout, lay_out
from pytg.report.graph_view import View, view_of
from support.estate_in_memory import edge_of, estate_of, platform_estate, small_estate


def overlap(one: Box, two: Box) -> bool:
    return (
        one.x < two.x + two.width
        and two.x < one.x + one.width
        and one.y < two.y + two.height
        and two.y < one.y + one.height
    )


def straights(path: str) -> list[tuple[float, float, float]]:
    """The horizontal pieces of a path, in the columns it goes through: from x, to x, at y."""
    pieces = re.findall(r"([\d.]+) ([\d.]+)H([\d.]+)", path)
    return [(float(x), float(to), float(y)) for x, y, to in pieces]


def assert_readable(view: View, layout: Layout) -> None:
    for one, two in combinations(layout.nodes.values(), 2):
        assert not overlap(one, two)
    for one, two in combinations(layout.groups.values(), 2):
        assert not overlap(one, two)
    for node in view.nodes:
        box, lane = layout.nodes[node.id], layout.lanes[node.group, node.lane]
        assert lane.x <= box.x
        assert box.x + box.width <= lane.x + lane.width <= layout.width
        assert lane.y <= box.y
        assert box.y + box.height <= lane.y + lane.height <= layout.height
    ranks = {node.id: node.rank for node in view.nodes}
    for (source, target), path in layout.paths.items():
        between = abs(ranks[target] - ranks[source]) - 1
        assert len(straights(path)) == max(between, 0)
        for x, to, y in straights(path):
            assert not any(
                box.x < to and x < box.x + box.width and box.y <= y <= box.y + box.height
                for box in layout.nodes.values()
            )


@pytest.mark.parametrize("level", ["unit", "module"])
@pytest.mark.parametrize("estate", [small_estate(), platform_estate(1), platform_estate(4)])
def test_nothing_overlaps_and_no_link_runs_under_a_node(estate: Estate, level: str) -> None:
    view = view_of(estate, build_graph(estate), level).drawn()
    layout = lay_out(view)
    assert_readable(view, layout)
    assert len(layout.nodes) == len(view.nodes)
    assert len(layout.paths) == len(view.links)


def test_links_go_from_left_to_right() -> None:
    estate = platform_estate(1)
    view = view_of(estate, build_graph(estate))
    layout = lay_out(view)
    for link in view.links:
        one, two = layout.nodes[link.source], layout.nodes[link.target]
        assert one.x + one.width < two.x
        assert layout.paths[link.source, link.target].startswith(f"M{one.x + one.width:.1f} ")


def test_barycentre_passes_untangle_what_names_tangle() -> None:
    """Names order the two ends against each other; neighbours must decide instead."""
    pairs = [("a", "z"), ("b", "y"), ("c", "x"), ("d", "w")]
    edges = [edge_of(f"a/r/e/{one}", f"a/r/e/{two}", "arn") for one, two in pairs]
    estate = estate_of([f"a/r/e/{m}" for pair in pairs for m in pair], edges)
    nodes = lay_out(view_of(estate, build_graph(estate))).nodes
    left = sorted(pairs, key=lambda pair: nodes[f"a/r/e/{pair[0]}"].y)
    right = sorted(pairs, key=lambda pair: nodes[f"a/r/e/{pair[1]}"].y)
    assert left == right


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    size = draw(st.integers(1, 16))
    places = ["global/global", "global/dev", "us-east-1/dev", "eu-west-1/dev"]
    units = [f"docs/{draw(st.sampled_from(places))}/m{i}" for i in range(size)]
    pairs = [(a, b) for b in range(size) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    outputs = st.sampled_from([(), ("arn",)])
    return estate_of(units, [edge_of(units[a], units[b], *draw(outputs)) for a, b in chosen])


@given(estates(), st.sampled_from(["unit", "module"]))
def test_any_estate_is_readable(estate: Estate, level: str) -> None:
    view = view_of(estate, build_graph(estate), level)
    assert_readable(view, lay_out(view))
