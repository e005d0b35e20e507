"""Readiness is said, or why it is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from docmig_console.platform import StatesUnreadableError
from docmig_console.status import _readiness
from pytg.errors import Refused


@dataclass
class Platform:
    """A platform that has alarms in these states, or whose outputs cannot be had."""

    alarms: tuple[str, ...] = ()
    error: Exception | None = None

    def outputs(self, module: str, region: str) -> dict[str, Any]:
        assert (module, region) == ("monitoring", "us-east-1")
        if self.error:
            raise self.error
        return {"composite_alarm_name": "ready"}

    def client(self, service: str, region: str) -> Platform:
        assert (service, region) == ("cloudwatch", "us-east-1")
        return self

    def describe_alarms(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"AlarmNames": ["ready"], "AlarmTypes": ["CompositeAlarm"]}
        return {"CompositeAlarms": [{"StateValue": state} for state in self.alarms]}


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        (Platform(("OK",)), "OK"),
        (Platform(), "not monitored"),
        (Platform(error=Refused("no unit")), "not monitored"),
        (Platform(error=StatesUnreadableError("no")), "unknown: the states cannot be read"),
    ],
)
def test_readiness(platform: Any, said: str) -> None:
    assert _readiness(platform, "us-east-1") == said
