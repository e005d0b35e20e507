"""The graph as an SVG picture, and as one HTML page that needs nothing else."""

from __future__ import annotations

from typing import Any

import jinja2

from pytg.graph.build import UnitGraph, closure
from pytg.model import GLOBAL
from pytg.report.graph_layout import lay_out
from pytg.report.graph_view import View

_HUES = 6
_LEGEND_WIDTH, _LEGEND_HEIGHT, _TITLE_HEIGHT = 190, 24, 32
_MEANING = {
    "flow": "reads outputs",
    "crossing": "reads another region",
    "order": "order only",
    "bridge": "through units not shown",
}


def svg(view: View) -> str:
    return _environment().get_template("graph.svg.j2").render(_picture(view))


def html(view: View, graph: UnitGraph) -> str:
    """A page with a picture of all, and one of each environment with all that it needs.

    `graph` is the one that `view` shows. The page loads nothing.
    """
    parts = [("everything", view)]
    for group in view.groups if view.level == "unit" else ():
        units = [n.units[0] for n in view.nodes if n.group == group]
        if units[0].environment != GLOBAL:
            parts.append((group, view.only(closure(graph, units, upstream=True))))
    pictures = [{"name": name, **_picture(part, embedded=True)} for name, part in parts]
    links = [[e.source, e.target, e.kind, list(e.outputs)] for e in view.links]
    template = _environment().get_template("graph.html.j2")
    return template.render(title=view.title, pictures=pictures, links=links, legend=_legend(view))


def _picture(view: View, *, embedded: bool = False) -> dict[str, Any]:
    """What the SVG template needs; `embedded` is without what the page around it has."""
    layout = lay_out(view)
    legend = _legend(view)
    least = 0 if embedded else _LEGEND_WIDTH * len(legend) + 32
    return {
        "view": view,
        "layout": layout,
        "legend": legend,
        "width": round(max(layout.width, least)),
        "height": round(layout.height) + (0 if embedded else _LEGEND_HEIGHT),
        "top": _TITLE_HEIGHT if embedded else 0,
        "hues": {lane: f"hue{i % _HUES}" for i, lane in enumerate(view.lanes)},
        "step": "wave" if view.level == "unit" else "layer",
        "embedded": embedded,
    }


def _legend(view: View) -> list[tuple[str, str]]:
    found = {link.kind for link in view.links}
    return [(kind, meaning) for kind, meaning in _MEANING.items() if kind in found]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytg.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["px"] = lambda value: f"{value:.1f}".removesuffix(".0")
    return environment
