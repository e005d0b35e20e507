"""What each region knows about its own copy: one item a region, so that no two ever write one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from docmig import keys
from docmig.object_events import ObjectEvent, ObjectFacts, timestamp

ARRIVED, DELETED = "arrived", "deleted"
PENDING, VERIFIED, MISMATCH = "pending", "verified", "mismatch"


def arrival(facts: ObjectFacts, event: ObjectEvent, *, checksum: str) -> dict[str, Any]:
    """The copy is here. `lag_ms` is from the original's write (S3 keeps its time, in seconds)."""
    lag = max(0.0, (event.happened_at - facts.written_at).total_seconds())
    return {
        **_base(event, ARRIVED),
        "size": facts.size,
        "etag": facts.etag.strip('"'),
        "checksum": checksum,
        "written_at": timestamp(facts.written_at),
        "lag_ms": round(lag * 1000),
        "verification": PENDING,
    }


def deletion(event: ObjectEvent) -> dict[str, Any]:
    """The delete marker is here."""
    return {**_base(event, DELETED), "verification": VERIFIED}


def unverified(event: ObjectEvent) -> dict[str, Any]:
    """Until the copy is seen equal to its original. Without `origin_region`: no event tells it."""
    key = keys.unverified(event.key, event.version_id, event.region)
    return {
        **key.as_dict(),
        "key": event.key,
        "version_id": event.version_id,
        "arrived_at": timestamp(event.happened_at),
    }


def _base(event: ObjectEvent, state: str) -> dict[str, Any]:
    return {
        **keys.ledger(event.key, event.region).as_dict(),
        "state": state,
        "origin_region": event.region,
        "version_id": event.version_id,
        "sequencer": event.sequencer.upper(),
        "arrived_at": timestamp(event.happened_at),
        "correlation_id": event.event_id,
    }


def verified(
    item: Mapping[str, Any], differences: tuple[str, ...], now: datetime
) -> dict[str, Any]:
    """What verification adds to a ledger item."""
    return {
        "verification": MISMATCH if differences else VERIFIED,
        "differences": list(differences),
        "verified_at": timestamp(now),
        "verified_version_id": item["version_id"],
    }
