"""`pytg sandbox` where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytg.cli.main import group
from pytg.errors import Refused


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PYTG_SANDBOX_DIR", raising=False)
    (tmp_path / "config.yaml").write_text("")
    return tmp_path


def test_status_is_refused_but_tells_programs(root: Path) -> None:
    result = CliRunner().invoke(group, ["-C", str(root), "sandbox", "status", "--json"])
    assert isinstance(result.exception, Refused)
    assert json.loads(result.stdout) == {"running": False}


def test_stop_is_content(root: Path) -> None:
    result = CliRunner().invoke(group, ["-C", str(root), "sandbox", "stop"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "was not running" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["reset"], ["lag", "s3", "1"], ["pause", "s3", "us-east-1", "eu-west-1"], ["resume"]],
)
def test_control_needs_a_running_sandbox(root: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(group, ["-C", str(root), "sandbox", *arguments])
    assert isinstance(result.exception, Refused)
    assert "pytg sandbox start" in result.exception.hint


@pytest.mark.parametrize(
    "arguments",
    [["lag", "s3", "-1"], ["lag", "s3"], ["pause", "sqs", "a", "b"], ["start", "--port", "70000"]],
)
def test_wrong_usage(root: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(group, ["-C", str(root), "sandbox", *arguments])
    assert result.exit_code == 2  # what click says; the boundary makes it 4
