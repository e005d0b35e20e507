"""Metrics that AWS services publish by themselves. Gap filled: moto publishes none.

S3 replication (of rules with metrics): ReplicationLatency, BytesPendingReplication and
OperationsPendingReplication in the destination's region, OperationsFailedReplication in the
source's. SQS: what is visible, in flight, and how old.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from moto.s3.models import FakeBucket
from moto.sqs.models import sqs_backends

from pytg_sandbox.emf import Metric
from pytg_sandbox.s3_rules import Rule
from pytg_sandbox.services import State
from pytg_sandbox.services.metrics import publish
from pytg_sandbox.services.s3_replication import Version, find_bucket

FAST_TICK_SECONDS = 0.4
TICK_SECONDS = 5.0
Pipe = tuple[str, str, str, str, str]  # account, region, source, destination, rule


def install(state: State) -> None:
    """Begin to publish."""
    gauges = Gauges(state)
    state.on_copy.append(gauges.copied)
    state.on_reset.append(gauges.forget)
    state.work.every(FAST_TICK_SECONDS, gauges.tick)


class Gauges:
    """What waits for replication, and what waits in queues."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._pipes: dict[Pipe, dict[int, tuple[float, int]]] = {}
        self._busy: set[str] = set()
        self._last = 0.0

    def forget(self) -> None:
        """Know nothing that waits."""
        with self._lock:
            self._pipes.clear()
            self._busy.clear()

    def copied(
        self, bucket: FakeBucket, rule: Rule, version: Version, *, waits: bool, failed: bool
    ) -> None:
        """Note that a version begins to wait, or is done."""
        if not rule.metrics:
            return
        region, account = bucket.region_name, bucket.account_id
        pipe = (account, region, bucket.name, rule.target, rule.identity)
        now = time.time()
        with self._lock:
            waiting = self._pipes.setdefault(pipe, {})
            if waits:
                waiting[id(version)] = (now, int(getattr(version, "size", 0) or 0))
                return
            since, _ = waiting.pop(id(version), (now, 0))
        if failed:
            self._publish(pipe, region, "OperationsFailedReplication", 1, "Count")
        else:
            self._publish(pipe, _target_region(pipe), "ReplicationLatency", now - since, "Seconds")

    def tick(self) -> None:
        """Publish the gauges, often when the sandbox's clock is fast."""
        now = time.monotonic()
        if self._state.pace.factor == 1 and now - self._last < TICK_SECONDS:
            return
        self._last = now
        with self._lock:
            pipes = {pipe: list(waiting.values()) for pipe, waiting in self._pipes.items()}
        for pipe, waiting in pipes.items():
            region = _target_region(pipe)
            oldest = min((since for since, _ in waiting), default=time.time())
            self._publish(pipe, region, "ReplicationLatency", time.time() - oldest, "Seconds")
            size = sum(size for _, size in waiting)
            self._publish(pipe, region, "BytesPendingReplication", size, "Bytes")
            self._publish(pipe, region, "OperationsPendingReplication", len(waiting), "Count")
            self._publish(pipe, pipe[1], "OperationsFailedReplication", 0, "Count")
        self._queues()

    def _publish(self, pipe: Pipe, region: str, name: str, value: float, unit: str) -> None:
        account, _, source, destination, rule = pipe
        dimensions = (
            ("SourceBucket", source),
            ("DestinationBucket", destination),
            ("RuleId", rule),
        )
        metric = Metric("AWS/S3", name, float(value), unit, dimensions, time.time())
        publish(account, region, metric)

    def _queues(self) -> None:
        for account, regions in list(sqs_backends.items()):
            for region, backend in list(regions.items()):
                for queue in list(backend.queues.values()):
                    self._queue(account, region, queue)

    def _queue(self, account: str, region: str, queue: Any) -> None:
        """An idle queue is silent, after one value that says so."""
        messages = list(queue._messages)  # noqa: SLF001 - with those in flight
        if not messages and queue.queue_arn not in self._busy:
            return
        (self._busy.add if messages else self._busy.discard)(queue.queue_arn)
        now = time.time()
        visible = [message for message in messages if message.visible and not message.delayed]
        oldest = min((message.sent_timestamp for message in messages), default=now * 1000)
        dimensions = (("QueueName", queue.name),)
        for name, value, unit in (
            ("ApproximateNumberOfMessagesVisible", len(visible), "Count"),
            ("ApproximateNumberOfMessagesNotVisible", len(messages) - len(visible), "Count"),
            ("ApproximateAgeOfOldestMessage", max(0.0, now - oldest / 1000), "Seconds"),
        ):
            publish(account, region, Metric("AWS/SQS", name, float(value), unit, dimensions, now))


def _target_region(pipe: Pipe) -> str:
    found = find_bucket(pipe[3])
    return found.region_name if found else pipe[1]
