"""In which order nodes stand in their column, and how high.

A link over several columns takes a slot in each column between, so that it never runs under a
node; links of one node and kind into one lane share their slots. Barycentre passes order each
column, then pull its items towards their neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean

from pytg.report.graph_view import Link, View

NODE_HEIGHT = 28
LANE_PADDING = 14
_SLOT_HEIGHT, _SPACING = 2, 12
_PASSES, _LAST_PASSES = 12, 4

LaneKey = tuple[str, str]  # group and lane


@dataclass(slots=True, eq=False)
class Item:
    """A node or a slot in a column; `y` is its middle, counted from the top of its lane."""

    name: str
    rank: int
    key: LaneKey
    height: float
    y: float = 0.0
    before: list[Item] = field(default_factory=list)
    after: list[Item] = field(default_factory=list)


def items_of(view: View) -> tuple[list[Item], dict[Link, list[Item]]]:
    """Nodes and slots, and the route of each link through them, from left to right."""
    nodes = {n.id: Item(n.id, n.rank, (n.group, n.lane), NODE_HEIGHT) for n in view.nodes}
    slots: dict[tuple[str, LaneKey, str, int], Item] = {}
    routes: dict[Link, list[Item]] = {}
    for link in view.links:
        ends = [nodes[link.source], nodes[link.target]]
        if link.backward:
            ends.reverse()
        left, right = ends
        route = [left]
        for rank in range(left.rank + 1, right.rank):
            place = (left.name, right.key, f"{link.kind}{link.backward}", rank)
            if place not in slots:
                slots[place] = Item(left.name, rank, right.key, _SLOT_HEIGHT)
            route.append(slots[place])
        route.append(right)
        routes[link] = route
        for one, two in pairwise(route):
            if two is not one and two not in one.after:
                one.after.append(two)
                two.before.append(one)
    return [*nodes.values(), *slots.values()], routes


def height_of(cells: Iterable[list[Item]]) -> float:
    return max(sum(i.height for i in cell) + _SPACING * (len(cell) - 1) for cell in cells)


def settle(
    cells: Mapping[tuple[LaneKey, int], list[Item]],
    heights: Mapping[LaneKey, float],
    tops: Mapping[LaneKey, float],
) -> None:
    """Order every cell by the places of its neighbours, then pull it towards them."""
    for (key, _), cell in cells.items():
        _spread(cell, heights[key], lambda item: item.y)
    by_rank = sorted(cells.items(), key=lambda entry: (entry[0][1], entry[0][0]))
    for number in range(_PASSES):
        forward = number % 2 == 0
        for (key, _), cell in by_rank if forward else reversed(by_rank):
            wish = {item: _wish(item, tops, forward=forward) for item in cell}
            if number < _PASSES - _LAST_PASSES:
                cell.sort(key=lambda item: (wish[item], item.y, item.name))
            _spread(cell, heights[key], wish.__getitem__)


def _wish(item: Item, tops: Mapping[LaneKey, float], *, forward: bool) -> float:
    """The mean place of the neighbours on one side: of the same lane, if there are any."""
    near = (item.before if forward else item.after) or item.before or item.after
    own = [other.y for other in near if other.key == item.key]
    if own:
        return mean(own)
    away = [tops[other.key] + other.y - tops[item.key] for other in near]
    return mean(away) if away else item.y


def _spread(cell: list[Item], height: float, wish: Callable[[Item], float]) -> None:
    """Place a cell's items in their order: near their wishes, apart, and inside the lane."""
    wishes = [(item.height, wish(item) - LANE_PADDING) for item in cell]
    down = _pushed(wishes, height)
    up = _pushed([(size, height - y) for size, y in reversed(wishes)], height)
    for item, low, high in zip(cell, down, reversed(up), strict=True):
        item.y = LANE_PADDING + (low + height - high) / 2


def _pushed(wishes: list[tuple[float, float]], height: float) -> list[float]:
    """Middles near the wished ones, each item pushed on by the one before it."""
    middles = []
    edge = 0.0
    room = sum(size + _SPACING for size, _ in wishes) - _SPACING
    for size, wished in wishes:
        middle = max(min(wished, height - room + size / 2), edge + size / 2)
        middles.append(middle)
        edge = middle + size / 2 + _SPACING
        room -= size + _SPACING
    return middles
