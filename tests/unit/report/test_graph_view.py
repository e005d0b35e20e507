from __future__ import annotations

from pytg.graph.build import build_graph, contract
from pytg.model import Estate
from pytg.report.graph_view import View, view_of
from support.estate_in_memory import edge_of, estate_of, platform_estate, small_estate


def units_view(estate: Estate) -> View:
    return view_of(estate, build_graph(estate))


def kinds(view: View) -> dict[tuple[str, str], str]:
    return {(e.source.split("/")[-1], e.target.split("/")[-1]): e.kind for e in view.links}


def circular() -> Estate:
    """Each sync reads its own storage, and each storage of eu-west-1 the sync of us-east-1."""
    us, eu = "a/us-east-1/e", "a/eu-west-1/e"
    return estate_of(
        [f"{us}/storage", f"{us}/sync", f"{eu}/storage", f"{eu}/sync"],
        [
            edge_of(f"{us}/storage", f"{us}/sync", "arn"),
            edge_of(f"{eu}/storage", f"{eu}/sync", "arn"),
            edge_of(f"{us}/sync", f"{eu}/storage", "id"),
            edge_of(f"{us}/storage", f"{eu}/storage", "id"),
        ],
    )


def test_ranks_are_waves() -> None:
    view = units_view(small_estate())
    ranks = {node.id: node.rank for node in view.nodes}
    assert ranks["docs/eu-west-1/dev/kms"] == 0
    assert ranks["docs/eu-west-1/dev/replication"] == 2
    assert view.summary == "18 units, 20 edges, 3 waves"


def test_groups_and_lanes_come_in_the_order_to_draw_them() -> None:
    view = units_view(platform_estate(2))
    assert view.groups == ("docs / account-wide", "docs / env0", "docs / env1")
    assert view.lanes == ("global", "us-east-1", "eu-west-1")


def test_a_link_between_regions_crosses_and_one_from_global_does_not() -> None:
    view = units_view(platform_estate(1))
    found = {link.source: link for link in view.links if link.target == "docs/us-east-1/env0/sync"}
    assert found["docs/eu-west-1/env0/tables"].kind == "crossing"
    assert found["docs/us-east-1/env0/tables"].kind == "flow"
    assert found["docs/global/env0/iam"].kind == "flow"
    assert "tables_arn, tables_name" in found["docs/eu-west-1/env0/tables"].title


def test_an_implied_order_only_link_is_not_drawn_but_data_always_is() -> None:
    units = [f"a/r/e/{m}" for m in "abcd"]
    edges = [
        edge_of(units[0], units[1], "arn"),
        edge_of(units[1], units[2], "arn"),
        edge_of(units[0], units[2], "arn"),
        edge_of(units[0], units[3]),
        edge_of(units[2], units[3]),
    ]
    view = units_view(estate_of(units, edges))
    assert len(view.links) == 5
    assert kinds(view.drawn()) == {
        ("a", "b"): "flow",
        ("a", "c"): "flow",
        ("b", "c"): "flow",
        ("c", "d"): "order",
    }


def test_a_contracted_graph_has_bridges() -> None:
    estate = small_estate()
    graph = build_graph(estate)
    ends = [unit for unit in graph if unit.module in {"kms", "api"}]
    view = view_of(estate, contract(graph, ends))
    assert set(kinds(view).values()) == {"bridge"}
    assert len(view.links) == 4


def test_modules_stand_for_all_their_units() -> None:
    estate = platform_estate(2)
    view = view_of(estate, build_graph(estate), "module")
    nodes = {node.id: node for node in view.nodes}
    assert len(nodes["kms"].units) == 4
    assert (nodes["backend"].lane, nodes["iam"].lane, nodes["kms"].lane) == view.lanes
    assert view.groups == ("modules",)
    links = {(e.source, e.target): e for e in view.links}
    assert links["tables", "sync"].crossing
    assert not links["tables", "api"].crossing
    assert links["sync", "api"].kind == "order"


def test_modules_that_need_each_other_in_turn_have_links_that_point_back() -> None:
    estate = circular()
    view = view_of(estate, build_graph(estate), "module")
    links = {(e.source, e.target): e.backward for e in view.links}
    assert links == {
        ("storage", "storage"): True,
        ("storage", "sync"): False,
        ("sync", "storage"): True,
    }
    assert {node.id: node.rank for node in view.nodes} == {"storage": 0, "sync": 1}


def test_a_part_of_a_view_has_ranks_of_its_own() -> None:
    estate = small_estate()
    view = units_view(estate)
    part = view.only(unit for unit in estate.units if unit.module in {"bucket", "replication"})
    assert {node.rank for node in part.nodes} == {0, 1}
    assert {(e.source.split("/")[3], e.target.split("/")[3]) for e in part.links} == {
        ("bucket", "replication")
    }
