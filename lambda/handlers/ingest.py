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
from docmig.document import Document, Rules
from docmig.failures import PermanentError
from docmig.inventory import InventoryRow, inventory_row
from docmig.object_events import (
    CREATED,
    DELETED,
    ObjectEvent,
    ObjectFacts,
    parse_event,
    parse_time,
)
from docmig.settings import Settings, read

PURPOSE = "ingest"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings(Settings):
    documents_bucket: str
    ops_bucket: str
    metadata_table: str
    control_table: str
    source_region: str
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
        control = self.control.get()
        if not ingest.is_ours(event, control):
            return {"outcome": "skipped", "why": "not made here"}
        now = datetime.now(UTC)
        version = ingest.version_of(event, control)
        if event.kind == DELETED:
            gone = {**ingest.tombstone(event, version, now), "status": document.DELETED}
            found = self.metadata.update_newer(keys.document(event.key), gone)
        else:
            facts = self.documents.facts(event.key, event.version_id)
            if facts.is_replica:
                return {"outcome": "skipped", "why": "a replica"}
            accepted = self._accepted(event, facts, now)
            found = self.metadata.put_newer(
                accepted.item(
                    version=version, region=event.region, event_id=event.event_id, now=now
                )
            )
        self.records.tools.count(f"Documents{found.title()}")
        return ingest.settle(found, event, control)

    def _accepted(self, event: ObjectEvent, facts: ObjectFacts, now: datetime) -> Document:
        """A refusal is noted too: such a version has no metadata, and verification knows why."""
        try:
            return document.accept(facts, self.rules)
        except PermanentError as error:
            self.metadata.put(ingest.refusal(event, facts, error.reasons, now))
            raise

    # Objects that were there before there were events

    def import_batch(self, event: dict[str, Any], context: Context) -> dict[str, Any]:
        """Record what has no record yet. Repeating a batch changes nothing."""
        batch = event["BatchInput"]
        counts = dict.fromkeys(("recorded", "known", "refused", "skipped"), 0)
        for columns in event["Items"]:
            row = inventory_row(columns, encoded=bool(batch["encoded"]))
            counts[self._import(row, columns, batch, context)] += 1
        for name, number in counts.items():
            self.records.tools.count(f"Import{name.title()}", number)
        return counts

    def _import(
        self, row: InventoryRow, columns: dict[str, Any], batch: dict[str, Any], context: Context
    ) -> str:
        if not ingest.to_import(row, self.settings.ignored_prefixes):
            return "skipped"
        if self.metadata.get(keys.document(row.key)) is not None:
            return "known"
        if self.documents.find(row.key, row.version_id) is None:
            return "skipped"  # deleted since it was listed, and that is an event
        at = parse_time(str(batch["started_at"]))
        found = ObjectEvent(
            event_id=str(batch["import_id"]),
            kind=CREATED,
            region=self.settings.aws_region,
            happened_at=at,
            bucket=self.settings.documents_bucket,
            key=row.key,
            version_id=row.version_id,
            sequencer="",  # sorts before those of all events
        )
        task = Task(
            f"import\n{found.idempotency_key}", found.event_id, at, lambda: self.record(found)
        )
        done = self.records.one(columns, task, context)
        return "recorded" if done else "refused"


@cache
def application() -> Ingest:
    return Ingest(read(IngestSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """S3 events of the documents bucket, through EventBridge and SQS; `Items` of the import."""
    app = application()
    if "Items" in event:
        with app.records.tools.measured(context, event):
            return app.import_batch(event, context)
    return app.records.queue(event, context, app.prepare)
