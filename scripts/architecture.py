"""Draw the rooms and their imports: `docs/images/rooms.svg`; with `--check`, say if it is stale.

A box is a room, an arrow "imports". Arrows that follow from others are left out. The order of
the rooms and the job of each come from the code, so that the picture cannot drift from it.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "rooms.svg"
PACKAGES = {
    "pytg": ROOT / "pytg",
    "pytg_sandbox": ROOT / "sandbox" / "pytg_sandbox",
    "docmig_console": ROOT / "console" / "docmig_console",
}
WIDTH, BOX, TALL, ACROSS, DOWN = 980, 212, 66, 16, 46
MARKER = (
    '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
)
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .name { font-weight: 600; font-size: 14px }
  rect { fill: #f6f8fa; stroke: #59636e; rx: 6 }
  .other { fill: #ddf4ff }
  .page { fill: #ffffff; stroke: none; rx: 0 }
  path { fill: none; stroke: #59636e; stroke-width: 1.2 }
  marker path { fill: #59636e; stroke: none }
"""


def room_of(module: str) -> str | None:
    """The room that a module belongs to: a package or module below `pytg`, or another package."""
    top, _, rest = module.partition(".")
    if top != "pytg":
        return top if top in PACKAGES else None
    return rest.split(".")[0] or None


def imported(file: Path) -> Iterator[str]:
    """The modules that `file` imports, wherever the import stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module if node.module != "pytg" else f"pytg.{node.names[0].name}"


def rooms() -> nx.DiGraph[str]:
    """Who imports whom; each node has its `job`, the first line of its docstring."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for package, directory in PACKAGES.items():
        for file in sorted(directory.rglob("*.py")):
            parts = file.relative_to(directory).with_suffix("").parts
            room = package if package != "pytg" else parts[0]
            if room == "__init__":
                continue
            graph.add_node(room)
            own = file.name == "__init__.py" or len(parts) == 1
            if own and len(parts) <= 2 and (package == "pytg" or len(parts) == 1):  # noqa: PLR2004
                text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
                if package == "pytg" or file.name == "__init__.py":
                    graph.nodes[room]["job"] = text.split("\n")[0]
            for module in imported(file):
                other = room_of(module)
                if other and other not in {room, "__version__"}:
                    graph.add_edge(room, other)
    return graph


def floors(graph: nx.DiGraph[str]) -> list[list[str]]:
    """Rooms by how far they are from what imports nothing, the top floor first."""
    height: dict[str, int] = {}
    for room in reversed(list(nx.topological_sort(graph))):
        height[room] = 1 + max((height[below] for below in graph.successors(room)), default=-1)
    top = max(height.values())
    return [sorted(room for room in graph if height[room] == n) for n in range(top, -1, -1)]


def picture() -> str:
    """The drawing."""
    graph = rooms()
    plain: nx.DiGraph[str] = nx.transitive_reduction(graph)
    place: dict[str, tuple[float, float]] = {}
    levels = floors(graph)
    for level, row in enumerate(levels):
        wide = len(row) * BOX + (len(row) - 1) * ACROSS
        for n, room in enumerate(_arranged(row, plain, place)):
            place[room] = ((WIDTH - wide) / 2 + n * (BOX + ACROSS), 12 + level * (TALL + DOWN))
    height = 24 + len(levels) * (TALL + DOWN) - DOWN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Rooms of pytg and who imports whom</title>",
        f"<style>{STYLE}</style>",
        MARKER,
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
    ]
    for upper, lower in sorted(plain.edges):
        x1, y1 = place[upper][0] + BOX / 2, place[upper][1] + TALL
        x2, y2 = place[lower][0] + BOX / 2, place[lower][1] - 2
        middle = y1 + DOWN / 2
        curve = f"M{x1:g} {y1:g} C{x1:g} {middle + 14:g} {x2:g} {y2 - 36:g} {x2:g} {y2:g}"
        lines.append(f'<path d="{curve}" marker-end="url(#a)"/>')
    for room, (x, y) in sorted(place.items()):
        lines += _box(room, str(graph.nodes[room].get("job", "")), x, y)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _arranged(
    row: list[str], graph: nx.DiGraph[str], place: dict[str, tuple[float, float]]
) -> list[str]:
    """Each room below what imports it."""

    def middle(room: str) -> float:
        above = [place[other][0] for other in graph.predecessors(room) if other in place]
        return sum(above) / len(above) if above else WIDTH / 2

    return sorted(row, key=lambda room: (middle(room), room))


def _box(room: str, job: str, x: float, y: float) -> Iterator[str]:
    kind = ' class="other"' if room in PACKAGES else ""
    yield f'<rect{kind} x="{x:g}" y="{y:g}" width="{BOX}" height="{TALL}"/>'
    yield f'<text class="name" x="{x + 9:g}" y="{y + 19:g}">{escape(room)}</text>'
    for n, line in enumerate(textwrap.wrap(job.rstrip("."), 31)[:3]):
        yield f'<text x="{x + 9:g}" y="{y + 35 + 13 * n:g}">{escape(line)}</text>'


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
