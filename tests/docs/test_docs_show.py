"""Each of the things that are asked about has one command, and it names a test that is there."""

from __future__ import annotations

import re

import pytest

from support.docs_blocks import ROOT, Block, blocks

PAGE = ROOT / "docs" / "how-to" / "show.md"
PHRASES = [
    "Existing object replication",
    "Less than 1 second",
    "Cross-account",
    "Data sources",
    "Pause and resume",
    "Rollback",
]


def test_every_phrase_has_a_section_with_one_command() -> None:
    assert re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == PHRASES
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert [section.count("```sh\n") for section in sections] == [1] * len(PHRASES)


@pytest.mark.parametrize("block", list(blocks(PAGE)), ids=PHRASES)
def test_the_command_runs_a_test(block: Block) -> None:
    command, _, rest = block.text.strip().partition(" ")
    file, _, name = rest.partition("::")
    assert command == ".venv/bin/pytest"
    source = (ROOT / file).read_text(encoding="utf-8")
    assert f"\ndef {name}(" in source or (not name and "\ndef test_" in source)
