"""The letter about a record that can never be processed: the whole record and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docmig import keys
from docmig.failures import Reason
from docmig.object_events import timestamp


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`record` is what arrived, untouched, so that it can be sent again."""

    function: str
    region: str
    idempotency_key: str
    correlation_id: str
    happened_at: datetime
    reasons: Sequence[Reason]
    record: Mapping[str, Any]

    @property
    def object_key(self) -> str:
        return keys.dead_letter(self.function, self.happened_at, self.idempotency_key)

    def body(self) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "function": self.function,
            "region": self.region,
            "idempotency_key": self.idempotency_key,
            "correlation_id": self.correlation_id,
            "happened_at": timestamp(self.happened_at),
            "reasons": [reason.as_dict() for reason in self.reasons],
            "record": dict(self.record),
        }
