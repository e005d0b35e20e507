"""SQS.

Gaps filled:

- queues lose messages, or give one to two receivers, when requests run in parallel;
- `RedriveAllowPolicy` is lost, and `RedrivePolicy` is read back with other white space;
- a change of other attributes takes a queue's policy away;
- a message sent with an event source mapping present is handled before the request is answered.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from moto.sqs.models import Queue, SQSBackend

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State

COMPACT = (",", ":")
LONGEST_WAIT_SECONDS = 0.25


def install(_state: State) -> None:
    """Patch moto's SQS."""
    _one_at_a_time()
    _attributes()


def _one_at_a_time() -> None:
    lock = threading.RLock()
    for owner, name in (
        (Queue, "add_message"),
        (Queue, "delete_message"),
        (SQSBackend, "purge_queue"),
        (SQSBackend, "change_message_visibility"),
    ):

        @replacing(owner, name)
        def act(original: Method, self: Any, *args: Any, **kwargs: Any) -> Any:
            with lock:
                return original(self, *args, **kwargs)

    @replacing(SQSBackend, "receive_message")
    def receive_message(
        original: Method,
        self: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        deadline = time.monotonic() + wait_seconds_timeout
        while True:
            with lock:
                found = original(self, queue_name, count, 0, *args, **kwargs)
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            self.get_queue(queue_name).wait_for_messages(min(left, LONGEST_WAIT_SECONDS))


def _attributes() -> None:
    Queue.BASE_ATTRIBUTES.append("RedriveAllowPolicy")
    setattr(Queue, "redrive_allow_policy", None)  # noqa: B010 - moto has no such attribute

    shown: Any = Queue.attributes

    def attributes(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = shown.fget(self)
        if self.redrive_policy:
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=COMPACT)
        return {name: value for name, value in found.items() if value not in (None, "")}

    setattr(Queue, "attributes", property(attributes))  # noqa: B010 - for mypy

    @replacing(Queue, "_set_attributes")
    def set_attributes(
        original: Method, self: Any, attributes: dict[str, Any], now: Any = None
    ) -> None:
        policy = getattr(self, "policy", None) if hasattr(self, "_policy_json") else None
        original(self, attributes, now)
        if "Policy" not in attributes and policy:
            self.policy = policy
