"""An answer to a task token is heard whenever it comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcomeSuccess,
)

from pytg_sandbox.services import states_tokens


@pytest.fixture(autouse=True)
def patched() -> Iterator[None]:
    original = CallbackEndpoint.setup_heartbeat_endpoint
    states_tokens.install()
    yield
    CallbackEndpoint.setup_heartbeat_endpoint = original  # type: ignore[method-assign]


def test_an_answer_before_the_first_heartbeat_is_heard_at_once() -> None:
    endpoint = CallbackEndpoint("token")
    endpoint.notify(CallbackOutcomeSuccess("token", "{}"))
    assert endpoint.setup_heartbeat_endpoint(heartbeat_seconds=0).clear_and_wait()


def test_silence_is_silence() -> None:
    heartbeats = CallbackEndpoint("token").setup_heartbeat_endpoint(heartbeat_seconds=0)
    assert not heartbeats.clear_and_wait()
