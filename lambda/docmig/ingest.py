"""What the change of an object means for its metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from docmig import keys, versions
from docmig.control import Control
from docmig.failures import PermanentError, Reason
from docmig.inventory import InventoryRow
from docmig.object_events import CREATED, ObjectEvent, ObjectFacts, timestamp
from docmig.versions import Outcome

SENTINELS = "sentinel/"


def concerns_documents(key: str, ignored: Sequence[str]) -> bool:
    """Whether the object is a document, not one that the platform writes for itself."""
    return not key.startswith(tuple(ignored))


def version_of(event: ObjectEvent, control: Control) -> str:
    """Version of a write in the event's region.

    A region that was never active has tenure 0: what is written there replaces nothing.
    """
    return versions.version(control.tenures.get(event.region, 0), event.sequencer)


def is_ours(event: ObjectEvent, control: Control) -> bool:
    """Whether this region records the event.

    Copies of objects can be told by their replication status, copies of delete markers cannot: only
    the active region's deletions count, and the peer's marker arrives there as its own event.
    """
    return event.kind == CREATED or (event.marker and control.active_region == event.region)


def to_import(row: InventoryRow, ignored: Sequence[str]) -> bool:
    """Whether a listed object may need a record: a document's current version."""
    return row.is_latest and not row.is_marker and concerns_documents(row.key, ignored)


def refusal(
    event: ObjectEvent, facts: ObjectFacts, reasons: Sequence[Reason], now: datetime
) -> dict[str, Any]:
    """That a version has no metadata because it is not valid; no event tells it."""
    return {
        **keys.refusal(event.key, event.region).as_dict(),
        "version_id": facts.version_id,
        "reasons": [reason.as_dict() for reason in reasons],
        "refused_at": timestamp(now),
    }


def tombstone(event: ObjectEvent, version: str, now: datetime) -> dict[str, Any]:
    """What a delete marker changes in the metadata item."""
    return {
        "key": event.key,
        "version": version,
        "version_id": event.version_id,
        "origin_region": event.region,
        "deleted_at": timestamp(event.happened_at),
        "updated_at": timestamp(now),
        "correlation_id": event.event_id,
    }


def settle(found: Outcome, event: ObjectEvent, control: Control) -> Mapping[str, Any]:
    """The result to log. Raises PermanentError where a write would vanish without a trace.

    Superseded by a later write of the same region is the order of things; by the other region it
    means that somebody wrote where nobody should.
    """
    if found is Outcome.SUPERSEDED and control.active_region != event.region:
        message = f"{event.region} is not active, and {control.active_region} has a later write"
        raise PermanentError.of("written-in-passive-region", message, field="region")
    return {"outcome": str(found), **keys.document(event.key).as_dict()}
