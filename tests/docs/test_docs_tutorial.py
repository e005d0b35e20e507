"""What the tutorial says is what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.docs_blocks import ROOT, matches, play

pytestmark = pytest.mark.slow

TUTORIAL = ROOT / "docs" / "tutorial.md"


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    assert play(TUTORIAL, tmp_path) > 20


@pytest.mark.parametrize(
    ("expected", "output", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("...\nc\n", "a\nb\nc\n", True),
        ("...\nb\n", "a\nb\nc\n", False),
        ("in ...: 3 done\n", "in 0s: 3 done\n", True),
        ("in ...: 3 done\n", "in 0s: 4 done\n", False),
        ("", "", True),
        ("", "a\n", False),
        ("...\n", "", True),
    ],
)
def test_expected_output_is_compared(expected: str, output: str, same: bool) -> None:  # noqa: FBT001 - a table
    assert matches(expected, output) is same
