"""An AWS of two regions with the state machines, inside the test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from machine_world import MachineWorld
from moto import mock_aws


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[MachineWorld]:
    """The machines, whose functions answer nothing yet."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        world = MachineWorld(monkeypatch)
        world.build()
        yield world
