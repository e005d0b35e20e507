"""What the tests share is made once."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from support.process import run

TESTS = Path(__file__).parents[1]
SHARING = """
from pathlib import Path
import pytest

@pytest.fixture(scope="session")
def deployed(worker_id):
    Path(worker_id + ".made").touch()

@pytest.mark.parametrize("number", range(4))
def test_of_the_environment(deployed, number):
    pass
"""


def test_one_conftest_alone_has_the_sandbox_server() -> None:
    """A session fixture that a second conftest imports is a second server."""
    having = [p for p in TESTS.rglob("conftest.py") if "import sandbox" in p.read_text("utf-8")]
    assert having == [TESTS / "conftest.py"]


def test_tests_of_one_environment_stay_with_one_worker(tmp_path: Path) -> None:
    """With pytest 9.2, pytest-xdist 3.8 ignores the groups without a word."""
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "test_sharing.py").write_text(SHARING, "utf-8")
    options = ["-c", TESTS.parent / "pyproject.toml", "-n", "2", "--dist", "loadgroup"]
    ended = run([sys.executable, "-m", "pytest", *options, tmp_path], tmp_path, os.environ)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(list(tmp_path.glob("*.made"))) == 1
