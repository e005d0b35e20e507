"""The rooms of the three distributions, and who imports whom, read from the code."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).resolve().parents[1]
WRAPPER = "pytg"
PACKAGES = {
    WRAPPER: ROOT,
    "pytg_sandbox": ROOT / "sandbox",
    "docmig_console": ROOT / "console",
}


def room_of(module: str) -> str | None:
    """The room that a module belongs to: a package or module below `pytg`, or another package."""
    top, _, rest = module.partition(".")
    if top != WRAPPER:
        return top if top in PACKAGES else None
    return rest.split(".")[0] or None


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a file imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == WRAPPER:
            yield from (f"{WRAPPER}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@cache
def rooms() -> nx.DiGraph[str]:
    """Who imports whom, frozen; each room has its `job`, the first line of its docstring."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for package, directory in PACKAGES.items():
        for file in sorted((directory / package).rglob("*.py")):
            parts = file.relative_to(directory).with_suffix("").parts
            module = ".".join(part for part in parts if part not in {"__init__", "__main__"})
            room = room_of(module)
            if room is None:
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"))
            graph.add_node(room)
            if module in {room, f"{WRAPPER}.{room}"}:
                text = ast.get_docstring(tree) or ""
                graph.nodes[room]["job"] = text.split("\n")[0].rstrip(".").replace("`", "")
            for other in map(room_of, imported(tree)):
                if other and other not in {room, "__version__"}:
                    graph.add_edge(room, other)
    nx.freeze(graph)
    return graph


def distribution(package: str) -> str:
    """The name that `package` is installed by."""
    text = (PACKAGES[package] / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["name"])


def arrows(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """`graph` without what follows from other arrows. Exits where rooms import in a circle."""
    try:
        reduced: nx.DiGraph[str] = nx.transitive_reduction(graph)
    except nx.NetworkXError:
        circle = [source for source, _ in nx.find_cycle(graph)]
        sys.exit(f"rooms import each other: {' -> '.join([*circle, circle[0]])}")
    return reduced
