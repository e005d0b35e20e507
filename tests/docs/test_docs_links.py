"""Every link in every page leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.docs_blocks import ROOT, pages, prose

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PAGES = pages()


def anchors(page: Path) -> set[str]:
    """The anchors of the page's headings, as they are made where it is shown."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {text.replace(" ", "-") for text in kept}


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_links_resolve(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith(("http:", "https:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_of_the_documents_is_reached_from_an_index() -> None:
    for index in (ROOT / "docs").rglob("README.md"):
        linked = {(index.parent / link).resolve() for link in LINK.findall(prose(index))}
        missing = set(index.parent.glob("*.md")) - linked - {index}
        assert not missing, f"{index} does not link {sorted(map(str, missing))}"


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_no_page_installs_the_unrelated_package_of_that_name(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"pip install [^\n`]*['\" ]pytg(?![-/\w.])", text)
