from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import networkx as nx
import pytest

from pytg.graph.build import build_graph, contract
from pytg.report.graph_draw import FORMS, LEVELS, draw
from support.estate_in_memory import edge_of, estate_of, platform_estate, small_estate

TINY = estate_of(
    ["docs/us-east-1/dev/kms", "docs/us-east-1/dev/table", "docs/eu-west-1/dev/table"],
    [
        edge_of("docs/us-east-1/dev/kms", "docs/us-east-1/dev/table", "arn", "id"),
        edge_of("docs/us-east-1/dev/table", "docs/eu-west-1/dev/table", "name"),
        edge_of("docs/us-east-1/dev/kms", "docs/eu-west-1/dev/table"),
    ],
)


def drawn(form: str, level: str = "unit") -> str:
    return draw(TINY, build_graph(TINY), form, level)


def test_text() -> None:
    assert drawn("text") == (
        "demo: 3 units, 2 edges, 3 waves\n"
        "\n"
        "wave 1\n"
        "  docs/us-east-1/dev/kms\n"
        "\n"
        "wave 2\n"
        "  docs/us-east-1/dev/table  <- kms\n"
        "\n"
        "wave 3\n"
        "  docs/eu-west-1/dev/table  <- us-east-1/table\n"
    )


def test_text_marks_order_only_and_what_is_not_shown() -> None:
    estate = platform_estate(1)
    graph = build_graph(estate)
    text = draw(estate, graph, "text", "unit")
    assert re.search(r"docs/global/env0/budget +<- \(iam\)\n", text)
    assert "(unit): order only" in text
    some = [unit for unit in graph if unit.module in {"iam", "storage"}]
    text = draw(estate, contract(graph, some), "text", "unit")
    assert re.search(r"docs/us-east-1/env0/storage +<- \[global/iam\]\n", text)
    assert "[unit]: through units not shown" in text


def test_text_of_modules() -> None:
    text = draw(small_estate(), build_graph(small_estate()), "text", "module")
    assert "demo: 5 modules, 5 edges, 3 layers" in text
    assert "  api          <- bucket, table\n" in text


def test_dot() -> None:
    dot = drawn("dot")
    assert dot.startswith('digraph "demo" {')
    assert dot.count("{") == dot.count("}")
    assert 'subgraph "cluster_docs / dev" {' in dot
    assert 'subgraph "cluster_docs / dev/us-east-1" {' in dot
    assert '"docs/us-east-1/dev/kms" [label="kms"];' in dot
    edge = '"docs/us-east-1/dev/kms" -> "docs/us-east-1/dev/table" [tooltip="arn, id"];'
    assert edge in dot
    assert 'dev/table" [tooltip="name", color=orange3];' in dot


def test_mermaid() -> None:
    assert drawn("mermaid") == (
        "flowchart LR\n"
        '  subgraph g_docs__dev["docs / dev"]\n'
        '    subgraph r_docs__dev_us-east-1["us-east-1"]\n'
        '      u_docs__us-east-1__dev__kms["kms"]\n'
        '      u_docs__us-east-1__dev__table["table"]\n'
        "    end\n"
        '    subgraph r_docs__dev_eu-west-1["eu-west-1"]\n'
        '      u_docs__eu-west-1__dev__table["table"]\n'
        "    end\n"
        "  end\n"
        "  u_docs__us-east-1__dev__kms --> u_docs__us-east-1__dev__table\n"
        "  u_docs__us-east-1__dev__table ==> u_docs__eu-west-1__dev__table\n"
    )


def test_json_is_the_whole_graph_in_node_link_form() -> None:
    graph = nx.node_link_graph(json.loads(drawn("json")), edges="links")
    assert graph.nodes["docs/us-east-1/dev/kms"] == {
        "address": "docs/us-east-1/dev/kms",
        "account": "docs",
        "region": "us-east-1",
        "environment": "dev",
        "module": "kms",
        "rank": 0,
    }
    assert graph.edges["docs/us-east-1/dev/kms", "docs/us-east-1/dev/table"] == {
        "outputs": ["arn", "id"],
        "kind": "flow",
        "implied": False,
    }
    assert graph.edges["docs/us-east-1/dev/kms", "docs/eu-west-1/dev/table"]["implied"]


def test_svg_is_xml_with_every_unit_and_the_outputs_of_every_edge() -> None:
    estate = platform_estate(1)
    root = ET.fromstring(draw(estate, build_graph(estate), "svg", "unit"))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    groups = list(root.iter(f"{space}g"))
    assert {g.get("data-id") for g in groups} - {None} == {str(unit) for unit in estate.units}
    titles = [t.text for t in root.iter(f"{space}title")]
    assert ("docs/us-east-1/env0/kms -> docs/us-east-1/env0/queue: kms_arn, kms_name") in titles
    assert "docs/global/env0/iam -> docs/global/env0/budget: order only" in titles
    classes = [g.get("class", "") for g in groups]
    assert {"edge flow", "edge crossing", "edge order"} <= set(classes)
    markers = {m.get("id") for m in root.iter(f"{space}marker")}
    used = {v[5:-1] for p in root.iter(f"{space}path") for v in p.attrib.values() if "url(#" in v}
    assert used <= markers


def test_html_is_one_page_with_a_picture_of_each_environment() -> None:
    estate = platform_estate(2)
    page = draw(estate, build_graph(estate), "html", "unit")
    assert re.findall(r"<option[^>]*>([^<]*)", page) == ["everything", "docs / env0", "docs / env1"]
    sections = page.split("<section")[1:]
    assert [s.count('class="node') for s in sections] == [47, 24, 24]
    assert "env1" not in sections[1]
    assert 'data-id="docs/global/global/backend"' in sections[1]
    assert re.findall(r"\bhttps?://[^\"' ]*", page) == ["http://www.w3.org/2000/svg"] * 3
    assert not re.search(r"<(link|img|iframe)\b|<script[^>]*src=|@import|url\((?!#)", page)
    found = re.search(r'<script type="application/json" id="links">(.*?)</script>', page)
    assert found
    links = json.loads(found[1])
    assert ["docs/global/env0/iam", "docs/global/env0/budget", "order", []] in links


def test_html_of_modules_has_one_picture() -> None:
    page = drawn("html", "module")
    assert page.count("<section") == 1
    assert "<label hidden>Show" in page


@pytest.mark.parametrize("form", ["svg", "html"])
def test_a_name_cannot_become_markup(form: str) -> None:
    hostile = replace(TINY, project='</script><b>"&')
    picture = draw(hostile, build_graph(hostile), form, "unit")
    assert "<b>" not in picture
    assert "&lt;b&gt;" in picture


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("form", FORMS)
def test_one_unit_is_enough(form: str, level: str) -> None:
    estate = estate_of(["docs/global/global/backend"])
    assert "backend" in draw(estate, build_graph(estate), form, level)


def test_pictures_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "from support.estate_in_memory import platform_estate\n"
        "from pytg.graph.build import build_graph, contract\n"
        "from pytg.report.graph_draw import FORMS, LEVELS, draw\n"
        "estate = platform_estate(2)\n"
        "graph = build_graph(estate)\n"
        "some = contract(graph, [u for u in graph if u.module not in ('kms', 'sync')])\n"
        "print([draw(estate, g, f, v) for f in FORMS for v in LEVELS for g in (graph, some)])\n"
    )
    tests = Path(__file__).parents[2]
    paths = f"{tests}:{tests.parent}"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": paths},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
