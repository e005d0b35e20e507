"""Evaluates the gate of the cutover over evidence from both regions; in doubt it is closed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from docmig import gates, readiness
from docmig.aws.bus import Bus
from docmig.aws.control_table import ControlTable
from docmig.aws.evidence import Evidence
from docmig.aws.objects import OpsBucket
from docmig.aws.powertools import Context, instruments
from docmig.gates import Check, Point
from docmig.migration_events import MigrationEvent, Source
from docmig.readiness import Limits, Locks, Names, Probe, Queue, RecoveryPoint
from docmig.settings import Settings, pairs, read

PURPOSE = "gate-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings(Settings):
    source_region: str
    target_region: str
    account_id: str
    control_table: str
    ops_bucket: str
    documents_buckets: tuple[str, ...]
    stream_consumers: tuple[str, ...]
    readiness_alarms: tuple[str, ...] = ()
    dead_letter_queues: tuple[str, ...] = ()
    backed_up_arns: tuple[str, ...] = ()
    lock_table: str = ""
    event_bus: str = ""


class GateCheck:
    def __init__(self, settings: GateSettings) -> None:
        self.settings = settings
        self.tools = instruments(PURPOSE, settings)
        self.control = ControlTable(
            settings.control_table, settings.aws_region, settings.source_region
        )
        self.ops = OpsBucket(settings.ops_bucket, settings.aws_region)
        self.bus = Bus(settings.event_bus, settings.aws_region, settings.environment)
        self.names = Names(
            environment=settings.environment,
            namespace=settings.metrics_namespace,
            source=settings.source_region,
            target=settings.target_region,
            documents=dict(pairs(settings.documents_buckets)),
            stream_consumers=dict(pairs(settings.stream_consumers)),
            alarms=dict(pairs(settings.readiness_alarms)),
            dead_letter_queues=tuple(Queue(*p) for p in pairs(settings.dead_letter_queues)),
            recovery=tuple(RecoveryPoint(*p) for p in pairs(settings.backed_up_arns)),
            locks=(
                Locks(settings.source_region, settings.lock_table) if settings.lock_table else None
            ),
        )

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        now = time.time()
        names = self._direction(event)
        waived: dict[str, str] = dict(event.get("waive", {}))
        wanted = set(event.get("checks", ()))
        listed = readiness.preflight(names, Limits(**event.get("limits", {})))
        known = {check.name for check, _ in listed}
        chosen = [
            (check, probe)
            for check, probe in listed
            if check.name not in waived and (not wanted or check.name in wanted)
        ]
        # A check that nobody knows is one without data: the gate stays closed.
        unknown = [
            Check(name, gates.Rule.EQUAL, 0) for name in sorted((wanted | {*waived}) - known)
        ]
        seen = self._look(chosen, now)
        verdict = gates.evaluate([*(check for check, _ in chosen), *unknown], seen, now)
        result = {**verdict.as_dict(), "waived": waived, "evaluated_at_ms": round(now * 1000)}
        self._tell(event, result, now)
        return result

    def _direction(self, event: Mapping[str, Any]) -> Names:
        """The switch goes from the active region to `to`; a rollback's gate looks the other way."""
        if event.get("to", self.names.target) == self.names.target:
            return self.names
        return replace(self.names, source=self.names.target, target=self.names.source)

    def _look(self, chosen: list[tuple[Check, Probe]], now: float) -> dict[str, list[Point] | None]:
        evidence = Evidence(self.control, self.settings.account_id, now)
        seen: dict[str, list[Point] | None] = {}
        for check, probe in chosen:
            try:
                seen[check.name] = evidence.points(probe, check.window)
            except Exception:
                # Whatever went wrong, the check has no evidence and does not hold.
                self.tools.logger.exception("no evidence", extra={"check": check.name})
                seen[check.name] = None
        return seen

    def _tell(self, event: Mapping[str, Any], result: dict[str, Any], now: float) -> None:
        name = str(event.get("gate", "preflight"))
        run = str(event.get("owner") or event.get("migration_id") or "manual")
        folder = f"gates/{run.rpartition(':')[2]}"
        key = f"{folder}/{name}-{round(now * 1000)}.json"
        self.ops.put_json(key, result)
        self.tools.count("GatePassed" if result["passed"] else "GateClosed")
        self.tools.logger.info(
            "gate evaluated", extra={"gate": name, "passed": result["passed"], "evidence": key}
        )
        self.bus.send(
            MigrationEvent(
                source=Source.CUTOVER,
                detail_type="GateEvaluated",
                correlation_id=run,
                idempotency_key=key,
                occurred_at=datetime.fromtimestamp(now, UTC),
                data={
                    "gate": name,
                    "passed": result["passed"],
                    "failed": result["failed"],
                    "waived": sorted(result["waived"]),
                    "evidence": f"s3://{self.ops.bucket}/{key}",
                },
            )
        )


@cache
def application() -> GateCheck:
    return GateCheck(read(GateSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """`{"gate", "owner", "to", "checks": [names], "waive": {name: why}, "limits": {...}}`."""
    app = application()
    with app.tools.measured(context, event):
        return app.run(event)
