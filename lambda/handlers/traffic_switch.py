"""The steps that move writes from one region to the other; each can be repeated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from docmig import control, keys, switching
from docmig.aws.bus import Bus
from docmig.aws.control_table import ControlTable
from docmig.aws.evidence import Evidence, messages
from docmig.aws.objects import Documents
from docmig.aws.powertools import Context, instruments
from docmig.aws.tables import MetadataTable
from docmig.aws.traffic import ActiveRegionParameter, Routes
from docmig.control import Clients, Control
from docmig.failures import TransientError
from docmig.ingest import SENTINELS
from docmig.migration_events import MigrationEvent, Source
from docmig.readiness import RULE_ID, Metric, Queue
from docmig.settings import Settings, SettingsError, pairs, read
from docmig.switching import Drain, Health, Policy

PURPOSE = "traffic-switch"
FRESH_LAG_MS = 300_000
ITERATOR_WINDOW = 300.0


class UnsafeSwitchError(Exception):
    """The drain is not proved; says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSettings(Settings):
    source_region: str
    target_region: str
    account_id: str
    control_table: str
    metadata_table: str
    documents_buckets: tuple[str, ...]
    queue_urls: tuple[str, ...]
    stream_consumers: tuple[str, ...]
    active_region_parameter: str = ""
    mrap_arn: str = ""
    event_bus: str = ""
    client_cache_seconds: float = 5.0
    longest_request_seconds: float = 30.0
    shortest_wait_seconds: float = 10.0
    strict: bool = False
    fence_patience_seconds: float = 20.0
    poll_seconds: float = 0.1


