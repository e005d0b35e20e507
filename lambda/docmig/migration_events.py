"""Events of the migration in the one envelope that every consumer reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from docmig.object_events import timestamp


class Source(StrEnum):
    """Where an event comes from: EventBridge's `source`."""

    SYNC = "docmigration.sync"
    REPLICATION = "docmigration.replication"
    CUTOVER = "docmigration.cutover"
    VERIFY = "docmigration.verify"


@dataclass(frozen=True, slots=True)
class MigrationEvent:
    """`idempotency_key` is the same for every sending of one event: consumers drop repeats."""

    source: Source
    detail_type: str
    correlation_id: str
    idempotency_key: str
    occurred_at: datetime
    data: Mapping[str, Any]

    def entry(self, *, bus: str, environment: str, region: str) -> dict[str, Any]:
        """An entry of PutEvents."""
        detail = {
            "schema_version": 1,
            "environment": environment,
            "region": region,
            "correlation_id": self.correlation_id,
            "occurred_at": timestamp(self.occurred_at),
            "idempotency_key": self.idempotency_key,
            "data": dict(self.data),
        }
        return {
            "EventBusName": bus,
            "Source": str(self.source),
            "DetailType": self.detail_type,
            "Time": self.occurred_at,
            "Detail": json.dumps(detail, sort_keys=True, default=_plain),
        }


def _plain(value: Any) -> Any:
    """Numbers as DynamoDB gives them (Decimal) in JSON."""
    number = float(value)
    return int(number) if number.is_integer() else number
