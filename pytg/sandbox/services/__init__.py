"""pytg's extensions of moto, one module a service.

A service module has `install(state: State) -> None`, which patches moto once, at start. To add a
service: write the module and name it in SERVICES.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytg.sandbox.background import Background
from pytg.sandbox.replication import ReplicationQueue
from pytg.sandbox.services.turns import Turn

SERVICES = (
    "core",
    "iam",
    "s3",
    "s3_configuration",
    "s3_replication",
    "s3control",
    "dynamodb",
    "dynamodb_global",
    "sqs",
    "awslambda",
    "delivery",
)

# Delivers a text to the resource with an ARN; options are the service's own. Raises when it cannot.
Sender = Callable[..., None]


@dataclass(frozen=True)
class State:
    """What the extensions share.

    Requests of S3 and of DynamoDB run one at a time, in turns; take `s3` before `dynamodb` when
    both are needed. Never call a Lambda function while holding either: it calls back.

    work: what goes on after a request is answered.
    senders: by service, as in an ARN, what delivers to it; use `send`.
    controls: further actions of the control URL, with the request's document.
    told: further parts of `status`.
    on_reset: what empties the extensions' own state; moto's is emptied by itself.
    """

    queue: ReplicationQueue
    directory: Path
    work: Background = field(default_factory=Background)
    s3: Turn = field(default_factory=Turn)
    dynamodb: Turn = field(default_factory=Turn)
    senders: dict[str, Sender] = field(default_factory=dict)
    controls: dict[str, Callable[[Mapping[str, Any]], None]] = field(default_factory=dict)
    told: dict[str, Callable[[], Any]] = field(default_factory=dict)
    on_reset: list[Callable[[], None]] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything, as after a fresh start."""
        from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415 - needs moto

        with self.s3, self.dynamodb:
            self.queue.clear()
            self.work.clear()
            for forget in self.on_reset:
                forget()
            moto_api_backend.reset()

    def send(self, arn: str, text: str, **options: Any) -> None:
        """Deliver `text` to a queue, topic, function, bus, log group or state machine.

        Raises LookupError for a service that nothing is delivered to, and what the service says
        when it has no such resource.
        """
        service = arn.split(":")[2]
        if service not in self.senders:
            raise LookupError(f"the sandbox delivers nothing to {arn}")
        self.senders[service](arn, text, **options)

    def describe(self) -> dict[str, Any]:
        """All of `status`."""
        parts = {name: tell() for name, tell in sorted(self.told.items())}
        return {**self.queue.describe(), "work": self.work.describe(), **parts}


def install(queue: ReplicationQueue, directory: Path) -> State:
    """Patch moto in this process. `directory` keeps the code of Lambda functions."""
    state = State(queue, directory)
    for name in SERVICES:
        importlib.import_module(f"{__name__}.{name}").install(state)
    return state