class TrafficSwitch:
    def __init__(self, settings: SwitchSettings) -> None:
        self.settings = settings
        self.tools = instruments(PURPOSE, settings)
        self.regions = (settings.source_region, settings.target_region)
        self.buckets = dict(pairs(settings.documents_buckets))
        self.queues = [Queue(*pair) for pair in pairs(settings.queue_urls)]
        self.consumers = dict(pairs(settings.stream_consumers))
        missing = [r for r in self.regions if r not in self.buckets or r not in self.consumers]
        if missing:
            raise SettingsError(f"no bucket or stream consumer is named for {', '.join(missing)}")
        self.parameter = ActiveRegionParameter(settings.active_region_parameter)
        self.routes = Routes(settings.mrap_arn, settings.account_id, self.buckets)
        self.bus = Bus(settings.event_bus, settings.aws_region, settings.environment)
        self.policy = Policy(
            clients=Clients(settings.client_cache_seconds, settings.longest_request_seconds),
            shortest_wait=settings.shortest_wait_seconds,
            strict=settings.strict,
        )

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "init": self.init,
            "status": self.status,
            "fence": self.fence,
            "drain": self.drain,
            "switch": self.switch,
            "routes": self.look_at_routes,
            "activate": self.activate,
            "compensate": self.compensate,
            "force": self.force,
            "rollback-plan": self.plan_rollback,
        }
        action = str(event.get("action", ""))
        if action not in actions:
            raise ValueError(f"unknown action {action!r}; known: {', '.join(sorted(actions))}")
        result = actions[action](event)
        self.tools.logger.info("done", extra={"action": action, "result": result})
        return result

    def init(self, _: Mapping[str, Any]) -> dict[str, Any]:
        source = self.settings.source_region
        first = self._table(source).begin(control.initial(source))
        self.routes.point_to(first.active_region)
        return self._published(first)

    def status(self, event: Mapping[str, Any]) -> dict[str, Any]:
        region = str(event.get("to", self.settings.aws_region))
        return self._table(region).control().as_dict()

    def fence(self, event: Mapping[str, Any]) -> dict[str, Any]:
        to, owner = self._to(event), str(event["owner"])
        table = self._table(to)
        before = table.control()
        fenced = table.replace(before, control.fence(before, target=to, owner=owner))
        self._published(fenced)
        if not fenced.fenced_at:
            self._await_fence(fenced)
            seen = control.confirm(fenced, owner=owner, epoch=fenced.epoch, seen_at=time.time())
            fenced = table.replace(fenced, seen)
        self._tell("CutoverStarted", fenced, to)
        return fenced.as_dict()

    def drain(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """One look; the caller repeats it until it is safe."""
        to, epoch = self._to(event), int(event["epoch"])
        current = self._table(to).control()
        now = time.time()
        if current.epoch == epoch and current.fenced_at:
            self._mark(current, now)
        drain = self._evidence(current, to, event.get("evidence", {}), now)
        left = switching.obstacles(current, drain, now=now, policy=self.policy)
        return {"safe": not left, "obstacles": list(left), "epoch": epoch}

    def switch(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Looks again by itself, and moves the routes only when the drain is proved."""
        drained = self.drain(event)
        to, owner, epoch = self._to(event), str(event["owner"]), int(event["epoch"])
        table = self._table(to)
        before = table.control()
        if not drained["safe"]:
            raise UnsafeSwitchError("; ".join(drained["obstacles"]))
        after = table.replace(before, control.begin_switch(before, owner=owner, epoch=epoch))
        self.routes.point_to(to)
        return self._published(after)

    def look_at_routes(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {"done": self.routes.point_at(self._to(event))}

    def activate(self, event: Mapping[str, Any]) -> dict[str, Any]:
        to, owner, epoch = self._to(event), str(event["owner"]), int(event["epoch"])
        table = self._table(to)
        before = table.control()
        after = table.replace(before, control.activate(before, owner=owner, epoch=epoch))
        result = self._published(after)
        back = to == self.settings.source_region
        self._tell("RollbackCompleted" if back else "CutoverCompleted", after, to)
        return result

    def compensate(self, event: Mapping[str, Any]) -> dict[str, Any]:
        to, owner, epoch = self._to(event), str(event["owner"]), int(event["epoch"])
        table = self._table(to)
        before = table.control()
        after = control.compensate(before, owner=owner, epoch=epoch)
        self.routes.point_to(after.active_region)
        table.replace(before, after)
        self._tell("RollbackCompleted", after, after.active_region)
        return self._published(after)

    def force(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """For a region that is lost. Names the regions that could not be told."""
        to, owner = self._to(event), str(event["owner"])
        if event.get("accept_loss") is not True:
            raise ValueError('what has not arrived is lost: say "accept_loss": true')
        table = self._table(to)
        before = table.control()
        after = table.replace(before, control.force(before, target=to, owner=owner))
        self.routes.point_to(to)
        self._tell("RollbackCompleted", after, to)
        return self._published(after)

    def plan_rollback(self, event: Mapping[str, Any]) -> dict[str, Any]:
        plan = switching.rollback(
            self._table(self.settings.source_region).control(),
            source=self.settings.source_region,
            target_health=Health(str(event.get("target_health", Health.HEALTHY))),
            reverse_replication=event.get("reverse_replication", True) is True,
        )
        return {
            "procedure": str(plan.procedure),
            "loss": plan.loss,
            "needs_approval": plan.needs_approval,
        }

    def _to(self, event: Mapping[str, Any]) -> str:
        to = str(event["to"])
        if to not in self.regions:
            raise ValueError(f"{to!r} is none of {', '.join(self.regions)}")
        return to

    def _table(self, region: str) -> ControlTable:
        return ControlTable(self.settings.control_table, region)

    def _published(self, current: Control) -> dict[str, Any]:
        untold = self.parameter.publish(current, self.regions)
        if untold:
            self.tools.logger.error("regions not told", extra={"regions": untold})
            if not current.forced:
                raise TransientError(f"active-region parameter not written in {', '.join(untold)}")
        return {**current.as_dict(), "untold_regions": untold}

    def _await_fence(self, fenced: Control) -> None:
        """Until the region that was active shows the fence to its clients."""
        old = self._table(fenced.active_region)
        deadline = time.monotonic() + self.settings.fence_patience_seconds
        while old.control().epoch != fenced.epoch:
            if time.monotonic() > deadline:
                raise TransientError(f"{fenced.active_region} does not show the fence yet")
            time.sleep(self.settings.poll_seconds)

    def _mark(self, current: Control, now: float) -> None:
        """Write the marker and the sentinel in the old region, once all writes have ended."""
        old = current.active_region
        metadata = MetadataTable(self.settings.metadata_table, old)
        key = keys.marker(current.epoch)
        if now < switching.quiet_at(current, self.policy) or metadata.get(key) is not None:
            return
        sentinel = self._sentinel(current)
        version = Documents(self.buckets[old], old).put_sentinel(sentinel, str(now))
        metadata.put_newer(
            {
                **key.as_dict(),
                "version": f"{current.epoch:08d}",
                "origin_region": old,
                "owner": current.owner,
                "sentinel_version": version,
            }
        )

    @staticmethod
    def _sentinel(current: Control) -> str:
        return f"{SENTINELS}epoch-{current.epoch:08d}"

    def _evidence(self, current: Control, to: str, given: Mapping[str, Any], now: float) -> Drain:
        old = current.active_region
        queues = [messages(queue) for queue in self.queues if queue.region == old]
        marker = MetadataTable(self.settings.metadata_table, to).get(keys.marker(current.epoch))
        counts: dict[str, int] = {}
        for queue in queues:
            for name, number in queue.items():
                counts[name] = counts.get(name, 0) + number
        in_flight = counts.pop("ApproximateNumberOfMessagesNotVisible", None)
        return Drain(
            queue_depth=sum(counts.values()) if counts else None,
            in_flight=in_flight,
            iterator_age_ms=given.get("iterator_age_ms", self._iterator_age(old, now)),
            marker_epoch=current.epoch if marker else None,
            marker_seen_at=self._marker_seen(current, to, now) if marker else None,
            recent_latency_ms=self._recent_latency(old, to, now),
            sentinel_arrived=self._sentinel_arrived(current, to, marker),
            pending_operations=given.get("pending_operations"),
            failed_operations=given.get("failed_operations", self._failed(current, to, now)),
            differences=given.get("differences"),
        )

    def _marker_seen(self, current: Control, to: str, now: float) -> float:
        table, key = self._table(to), keys.marker_seen(current.epoch)
        item = table.get(key)
        if item is None:
            table.put(key, {"seen_at_ms": round(now * 1000)})
            return now
        return float(item["seen_at_ms"]) / 1000

    def _recent_latency(self, old: str, to: str, now: float) -> float | None:
        item = self._table(to).get(keys.recent_lag(old))
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
        return copies.find(self._sentinel(current), str(marker["sentinel_version"])) is not None

    def _iterator_age(self, old: str, now: float) -> float | None:
        probe = Metric(
            old, "AWS/Lambda", "IteratorAge", "Maximum", {"FunctionName": self.consumers[old]}
        )
        points = self._read(probe, ITERATOR_WINDOW, now)
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
        points = self._read(probe, now - current.fenced_at + 60, now)
        return round(sum(point.value for point in points)) if points else None

    def _read(self, probe: Metric, window: float, now: float) -> list[Any]:
        evidence = Evidence(self._table(probe.region), self.settings.account_id, now)
        return list(evidence.points(probe, window))

    def _tell(self, kind: str, current: Control, to: str) -> None:
        self.bus.send(
            MigrationEvent(
                source=Source.CUTOVER,
                detail_type=kind,
                correlation_id=current.owner,
                idempotency_key=f"{kind}#{current.epoch}#{to}",
                occurred_at=datetime.now(UTC),
                data=current.as_dict(),
            )
        )


@cache
def application() -> TrafficSwitch:
    return TrafficSwitch(read(SwitchSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """`{"action", "to", "owner", "epoch", "evidence": {...}}`."""
    app = application()
    with app.tools.measured(context, event):
        return app.run(event)
