"""Sends the events about what this region wrote into the metadata table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from docmig import changes
from docmig.aws.bus import Bus
from docmig.aws.objects import OpsBucket
from docmig.aws.powertools import Context, Once, instruments
from docmig.aws.records import RecordProcessor, Task
from docmig.migration_events import MigrationEvent
from docmig.settings import Settings, read

PURPOSE = "stream-consumer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings(Settings):
    ops_bucket: str
    idempotency_table: str
    event_bus: str


class StreamConsumer:
    def __init__(self, settings: ConsumerSettings) -> None:
        region = settings.aws_region
        self.settings = settings
        self.records = RecordProcessor(
            tools=instruments(PURPOSE, settings),
            once=Once(PURPOSE, settings.idempotency_table, region),
            ops=OpsBucket(settings.ops_bucket, region),
            bus=Bus(settings.event_bus, region, settings.environment),
        )

    def prepare(self, record: dict[str, Any]) -> Task | None:
        change = changes.parse(record)
        events = changes.events_of(change, self.settings.aws_region)
        if not events:
            return None
        return Task(
            change.event_id,
            events[0].correlation_id,
            change.happened_at,
            lambda: self.send(events),
        )

    def send(self, events: tuple[MigrationEvent, ...]) -> Mapping[str, Any]:
        self.records.bus.send(*events)
        for event in events:
            self.records.tools.count(event.detail_type)
        return {"sent": [event.detail_type for event in events]}


@cache
def application() -> StreamConsumer:
    return StreamConsumer(read(ConsumerSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """The metadata table's stream in this region."""
    app = application()
    return app.records.stream(event, context, app.prepare)
