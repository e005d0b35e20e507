"""The words that commands print stand in the glossary."""

from __future__ import annotations

import re

import pytest

from support.docs_blocks import ROOT

WORDS = ("wave", "layer", "stage", "bundle", "drift", "run", "record", "unit", "edge")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def explained() -> set[str]:
    cells = re.findall(r"^\| (.*?) \|", GLOSSARY, re.MULTILINE)
    return {word for cell in cells for word in cell.split(", ")}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_output_is_explained(word: str) -> None:
    assert word in explained()
