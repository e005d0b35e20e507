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

from pytg_sandbox.background import Background
from pytg_sandbox.pace import Pace
from pytg_sandbox.replication import ReplicationQueue
from pytg_sandbox.services.outages import Outages
from pytg_sandbox.services.turns import Turn

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
    "events",
    "s3_events",
    "stepfunctions",
    "cloudwatch",
    "gauges",
    "backup",
    "datasync",
)

# Delivers a text to the resource with an ARN; options are the service's own. Raises when it cannot.
Sender = Callable[..., None]


@dataclass(frozen=True)
class State:
    """What the extensions share.

    Requests of S3 and of DynamoDB run one at a time, in turns; take `s3` before `dynamodb` when
    both are needed. Never call a Lambda function while holding either: it calls back.

    work: what goes on after a request is answered.
    pace: the clock of schedules and alarms.
    outages: the regions that are down.
    senders: by service, as in an ARN, what delivers to it; use `send`.
    controls: further actions of the control URL, with the request's document.
    told: further parts of `status`.
    on_copy: what is told, with `bucket, rule, version`, when an S3 object begins to wait for its
        replication (`waits`) and when that is over (`failed` or not).
    on_reset: what empties the extensions' own state; moto's is emptied by itself.
    """

    queue: ReplicationQueue
    directory: Path
    work: Background = field(default_factory=Background)
    pace: Pace = field(default_factory=Pace)
    outages: Outages = field(default_factory=Outages)
    s3: Turn = field(default_factory=Turn)
    dynamodb: Turn = field(default_factory=Turn)
    senders: dict[str, Sender] = field(default_factory=dict)
    controls: dict[str, Callable[[Mapping[str, Any]], None]] = field(default_factory=dict)
    told: dict[str, Callable[[], Any]] = field(default_factory=dict)
    on_copy: list[Callable[..., None]] = field(default_factory=list)
    on_reset: list[Callable[[], None]] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything, as after a fresh start."""
        from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415 - needs moto

        with self.s3, self.dynamodb:
            self.queue.clear()
            self.work.clear()
            self.pace.reset()
            self.outages.forget()
            for forget in self.on_reset:
                forget()
            moto_api_backend.reset()

    def copied(self, bucket: Any, rule: Any, version: Any, *, waits: bool, failed: bool) -> None:
        """Tell the listeners of `on_copy`."""
        for listener in self.on_copy:
            listener(bucket, rule, version, waits=waits, failed=failed)

    def send(self, arn: str, text: str, **options: Any) -> None:
        """Deliver `text` to a queue, topic, function, bus, log group or state machine.

        Raises LookupError for a service that nothing is delivered to, RegionIsDown in an outage,
        and what the service says when it has no such resource.
        """
        service = arn.split(":")[2]
        self.check_region(arn.split(":")[3])
        if service not in self.senders:
            raise LookupError(f"the sandbox delivers nothing to {arn}")
        self.senders[service](arn, text, **options)

    def check_region(self, region: str) -> None:
        """Raise RegionIsDown in an outage of the region."""
        self.outages.check(region)

    def describe(self) -> dict[str, Any]:
        """All of `status`."""
        parts = {name: tell() for name, tell in sorted(self.told.items())}
        return {**self.queue.describe(), "work": self.work.describe(), **parts}


def install(queue: ReplicationQueue, directory: Path) -> State:
    """Patch moto in this process. `directory` keeps the code of Lambda functions."""
    state = State(queue, directory)
    state.controls.update(pace=state.pace.control, outage=state.outages.control)
    state.told.update(pace=lambda: state.pace.factor, outages=state.outages.describe)
    for name in SERVICES:
        importlib.import_module(f"{__name__}.{name}").install(state)
    return state
