"""Pictures that are drawn from the code are fresh, and versions that must agree do."""

from __future__ import annotations

import tomllib

from pytg import __version__
from support.command import captured
from support.docs_blocks import ROOT


def test_the_graph_is_drawn_as_it_is() -> None:
    options = ("--env", "dev", "--level", "module", "--format", "svg")
    code, drawn, _ = captured(("-C", str(ROOT), "graph", *options), {})
    assert code == 0
    assert drawn == (ROOT / "docs" / "images" / "graph.svg").read_text(encoding="utf-8")


def test_the_three_distributions_have_one_version() -> None:
    for directory in ("sandbox", "console"):
        text = (ROOT / directory / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        assert project["version"] == __version__
        assert f"pytg-terraform=={__version__}" in project["dependencies"]
        assert project["license"] == "Apache-2.0"
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
