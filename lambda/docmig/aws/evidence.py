"""Reads what the checks of a gate ask for. Whatever cannot be read is no evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from docmig import keys
from docmig.aws import clients
from docmig.aws.control_table import ControlTable
from docmig.control import State
from docmig.gates import Point
from docmig.readiness import (
    ActiveState,
    Alarm,
    Locks,
    Metric,
    Probe,
    Queue,
    RecoveryPoint,
    RunningJobs,
    Verified,
)

_UNFINISHED: list[Any] = ["Active", "Completing", "New", "Paused", "Pausing", "Preparing", "Ready"]
_MESSAGES: list[Any] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Reads probes; `now` is the moment of the gate (seconds)."""

    control: ControlTable
    account_id: str
    now: float

    def points(self, probe: Probe, window: float) -> list[Point]:
        """Datapoints of the last `window` seconds. Raises what the AWS call raises."""
        readers: Mapping[type, Callable[[Any, float], list[Point]]] = {
            ActiveState: self._active,
            Alarm: self._alarm,
            Locks: self._locks,
            Metric: self._metric,
            Queue: self._queue,
            RecoveryPoint: self._recovery,
            RunningJobs: self._jobs,
            Verified: self._verified,
        }
        return readers[type(probe)](probe, window)

    def _here(self, value: float) -> list[Point]:
        return [Point(self.now, value)]

    def _active(self, probe: ActiveState, _: float) -> list[Point]:
        control = self.control.control()
        right = control.state is State.ACTIVE and control.active_region == probe.region
        return self._here(float(right))

    def _alarm(self, probe: Alarm, _: float) -> list[Point]:
        if not probe.name:
            return []
        answer = clients.cloudwatch(probe.region).describe_alarms(
            AlarmNames=[probe.name], AlarmTypes=["CompositeAlarm", "MetricAlarm"]
        )
        alarms: list[Any] = [*answer.get("CompositeAlarms", []), *answer.get("MetricAlarms", [])]
        return [Point(self.now, float(alarm["StateValue"] == "OK")) for alarm in alarms]

    def _metric(self, probe: Metric, window: float) -> list[Point]:
        dimensions = [{"Name": n, "Value": v} for n, v in sorted(probe.dimensions.items())]
        pages = clients.cloudwatch(probe.region).get_paginator("get_metric_data")
        query: Any = {
            "Id": "m",
            "MetricStat": {
                "Metric": {
                    "Namespace": probe.namespace,
                    "MetricName": probe.name,
                    "Dimensions": dimensions,
                },
                "Period": probe.period,
                "Stat": probe.statistic,
            },
        }
        found = pages.paginate(
            MetricDataQueries=[query],
            StartTime=datetime.fromtimestamp(self.now - window, UTC),
            EndTime=datetime.fromtimestamp(self.now, UTC),
        )
        points = [
            Point(at.timestamp(), float(value))
            for page in found
            for result in page["MetricDataResults"]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True)
        ]
        if not probe.until_verified:
            return points
        # A point counts for the period that begins with it. Zeros stay: they say that S3 reports.
        listed = self._verified_from(probe.region)
        return [p for p in points if p.value == 0 or p.at + probe.period > listed]

    def _verified_from(self, region: str) -> float:
        """When the newest verification listed the documents of `region`; 0 unless it was clean."""
        item = self.control.get(keys.verification()) or {}
        clean = item.get("mismatched") == 0 and item.get("checked", 0) > 0
        if not clean or item.get("listed_region") != region:
            return 0.0
        return float(item.get("listed_at_ms") or 0) / 1000

    def _queue(self, probe: Queue, _: float) -> list[Point]:
        return self._here(sum(messages(probe).values()))

    def _verified(self, probe: Verified, _: float) -> list[Point]:
        item = self.control.get(keys.verification())
        if item is None or probe.attribute not in item:
            return []
        return [Point(float(item["finished_at_ms"]) / 1000, float(item[probe.attribute]))]

    def _jobs(self, probe: RunningJobs, _: float) -> list[Point]:
        answer = clients.s3control(probe.region).list_jobs(
            AccountId=self.account_id, JobStatuses=_UNFINISHED, MaxResults=100
        )
        return self._here(len(answer.get("Jobs", [])))

    def _locks(self, probe: Locks, _: float) -> list[Point]:
        answer = clients.table(probe.table, probe.region).scan(
            FilterExpression="attribute_exists(Info)", ConsistentRead=True
        )
        return self._here(len(answer["Items"]))

    def _recovery(self, probe: RecoveryPoint, window: float) -> list[Point]:
        answer = clients.backup(probe.region).list_recovery_points_by_resource(
            ResourceArn=probe.resource_arn
        )
        since = self.now - window
        made = [
            point["CreationDate"].timestamp()
            for point in answer.get("RecoveryPoints", [])
            if point.get("Status") == "COMPLETED"
        ]
        return [Point(at, 1.0) for at in made if since <= at <= self.now]


def messages(queue: Queue) -> dict[str, int]:
    """Counts of messages by SQS's attribute name."""
    answer: Any = clients.sqs(queue.region).get_queue_attributes(
        QueueUrl=queue.url, AttributeNames=_MESSAGES
    )
    return {name: int(answer["Attributes"][name]) for name in _MESSAGES}
