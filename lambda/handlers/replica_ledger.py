"""Records that a copy has arrived: the event in this region's bucket is the proof."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from docmig import document, ingest, ledger
from docmig.aws.bus import Bus
from docmig.aws.control_table import CachedControl, ControlTable
from docmig.aws.objects import Documents, OpsBucket
from docmig.aws.powertools import Context, Once, instruments
from docmig.aws.records import RecordProcessor, Task
from docmig.aws.tables import MetadataTable
from docmig.object_events import CREATED, ObjectEvent, parse_event
from docmig.settings import Settings, read

PURPOSE = "replica-ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings(Settings):
    documents_bucket: str
    ops_bucket: str
    metadata_table: str
    control_table: str
    source_region: str
    idempotency_table: str
    event_bus: str = ""
    ignored_prefixes: tuple[str, ...] = (ingest.SENTINELS,)
    control_cache_seconds: float = 5.0


class ReplicaLedger:
    def __init__(self, settings: LedgerSettings) -> None:
        region = settings.aws_region
        self.settings = settings
        self.documents = Documents(settings.documents_bucket, region)
        self.metadata = MetadataTable(settings.metadata_table, region)
        self.control = CachedControl(
            ControlTable(settings.control_table, region, settings.source_region),
            settings.control_cache_seconds,
        )
        self.records = RecordProcessor(
            tools=instruments(PURPOSE, settings),
            once=Once(PURPOSE, settings.idempotency_table, region),
            ops=OpsBucket(settings.ops_bucket, region),
            bus=Bus(settings.event_bus, region, settings.environment),
        )

    def prepare(self, body: dict[str, Any]) -> Task | None:
        event = parse_event(body)
        if not ingest.concerns_documents(event.key, self.settings.ignored_prefixes):
            return None
        return Task(
            event.idempotency_key, event.event_id, event.happened_at, lambda: self.record(event)
        )

    def record(self, event: ObjectEvent) -> Mapping[str, Any]:
        item = self._arrival(event) if event.kind == CREATED else self._deletion(event)
        if item is None:
            return {"outcome": "skipped", "why": "not a copy"}
        if item["state"] == ledger.ARRIVED:
            # Before the ledger says so: whoever counts what is not compared must miss nothing.
            self.metadata.put(ledger.unverified(event))
        found = self.metadata.put_newer(item, by="sequencer")
        self.records.tools.count(f"Replicas{found.title()}")
        if "lag_ms" in item:
            self.records.tools.measure(
                "ReplicaArrivalLagMs",
                item["lag_ms"],
                from_region=self.settings.peer_region,
                to_region=self.settings.aws_region,
            )
        return {"outcome": str(found), "pk": item["pk"], "sk": item["sk"]}

    def _arrival(self, event: ObjectEvent) -> dict[str, Any] | None:
        facts = self.documents.facts(event.key, event.version_id)
        if not facts.is_replica:
            return None
        return ledger.arrival(facts, event, checksum=document.checksum(facts))

    def _deletion(self, event: ObjectEvent) -> dict[str, Any] | None:
        if not event.marker or self.control.get().active_region == event.region:
            return None
        return ledger.deletion(event)


@cache
def application() -> ReplicaLedger:
    return ReplicaLedger(read(LedgerSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """S3 events of the documents bucket, through EventBridge and SQS."""
    app = application()
    return app.records.queue(event, context, app.prepare)
