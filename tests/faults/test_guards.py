"""The guards that can be taken out are where `guards.py` says; `make faults-guards` does it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from faults.guards import GUARDS, ROOT


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_can_be_taken_out(name: str, tmp_path: Path) -> None:
    guard = GUARDS[name]
    copy = tmp_path / guard.file
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / "pytg" / guard.file, copy)
    guard.take_out(tmp_path)
    compile(copy.read_text(encoding="utf-8"), guard.file, "exec")
