"""The picture of the rooms says what the imports say."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

import architecture
import room_graph
from support.docs_blocks import ROOT

PAGE = ROOT / "docs" / "decisions" / "0001-rooms.md"


def test_it_is_drawn_as_the_imports_are() -> None:
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.picture()


def test_every_room_of_the_list_is_drawn_with_its_job() -> None:
    graph = room_graph.rooms()
    listed = next(line for line in PAGE.read_text().splitlines() if line.startswith("`errors`"))
    others = {"pytg_sandbox", "docmig_console"}
    assert set(graph) == {*re.findall(r"`(\w+)`", listed), *others}
    assert [room for room in graph if not graph.nodes[room].get("job")] == []


def test_every_arrow_leads_down_by_one_floor_and_nothing_stands_upon_another() -> None:
    links = architecture.placed(room_graph.arrows(room_graph.rooms()))
    assert all(upper.floor == lower.floor + 1 for upper, lower in links.edges)
    rows = architecture.ordered(links)
    middle = architecture.columns(links, rows)
    for row in rows:
        assert row[0].half <= middle[row[0]]
        assert middle[row[-1]] <= architecture.WIDTH - row[-1].half
        for left, right in pairwise(row):
            assert middle[left] + left.half < middle[right] - right.half


def test_an_import_that_follows_from_others_is_left_out() -> None:
    graph = nx.DiGraph([("cli", "run"), ("run", "model"), ("cli", "model")])
    assert set(room_graph.arrows(graph).edges) == {("cli", "run"), ("run", "model")}


def test_a_circle_is_named() -> None:
    with pytest.raises(SystemExit, match=r"run -> state -> run|state -> run -> state"):
        room_graph.arrows(nx.DiGraph([("run", "state"), ("state", "run")]))


def test_a_stale_picture_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(architecture, "ROOT", tmp_path)
    monkeypatch.setattr(architecture, "PICTURE", tmp_path / "images" / "rooms.svg")
    monkeypatch.setattr(sys, "argv", ["architecture.py", "--check"])
    assert architecture.main() == 1
    assert capsys.readouterr().out == "images/rooms.svg is stale: run `make docs`\n"
    monkeypatch.setattr(sys, "argv", ["architecture.py"])
    assert architecture.main() == 0
    monkeypatch.setattr(sys, "argv", ["architecture.py", "--check"])
    assert architecture.main() == 0
