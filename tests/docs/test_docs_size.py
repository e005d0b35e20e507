"""The figures of the page are what the simulation says today."""

from __future__ import annotations

import os
import sys

import pytest

from support.docs_blocks import ROOT, blocks
from support.process import run


@pytest.mark.slow
def test_the_figures_are_those_of_the_simulation() -> None:
    (block,) = blocks(ROOT / "docs" / "reference" / "size.md")
    command, _, figures = block.text.partition("\n")
    assert command == "$ cd lambda && python -m simulation"
    done = run([sys.executable, "-m", "simulation"], ROOT / "lambda", os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == figures.strip()
