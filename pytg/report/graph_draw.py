"""Every form of the graph's picture, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytg.graph.build import UnitGraph
from pytg.model import Estate
from pytg.report import graph_formats, graph_svg
from pytg.report.graph_view import View, view_of

LEVELS = ("module", "unit")


def draw(estate: Estate, graph: UnitGraph, form: str, level: str) -> str:
    """The graph of `estate`, which may be contracted. Only `json` shows implied order too."""
    view = view_of(estate, graph, level)
    return FORMS[form](view if form == "json" else view.drawn(), graph)


FORMS: Mapping[str, Callable[[View, UnitGraph], str]] = {
    "text": lambda view, _: graph_formats.text(view),
    "dot": lambda view, _: graph_formats.dot(view),
    "mermaid": lambda view, _: graph_formats.mermaid(view),
    "json": lambda view, _: graph_formats.as_json(view),
    "svg": lambda view, _: graph_svg.svg(view),
    "html": graph_svg.html,
}
