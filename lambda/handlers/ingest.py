"""Validates and records new documents, and records deletions, in the region they were made in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from docmig import document, ingest, keys
from docmig.aws.bus import Bus
from docmig.aws.control_table import CachedControl, ControlTable
from docmig.aws.objects import Documents, OpsBucket
from docmig.aws.powertools import Context, Once, instruments
from docmig.aws.records import RecordProcessor, Task
from docmig.aws.tables import MetadataTable
from docmig.document import Rules
from docmig.object_events import DELETED, ObjectEvent, parse_event
from docmig.settings import Settings, read

PURPOSE = "ingest"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings(Settings):
    documents_bucket: str
    ops_bucket: str
    metadata_table: str
    control_table: str
    idempotency_table: str
    event_bus: str = ""
    ignored_prefixes: tuple[str, ...] = (ingest.SENTINELS,)
    content_types: tuple[str, ...] = ()
    max_bytes: int = Rules().max_bytes
    control_cache_seconds: float = 5.0


class Ingest:
    def __init__(self, settings: IngestSettings) -> None:
        region = settings.aws_region
        self.settings = settings
        self.rules = Rules(
            max_bytes=settings.max_bytes,
            content_types=settings.content_types or Rules().content_types,
        )
        self.documents = Documents(settings.documents_bucket, region)
        self.metadata = MetadataTable(settings.metadata_table, region)
        self.control = CachedControl(
            ControlTable(settings.control_table, region), settings.control_cache_seconds
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
        control = self.control.get()
        if not ingest.is_ours(event, control):
            return {"outcome": "skipped", "why": "not made here"}
        now = datetime.now(UTC)
        version = ingest.version_of(event, control)
        if event.kind == DELETED:
            found = self.metadata.mark_deleted(
                keys.document(event.key), ingest.tombstone(event, version, now)
            )
        else:
            facts = self.documents.facts(event.key, event.version_id)
            if facts.is_replica:
                return {"outcome": "skipped", "why": "a replica"}
            accepted = document.accept(facts, self.rules)
            found = self.metadata.put_newer(
                accepted.item(
                    version=version, region=event.region, event_id=event.event_id, now=now
                )
            )
        self.records.tools.count(f"Documents{found.title()}")
        return ingest.settle(found, event, control)


@cache
def application() -> Ingest:
    return Ingest(read(IngestSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """S3 events of the documents bucket, through EventBridge and SQS."""
    app = application()
    return app.records.queue(event, context, app.prepare)
