"""The README's example does what the README shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.docs_blocks import ROOT, play

pytestmark = pytest.mark.slow


def test_the_ten_lines_plan_and_apply_as_shown(tmp_path: Path) -> None:
    assert play(ROOT / "README.md", tmp_path) == 4
