"""`pytg sandbox` from start to stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytg.cli.main import group

pytestmark = pytest.mark.slow


def test_a_sandbox_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTG_SANDBOX_DIR", str(tmp_path / "box"))
    (tmp_path / "config.yaml").write_text("")

    def pytg(*arguments: str) -> Result:
        result = CliRunner().invoke(group, ["-C", str(tmp_path), "sandbox", *arguments])
        assert result.exit_code == 0, result.output
        return result

    try:
        assert "runs at http://127.0.0.1:" in pytg("start").stderr
        assert "is running already" in pytg("start").stderr
        pytg("lag", "s3", "5")
        pytg("lag", "*", "1")
        pytg("lag", "s3", "5")
        pytg("pause", "dynamodb", "us-east-1", "eu-west-1")
        told = json.loads(pytg("status", "--json").stdout)
        assert told["running"] is True
        assert told["config_file"] == str(tmp_path / "box" / "aws.ini")
        assert told["replication"]["lag_seconds"] == {"s3": 5}
        lines = pytg("status").stdout.splitlines()
        assert lines[2:] == [
            "replication lag: 1 s",
            "replication lag of s3: 5 s",
            "paused: dynamodb from us-east-1 to eu-west-1",
        ]
        pytg("fail", "ingest", "--rate", "0.2")
        pytg("outage", "us-east-1", "on")
        pytg("pace", "60")
        told_lines = pytg("status").stdout.splitlines()
        assert "down: us-east-1" in told_lines
        assert "failing: 0.2 of the invocations of ingest" in told_lines
        assert "pace of schedules and alarms: 60" in told_lines
        pytg("outage", "us-east-1", "off")
        pytg("resume")
        assert "paused" not in pytg("status").stdout
        pytg("reset")
        assert "replication lag: 0.25 s" in pytg("status").stdout
    finally:
        assert "is stopped" in pytg("stop").stderr
