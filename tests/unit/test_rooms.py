"""Who may import whom, as docs/decisions/0001-rooms.md says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "decisions" / "0001-rooms.md"
PACKAGE = ROOT / "pytg"
OTHERS = {"pytg_sandbox": ROOT / "sandbox", "docmig_console": ROOT / "console"}
PUBLIC = frozenset({"__version__", "emulator", "errors", "files", "model", "plugin", "project"})
PURE = frozenset(
    {"errors", "exact_json", "files", "suggest", "model", "emulator", "config", "graph"}
    | {"generate", "compose"}
)
CALLS_AWS = frozenset({"aws", "state", "plugin"})
STARTS_PROCESSES = frozenset({"terraform", "git", "processes"})
OUTSIDE = frozenset({"subprocess", "socket", "boto3", "botocore", "moto", "click", "psutil"})


def ranks() -> dict[str, int]:
    """Each room and its place in the page's list; rooms of one group have the same."""
    line = next(line for line in PAGE.read_text().splitlines() if line.startswith("`errors`"))
    groups = [group.replace("`", "").split(", ") for group in line.split(" · ")]
    return {room: place for place, group in enumerate(groups) for room in group}


RANKS = ranks()
FILES = sorted(PACKAGE.rglob("*.py"))
OTHER_FILES = sorted(file for top, where in OTHERS.items() for file in (where / top).rglob("*.py"))


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
        if top == "pytg":
            other = rest.split(".")[0]
            forbidden = other in RANKS and other != room and RANKS[other] >= RANKS[room]
        else:
            forbidden = (
                top in OTHERS
                or top == "moto"
                or (room in PURE and top in OUTSIDE)
                or (room not in CALLS_AWS and top in {"boto3", "botocore"} and room != "cli")
                or (room not in STARTS_PROCESSES and top == "subprocess")
            )
        if forbidden:
            yield f"{file.relative_to(ROOT)} imports {name}"


def test_the_page_lists_every_room() -> None:
    assert set(RANKS) == {room_of(file) for file in FILES} - {"__init__", "__main__"}


@pytest.mark.parametrize("room", sorted(RANKS))
def test_a_room_imports_only_what_stands_above_it(room: str) -> None:
    assert [v for file in FILES if room_of(file) == room for v in violations(file)] == []


@pytest.mark.parametrize("file", OTHER_FILES, ids=lambda file: file.stem)
def test_the_others_use_what_is_public(file: Path) -> None:
    used = {name for name in imports(file) if name.partition(".")[0] == "pytg"}
    private = {n for n in used if n.split(".")[1] not in PUBLIC or re.search(r"\._[a-z]", n)}
    assert private == set()
    own = file.relative_to(OTHERS["pytg_sandbox"].parent).parts[1]
    assert not {n for n in imports(file) if n.partition(".")[0] in OTHERS.keys() - {own}}


def test_an_upward_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "pytg")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "pytg" / "graph" / "build.py"
    file.parent.mkdir(parents=True)
    lines = (
        "import subprocess\nfrom pytg.model import Unit\n\n\n"
        "def f():\n    import pytg.run.options\n    import pytg_sandbox.control\n"
    )
    file.write_text(lines)
    assert list(violations(file)) == [
        "pytg/graph/build.py imports subprocess",
        "pytg/graph/build.py imports pytg.run.options",
        "pytg/graph/build.py imports pytg_sandbox.control",
    ]


def test_nothing_of_the_others_is_loaded_for_a_project() -> None:
    code = (
        "import sys, pytg.project, pytg.cli.doctor; "
        "sys.exit(bool({'moto', 'pytg_sandbox', 'docmig_console'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
