"""The how-to pages with a star in their index do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.docs_blocks import ROOT, blocks, play, write_files

pytestmark = pytest.mark.slow

HOW_TO = ROOT / "docs" / "how-to"
ROWS = re.findall(r"^\| \[.*\]\((.*)\)( \*)? \|", (HOW_TO / "README.md").read_text(), re.MULTILINE)
STARRED = [name for name, star in ROWS if star]


@pytest.mark.parametrize("name", STARRED)
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    page = HOW_TO / name
    if "tutorial" in page.read_text():
        write_files(ROOT / "docs" / "tutorial.md", tmp_path)
    assert play(page, tmp_path) > 0


def test_the_index_has_every_page_and_a_star_where_there_is_something_to_run() -> None:
    assert sorted(name for name, _ in ROWS) == sorted(
        page.name for page in HOW_TO.glob("*.md") if page.name != "README.md"
    )
    played = {n for n, _ in ROWS if any(b.kind == "console" for b in blocks(HOW_TO / n))}
    assert played == set(STARRED)
