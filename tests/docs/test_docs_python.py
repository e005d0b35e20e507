"""The examples of the page about Python run on the project of the tutorial."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.docs_blocks import ROOT, blocks, write_files

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "reference" / "python.md"


def test_the_examples_run_in_order(tmp_path: Path) -> None:
    write_files(ROOT / "docs" / "tutorial.md", tmp_path)
    examples = [block for block in blocks(PAGE) if block.kind == "python"]
    assert len(examples) > 5
    said = []
    for example in examples:
        command = [sys.executable, "-c", example.text]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{example.place}\n{done.stderr}"
        said.append(done.stdout)
    assert "lab/us-east-1/dev/network network us-east-1" in said[1]
    assert "'create': 1" in said[2]
    assert "stage 1: " in said[3]
    assert said[4].startswith("net-")
