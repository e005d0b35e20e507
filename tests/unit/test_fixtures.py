"""What the tests share is made once."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_one_conftest_alone_has_the_sandbox_server() -> None:
    """A session fixture that a second conftest imports is a second server."""
    having = [p for p in TESTS.rglob("conftest.py") if "import sandbox" in p.read_text("utf-8")]
    assert having == [TESTS / "conftest.py"]
