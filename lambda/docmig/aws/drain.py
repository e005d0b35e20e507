"""What is seen of a drain: queues, marker, sentinel, lag and failures, in both regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docmig import keys, switching
from docmig.aws.control_table import ControlTable
from docmig.aws.evidence import Evidence, messages
from docmig.aws.objects import Documents
from docmig.aws.tables import MetadataTable
from docmig.control import Control
from docmig.gates import Point
from docmig.ingest import SENTINELS
from docmig.readiness import RULE_ID, Metric, Queue
from docmig.switching import Drain, Policy

FRESH_LAG_MS = 300_000
PERIOD = 60.0  # a datapoint of a minute is dated at its beginning


@dataclass(frozen=True, slots=True)
class Watch:
    """Marks the end of writes in the old region and looks for it in the new one. Maps by region."""

    account_id: str
    control_table: str
    metadata_table: str
    buckets: Mapping[str, str]
    consumers: Mapping[str, str]
    queues: tuple[Queue, ...]
    policy: Policy

    def mark(self, current: Control, now: float) -> None:
        """Write the marker and the sentinel in the old region, once all writes have ended."""
        old = current.active_region
        metadata = MetadataTable(self.metadata_table, old)
        key = keys.marker(current.epoch)
        if now < switching.quiet_at(current, self.policy) or metadata.get(key) is not None:
            return
        version = Documents(self.buckets[old], old).put_sentinel(_sentinel(current), str(now))
        metadata.put_newer(
            {
                **key.as_dict(),
                "version": f"{current.epoch:08d}",
                "origin_region": old,
                "owner": current.owner,
                "sentinel_version": version,
            }
        )

    def look(self, current: Control, to: str, given: Mapping[str, Any], now: float) -> Drain:
        """The evidence at `now`; `given` is what the caller has seen."""
        old = current.active_region
        marker = MetadataTable(self.metadata_table, to).get(keys.marker(current.epoch))
        counts = self._messages(old)
        in_flight = counts.pop("ApproximateNumberOfMessagesNotVisible", None)
        return Drain(
            queue_depth=sum(counts.values()) if counts else None,
            in_flight=in_flight,
            iterator_age_ms=given.get("iterator_age_ms", self._iterator_age(current, now)),
            marker_epoch=current.epoch if marker else None,
            marker_seen_at=self._marker_seen(current, to, now) if marker else None,
            recent_latency_ms=self._recent_latency(old, to, now),
            sentinel_arrived=self._sentinel_arrived(current, to, marker),
            pending_operations=given.get("pending_operations"),
            failed_operations=given.get("failed_operations", self._failed(current, to, now)),
            differences=given.get("differences"),
        )

    def _messages(self, region: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for queue in self.queues:
            if queue.region == region:
                for name, number in messages(queue).items():
                    counts[name] = counts.get(name, 0) + number
        return counts

    def _marker_seen(self, current: Control, to: str, now: float) -> float:
        table, key = ControlTable(self.control_table, to), keys.marker_seen(current.epoch)
        item = table.get(key)
        if item is None:
            table.put(key, {"seen_at_ms": round(now * 1000)})
            return now
        return float(item["seen_at_ms"]) / 1000

    def _recent_latency(self, old: str, to: str, now: float) -> float | None:
        item = ControlTable(self.control_table, to).get(keys.recent_lag(old))
        if item is None or not item["complete"]:
            return None
        fresh = now * 1000 - float(item["measured_at_ms"]) <= FRESH_LAG_MS
        return float(item["lag_ms"]) if fresh else None

    def _sentinel_arrived(
        self, current: Control, to: str, marker: Mapping[str, Any] | None
    ) -> bool | None:
        if marker is None:
            return None
        copies = Documents(self.buckets[to], to)
        return copies.find(_sentinel(current), str(marker["sentinel_version"])) is not None

    def _iterator_age(self, current: Control, now: float) -> float | None:
        old = current.active_region
        if not current.fenced_at:
            return None
        function = {"FunctionName": self.consumers[old]}
        probe = Metric(old, "AWS/Lambda", "IteratorAge", "Maximum", function)
        points = self._read(probe, now - current.fenced_at + PERIOD, now)
        return max(points, key=lambda point: point.at).value if points else None

    def _failed(self, current: Control, to: str, now: float) -> int | None:
        old = current.active_region
        if not current.fenced_at or old == to:
            return None
        dimensions = {
            "SourceBucket": self.buckets[old],
            "DestinationBucket": self.buckets[to],
            "RuleId": RULE_ID,
        }
        probe = Metric(old, "AWS/S3", "OperationsFailedReplication", "Sum", dimensions)
        points = self._read(probe, now - current.fenced_at + PERIOD, now)
        return round(sum(point.value for point in points)) if points else None

    def _read(self, probe: Metric, window: float, now: float) -> list[Point]:
        control = ControlTable(self.control_table, probe.region)
        return list(Evidence(control, self.account_id, now).points(probe, window))


def _sentinel(current: Control) -> str:
    return f"{SENTINELS}epoch-{current.epoch:08d}"
