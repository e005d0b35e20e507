"""Draw the rooms and their imports: `docs/images/rooms.svg`; with `--check`, say if it is stale.

A box is a room, an arrow "imports", a frame a distribution. Arrows that follow from others are
left out. The order of the rooms and the job of each come from the code, so that the picture
cannot drift from it.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TypeAlias

import networkx as nx

from room_graph import PACKAGES, ROOT, WRAPPER, arrows, distribution, rooms

PICTURE = ROOT / "docs" / "images" / "rooms.svg"

WIDTH, MARGIN, FRAME, TITLE = 1200, 12, 14, 26
BOX, LANE, ACROSS, DOWN = 206, 8, 16, 44
LINE, LETTERS = 15, 28
SWEEPS, STEADY, CENTRE = 24, 8, 0.25  # how much a lane is kept straight, a box central
MARKER = (
    '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
)
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .name { font-weight: 600; font-size: 14px }
  .title { font-size: 13px; fill: #59636e }
  .page { fill: #ffffff }
  .frame { fill: #f6f8fa; stroke: #d1d9e0; rx: 8 }
  .box { fill: #ffffff; stroke: #59636e; rx: 6 }
  path { fill: none; stroke: #59636e; stroke-width: 1.3 }
  marker path { fill: #59636e; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .title { fill: #9198a1 }
    .page { fill: #0d1117 }
    .frame { fill: #151b23; stroke: #3d444d }
    .box { fill: #212830; stroke: #9198a1 }
    path { stroke: #9198a1 }
    marker path { fill: #9198a1 }
  }
"""


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """What stands on a floor: a room, or the lane of the arrows that pass by on the way to it."""

    floor: int
    room: str
    lane: bool = False

    @property
    def half(self) -> float:
        frame = FRAME if self.room in PACKAGES and not self.lane else 0
        return LANE / 2 if self.lane else BOX / 2 + frame


Links: TypeAlias = "nx.DiGraph[Place]"
Floors: TypeAlias = list[list[Place]]


def placed(graph: nx.DiGraph[str]) -> Links:
    """The arrows from floor to floor; those that pass a floor have a lane there, one a target.

    Floor 0 imports nothing. The other distributions stand above all rooms of the wrapper.
    """
    floor: dict[str, int] = {}
    for room in reversed(list(nx.topological_sort(graph))):
        floor[room] = 1 + max((floor[below] for below in graph.successors(room)), default=-1)
    top = 1 + max(number for room, number in floor.items() if room not in PACKAGES)
    floor |= {room: top for room in floor if room in PACKAGES}
    links: Links = nx.DiGraph()
    links.add_nodes_from(Place(number, room) for room, number in floor.items())
    for source, target in sorted(graph.edges):
        passed = range(floor[source] - 1, floor[target], -1)
        way = [Place(floor[source], source), *(Place(n, target, lane=True) for n in passed)]
        nx.add_path(links, [*way, Place(floor[target], target)])
    return links


def crossings(links: Links, rows: Floors) -> int:
    """How often two arrows cross."""
    at = {place: n for row in rows for n, place in enumerate(row)}
    found = 0
    for row in rows:
        ends = [(at[place], at[below]) for place in row for below in links.successors(place)]
        found += sum(a < c and b > d for a, b in ends for c, d in ends)
    return found


def ordered(links: Links) -> Floors:
    """The floors, the top one first, each arranged so that few arrows cross."""
    top = max(place.floor for place in links)
    rows = [sorted(p for p in links if p.floor == number) for number in range(top, -1, -1)]
    best = rows
    for sweep in range(SWEEPS):
        downward = sweep % 2 == 0
        near = links.predecessors if downward else links.successors
        at = {place: _share(n, row) for row in rows for n, place in enumerate(row)}
        rows = list(rows)
        for index in range(len(rows)) if downward else reversed(range(len(rows))):
            row = rows[index]
            wanted = {p: _mean((at[other] for other in near(p)), at[p]) for p in row}
            rows[index] = sorted(row, key=lambda p: (wanted[p], at[p], p))
            at |= {place: _share(n, rows[index]) for n, place in enumerate(rows[index])}
        if crossings(links, rows) < crossings(links, best):
            best = rows
    return best


def _share(n: int, row: Sequence[Place]) -> float:
    return (n + 0.5) / len(row)


