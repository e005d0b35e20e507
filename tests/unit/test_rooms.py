"""Rooms import only downward, as docs/decisions/0001-rooms.md says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "decisions" / "0001-rooms.md"
PACKAGE = ROOT / "pytg"
PURE = frozenset({"errors", "files", "model", "config", "graph", "generate", "compose"})
WITHOUT_AWS = PURE | {"terraform", "run", "report"}
STARTS_PROCESSES = frozenset({"terraform", "sandbox"})
OUTSIDE = frozenset({"subprocess", "socket", "boto3", "botocore", "moto", "click"})


def ranks() -> dict[str, int]:
    """Each room and its place in the page's list; rooms of one group have the same."""
    line = next(line for line in PAGE.read_text().splitlines() if line.startswith("`errors`"))
    groups = [group.replace("`", "").split(", ") for group in line.split(" · ")]
    return {room: place for place, group in enumerate(groups) for room in group}


RANKS = ranks()
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> Iterator[str]:
    """Every module that `file` imports, wherever the import stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: write the whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def violations(file: Path) -> Iterator[str]:
    room = room_of(file)
    for name in imports(file):
        top, _, rest = name.partition(".")
        if top != "pytg":
            forbidden = (
                (room in PURE and top in OUTSIDE)
                or (room in WITHOUT_AWS and top in {"boto3", "botocore", "moto"})
                or (room not in STARTS_PROCESSES and top == "subprocess")
                or (room != "sandbox" and top == "moto")
            )
        else:
            other = rest.split(".")[0]
            forbidden = other in RANKS and RANKS[other] > RANKS[room]
            forbidden |= other == "cli" and room not in {"cli", "migration"}
            forbidden |= other == "migration" and room != "migration"
            forbidden |= other == "sandbox" and room not in {"cli", "sandbox"}
        if forbidden:
            yield f"{file.relative_to(ROOT)} imports {name}"


def test_the_page_lists_every_room() -> None:
    assert set(RANKS) == {room_of(file) for file in FILES} - {"__init__"}


@pytest.mark.parametrize("room", sorted(RANKS))
def test_a_room_imports_only_what_stands_above_it(room: str) -> None:
    assert [v for file in FILES if room_of(file) == room for v in violations(file)] == []


def test_an_upward_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "pytg")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "pytg" / "graph" / "build.py"
    file.parent.mkdir(parents=True)
    lines = (
        "import subprocess\nfrom pytg.model import Unit\n\n\ndef f():\n    import pytg.record.run\n"
    )
    file.write_text(lines)
    assert list(violations(file)) == [
        "pytg/graph/build.py imports subprocess",
        "pytg/graph/build.py imports pytg.record.run",
    ]
