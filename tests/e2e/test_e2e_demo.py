"""`make demo`, from the side of the tests: the main job, on real documents, to the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def test_the_demo_is_true() -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTG_")}
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo.py"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "All of it was true" in done.stdout
