"""Keeps what S3 could not copy, for batch replication to take up, and tells why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from docmig import ingest, replication_failures
from docmig.aws.bus import Bus
from docmig.aws.objects import OpsBucket
from docmig.aws.powertools import Context, Once, instruments
from docmig.aws.records import RecordProcessor, Task
from docmig.aws.tables import MetadataTable
from docmig.failures import PermanentError
from docmig.replication_failures import Kind, ReplicationNotice, Response
from docmig.settings import Settings, read

PURPOSE = "replication-failures"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSettings(Settings):
    ops_bucket: str
    metadata_table: str
    idempotency_table: str
    event_bus: str = ""
    ignored_prefixes: tuple[str, ...] = (ingest.SENTINELS,)


class ReplicationFailures:
    def __init__(self, settings: FailureSettings) -> None:
        region = settings.aws_region
        self.settings = settings
        self.metadata = MetadataTable(settings.metadata_table, region)
        self.records = RecordProcessor(
            tools=instruments(PURPOSE, settings),
            once=Once(PURPOSE, settings.idempotency_table, region),
            ops=OpsBucket(settings.ops_bucket, region),
            bus=Bus(settings.event_bus, region, settings.environment),
        )

    def prepare(self, body: dict[str, Any]) -> Task | None:
        notices = replication_failures.parse(body)
        if not notices:
            return None
        first = notices[0]
        key = "\n\n".join(notice.idempotency_key for notice in notices)
        return Task(
            key, first.item()["correlation_id"], first.happened_at, lambda: self.record(notices)
        )

    def record(self, notices: tuple[ReplicationNotice, ...]) -> Mapping[str, Any]:
        hopeless = [notice for notice in notices if not self._keep(notice)]
        if hopeless:
            raise PermanentError(
                *(
                    reason
                    for notice in hopeless
                    for reason in PermanentError.of(notice.reason, notice.key, field="key").reasons
                )
            )
        return {"kinds": [str(notice.kind) for notice in notices]}

    def _keep(self, notice: ReplicationNotice) -> bool:
        """Whether there is hope for the object."""
        self.records.tools.count(str(notice.kind))
        if notice.kind in (Kind.LATE, Kind.ARRIVED_LATE):
            return True
        response = replication_failures.response_to(notice.reason)
        self.records.tools.count(f"Replication{response.title()}")
        if ingest.concerns_documents(notice.key, self.settings.ignored_prefixes):
            self.metadata.put_newer(notice.item(), by="happened_at")
        return response is not Response.IMPOSSIBLE


@cache
def application() -> ReplicationFailures:
    return ReplicationFailures(read(FailureSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """S3's replication notifications, through SQS."""
    app = application()
    return app.records.queue(event, context, app.prepare)