def _mean(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else otherwise


def columns(links: Links, rows: Floors) -> dict[Place, float]:
    """The middle of each place: near those it is linked to, and no two upon each other."""
    middle = dict.fromkeys(links, WIDTH / 2)
    for sweep in range(4 * SWEEPS):
        for row in rows if sweep % 2 else reversed(rows):
            wanted = [_wanted(place, links, middle) for place in row]
            middle |= dict(zip(row, _apart(row, wanted), strict=True))
    return {place: round(at) for place, at in middle.items()}


def _wanted(place: Place, links: Links, middle: dict[Place, float]) -> float:
    """Amid its neighbours; a lane goes straight on, a box leans to the centre."""
    pulls = [] if place.lane else [(WIDTH / 2, CENTRE)]
    pulls += [
        (middle[other], STEADY if place.lane and other.lane else 1.0)
        for other in (*links.predecessors(place), *links.successors(place))
    ]
    return sum(at * pull for at, pull in pulls) / sum(pull for _, pull in pulls)


def _apart(row: Sequence[Place], wanted: Sequence[float]) -> list[float]:
    """The middles nearest to `wanted` that keep the order and the distances of `row`."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + left.half + ACROSS + right.half)
    pools: list[tuple[float, float, int]] = []  # their middle, weight and number of places
    for place, want, offset in zip(row, wanted, offsets, strict=True):
        pool = (want - offset, float(STEADY if place.lane else 1), 1)
        while pools and pools[-1][0] > pool[0]:
            at, weight, count = pools.pop()
            both = weight + pool[1]
            pool = ((at * weight + pool[0] * pool[1]) / both, both, count + pool[2])
        pools.append(pool)
    edge = MARGIN + FRAME
    low, high = edge + row[0].half, WIDTH - edge - row[-1].half - offsets[-1]
    flat = [min(max(at, low), high) for at, _, count in pools for _ in range(count)]
    return [at + offset for at, offset in zip(flat, offsets, strict=True)]


def picture() -> str:
    """The drawing."""
    graph = rooms()
    links = placed(arrows(graph))
    rows = ordered(links)
    middle = columns(links, rows)
    jobs = {
        room: textwrap.wrap(str(graph.nodes[room].get("job", "")), LETTERS) or [""]
        for room in graph
    }
    lines: list[str] = []
    span: dict[int, tuple[int, int]] = {}
    y = MARGIN + TITLE
    for row in rows:
        tall = 30 + LINE * max(len(jobs[place.room]) for place in row if not place.lane)
        span[row[0].floor] = (y, y + tall)
        y += tall + (DOWN if row[0].floor != len(rows) - 1 else DOWN + TITLE + FRAME)
    height = y - DOWN + FRAME + MARGIN
    for place in rows[0]:
        left, (top, bottom) = middle[place] - BOX / 2 - FRAME, span[place.floor]
        lines += _frame(place.room, left, top, BOX + 2 * FRAME, bottom)
    top = span[len(rows) - 2][0]
    lines += _frame(WRAPPER, MARGIN, top, WIDTH - 2 * MARGIN, height - MARGIN - FRAME)
    lines += _paths(links, middle, span)
    for place in sorted(links):
        if not place.lane:
            lines += _box(place.room, jobs[place.room], middle[place] - BOX / 2, span[place.floor])
    return "\n".join([*_head(height), *lines, "</svg>"]) + "\n"


def _head(height: float) -> Iterator[str]:
    size = f'width="{WIDTH}" height="{height:g}" viewBox="0 0 {WIDTH} {height:g}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    yield "<title>The distributions, their rooms, and who imports whom</title>"
    yield f"<style>{STYLE}</style>"
    yield MARKER
    yield f'<rect class="page" width="{WIDTH}" height="{height:g}"/>'


def _frame(package: str, x: float, top: float, width: float, bottom: float) -> Iterator[str]:
    """A distribution, around boxes that reach from `top` to `bottom`."""
    y, tall = top - TITLE, bottom - top + TITLE + FRAME
    yield f'<rect class="frame" x="{x:g}" y="{y:g}" width="{width:g}" height="{tall:g}"/>'
    yield f'<text class="title" x="{x + FRAME:g}" y="{top - 9:g}">{distribution(package)}</text>'


def _paths(
    links: Links, middle: dict[Place, float], span: dict[int, tuple[int, int]]
) -> Iterator[str]:
    """Curves between floors, straight lines along the lanes."""
    for place in sorted(links):
        if place.lane:
            top, bottom = span[place.floor]
            yield f'<path d="M{middle[place]:g} {top} V{bottom}"/>'
        for below in sorted(links.successors(place)):
            x1, y1 = _port(place, below, links.successors(place), middle), span[place.floor][1]
            x2, y2 = _port(below, place, links.predecessors(below), middle), span[below.floor][0]
            half = (y1 + y2) / 2
            end = "" if below.lane else ' marker-end="url(#a)"'
            yield f'<path d="M{x1:g} {y1} C{x1:g} {half:g} {x2:g} {half:g} {x2:g} {y2}"{end}/>'


def _port(place: Place, other: Place, others: Iterable[Place], middle: dict[Place, float]) -> float:
    """Where on the edge of `place` its arrow from or to `other` begins or ends."""
    if place.lane:
        return middle[place]
    along = sorted(others, key=lambda one: (middle[one], one))
    share = (along.index(other) + 1) / (len(along) + 1) - 0.5
    return round(middle[place] + share * BOX * 0.8)


def _box(room: str, job: Sequence[str], x: float, span: tuple[int, int]) -> Iterator[str]:
    top, bottom = span
    size = f'width="{BOX}" height="{bottom - top}"'
    yield f'<rect class="box" x="{x:g}" y="{top}" {size}/>'
    yield f'<text class="name" x="{x + 10:g}" y="{top + 20}">{escape(room)}</text>'
    for n, line in enumerate(job):
        yield f'<text x="{x + 10:g}" y="{top + 37 + LINE * n}">{escape(line)}</text>'


def main() -> int:
    """Write the picture, or look whether it is fresh; the exit code."""
    drawn = picture()
    if "--check" in sys.argv:
        fresh = PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == drawn
        print("fresh" if fresh else f"{PICTURE.relative_to(ROOT)} is stale: run `make docs`")
        return 0 if fresh else 1
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
