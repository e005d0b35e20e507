"""Where each node and link of a picture goes, in pixels, without Graphviz.

A layered layout: the column is the rank, the band is the group and the lane in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from pytg.report.graph_order import (
    LANE_PADDING,
    NODE_HEIGHT,
    Item,
    LaneKey,
    height_of,
    items_of,
    settle,
)
from pytg.report.graph_view import Link, View

_CHARACTER, _NODE_PADDING = 7.0, 26
_MARGIN, _LANE_GAP = 16, 6
_GROUP_HEAD, _GROUP_GAP, _HEAD = 30, 20, 58
_TURNED = 8
_GAP, _GAP_PER_LINK, _GAP_MOST = 44, 1.6, 110


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: `x`, `y` is its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes of nodes by id, lanes by (group, lane), groups by name; links as SVG path data."""

    width: float
    height: float
    nodes: Mapping[str, Box]
    lanes: Mapping[LaneKey, Box]
    groups: Mapping[str, Box]
    columns: tuple[float, ...]
    paths: Mapping[tuple[str, str], str]


def lay_out(view: View) -> Layout:
    items, routes = items_of(view)
    cells: dict[tuple[LaneKey, int], list[Item]] = defaultdict(list)
    for item in items:
        cells[item.key, item.rank].append(item)
    keys = _bands(view)
    heights = {key: height_of(c for (k, _), c in cells.items() if k == key) for key in keys}
    groups, lanes, bottom = _stack(view, keys, heights)
    settle(cells, heights, {key: box.y for key, box in lanes.items()})
    columns, widths, right = _columns(view, routes)
    lanes = {k: Box(b.x, b.y, right - b.x - 8, b.height) for k, b in lanes.items()}
    groups = {g: Box(b.x, b.y, right - b.x, b.height) for g, b in groups.items()}
    placed = {
        item: Box(
            columns[item.rank],
            lanes[item.key].y + item.y - item.height / 2,
            widths[item.rank],
            item.height,
        )
        for item in items
    }
    nodes = {item.name: box for item, box in placed.items() if item.height == NODE_HEIGHT}
    middles = tuple(x + w / 2 for x, w in zip(columns, widths, strict=True))
    paths = _paths(routes, placed)
    return Layout(right + _MARGIN, bottom + _MARGIN, nodes, lanes, groups, middles, paths)


def _bands(view: View) -> list[LaneKey]:
    found = {(n.group, n.lane) for n in view.nodes}
    keys = [(group, lane) for group in view.groups for lane in view.lanes]
    return [key for key in keys if key in found]


def _stack(
    view: View, keys: list[LaneKey], heights: Mapping[LaneKey, float]
) -> tuple[dict[str, Box], dict[LaneKey, Box], float]:
    """Groups below each other, lanes below each other inside; widths follow later."""
    groups: dict[str, Box] = {}
    lanes: dict[LaneKey, Box] = {}
    y = float(_HEAD)
    for group in view.groups:
        top = y
        y += _GROUP_HEAD
        for key in (key for key in keys if key[0] == group):
            lanes[key] = Box(_MARGIN + 8, y, 0, heights[key] + 2 * LANE_PADDING)
            y += lanes[key].height + _LANE_GAP
        y += 8 - _LANE_GAP
        groups[group] = Box(_MARGIN, top, 0, y - top)
        y += _GROUP_GAP
    return groups, lanes, y - _GROUP_GAP


def _columns(
    view: View, routes: Mapping[Link, list[Item]]
) -> tuple[list[float], list[float], float]:
    """Left edges and widths of the columns, and the right edge of all."""
    widths = [0.0] * view.depth
    for node in view.nodes:
        wide = len(node.label) * _CHARACTER + _NODE_PADDING
        widths[node.rank] = max(widths[node.rank], wide, 72)
    busy: dict[int, set[tuple[Item, Item]]] = defaultdict(set)
    for route in routes.values():
        for one, two in pairwise(route):
            busy[one.rank].add((one, two))
    columns = []
    x = _MARGIN + 36 + max(len(lane) for lane in view.lanes) * (_CHARACTER + 0.6)
    for rank, width in enumerate(widths):
        columns.append(x)
        x += width + min(_GAP + _GAP_PER_LINK * len(busy[rank]), _GAP_MOST)
    return columns, widths, columns[-1] + widths[-1] + 30


def _paths(
    routes: Mapping[Link, list[Item]], placed: Mapping[Item, Box]
) -> dict[tuple[str, str], str]:
    """Curves in the gaps and straight pieces in the columns; arrivals fan out over the node."""
    arrivals: dict[Item, dict[Item, None]] = defaultdict(dict)
    for route in routes.values():
        arrivals[route[-1]][route[-2]] = None
    ports: dict[tuple[Item, Item], float] = {}
    for target, sources in arrivals.items():
        box = placed[target]
        ordered = sorted(sources, key=lambda s: placed[s].y + placed[s].height / 2)
        step = box.height * 0.7 / max(len(ordered), 4)
        for number, source in enumerate(ordered):
            shift = (number - (len(ordered) - 1) / 2) * step
            ports[source, target] = box.y + box.height / 2 + shift
    return {
        (link.source, link.target): _loop(placed[route[0]])
        if link.source == link.target
        else _path(route, placed, ports, _TURNED * link.backward)
        for link, route in routes.items()
    }


def _path(
    route: list[Item],
    placed: Mapping[Item, Box],
    ports: Mapping[tuple[Item, Item], float],
    shift: float,
) -> str:
    """`shift` moves both ends down, away from a link between the same two the other way."""
    start = placed[route[0]]
    x, y = start.x + start.width, start.y + start.height / 2 + shift
    pieces = [f"M{x:.1f} {y:.1f}"]
    for one, two in pairwise(route):
        box = placed[two]
        last = two is route[-1]
        to = ports[one, two] + shift if last else box.y + box.height / 2
        bend = (box.x - x) / 2
        pieces.append(f"C{x + bend:.1f} {y:.1f} {box.x - bend:.1f} {to:.1f} {box.x:.1f} {to:.1f}")
        x, y = box.x + box.width, to
        if not last:
            pieces.append(f"H{x:.1f}")
    return "".join(pieces)


def _loop(box: Box) -> str:
    return f"M{box.x + box.width - 28:.1f} {box.y:.1f}c-3 -14 19 -14 16 0"
