"""The steps that move writes from one region to the other; each can be repeated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from docmig import control, switching
from docmig.aws.bus import Bus
from docmig.aws.control_table import ControlTable
from docmig.aws.drain import Watch
from docmig.aws.powertools import Context, instruments
from docmig.aws.traffic import ActiveRegionParameter, Routes
from docmig.control import Clients, Control, State
from docmig.failures import TransientError
from docmig.migration_events import MigrationEvent, Source
from docmig.readiness import Queue
from docmig.settings import Settings, SettingsError, pairs, read
from docmig.switching import Health, Policy

PURPOSE = "traffic-switch"


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
    shortest_wait_seconds: float = 30.0
    strict: bool = False
    fence_patience_seconds: float = 20.0
    poll_seconds: float = 0.1


class TrafficSwitch:
    def __init__(self, settings: SwitchSettings) -> None:
        self.settings = settings
        self.tools = instruments(PURPOSE, settings)
        self.regions = (settings.source_region, settings.target_region)
        self.buckets = dict(pairs(settings.documents_buckets))
        consumers = dict(pairs(settings.stream_consumers))
        missing = [r for r in self.regions if r not in self.buckets or r not in consumers]
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
        self.watch = Watch(
            account_id=settings.account_id,
            control_table=settings.control_table,
            metadata_table=settings.metadata_table,
            buckets=self.buckets,
            consumers=consumers,
            queues=tuple(Queue(*pair) for pair in pairs(settings.queue_urls)),
            policy=self.policy,
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
        """Routes and parameters as the control item says, or as they are before there is one."""
        current = self._table(self.settings.source_region).control()
        if current.state is State.ACTIVE:
            self.routes.point_to(current.active_region)
        return self._published(current)

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
        self._tell(self._kind(to, "Started"), fenced, to)
        return fenced.as_dict()

    def drain(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """One look; the caller repeats it until it is safe."""
        to, epoch = self._to(event), int(event["epoch"])
        current = self._table(to).control()
        now = time.time()
        if current.epoch == epoch and current.fenced_at:
            self.watch.mark(current, now)
        drain = self.watch.look(current, to, event.get("evidence", {}), now)
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
        try:
            return self._published(after)
        finally:
            # Complete, even where a parameter cannot be written: repetitions carry the same key.
            self._tell(self._kind(to, "Completed"), after, to)

    def compensate(self, event: Mapping[str, Any]) -> dict[str, Any]:
        to, owner, epoch = self._to(event), str(event["owner"]), int(event["epoch"])
        table = self._table(to)
        before = table.control()
        after = control.compensate(before, owner=owner, epoch=epoch)
        self.routes.point_to(after.active_region)
        table.replace(before, after)
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
        self._tell(self._kind(to, "Completed"), after, to)
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

    def _kind(self, to: str, step: str) -> str:
        """Detail type of an event: a switch to the source is a rollback."""
        return f"{'Rollback' if to == self.settings.source_region else 'Cutover'}{step}"

    def _table(self, region: str) -> ControlTable:
        return ControlTable(self.settings.control_table, region, self.settings.source_region)

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
