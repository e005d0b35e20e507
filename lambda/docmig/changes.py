"""What a change in the metadata table means: the table's stream is the outbox of all events.

A function writes an item and no event; the stream consumer of the region that wrote it sends the
event. So there is never an event without its item, nor an item whose event was forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from docmig import document, keys, ledger
from docmig.failures import PermanentError, Reason
from docmig.migration_events import MigrationEvent, Source

_META_TEXTS = ("key", "origin_region", "version", "version_id", "status", "updated_at")
_EXPIRY = "dynamodb.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Change:
    """A stream record. `old` or `new` is empty where the item did not or does not exist."""

    event_id: str
    happened_at: datetime
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    expired: bool = False

    @property
    def item(self) -> Mapping[str, Any]:
        return self.new or self.old


def parse(record: Mapping[str, Any]) -> Change:
    """Raises PermanentError for what is no stream record with both images."""
    try:
        images = record["dynamodb"]
        change = Change(
            event_id=str(record["eventID"]),
            happened_at=datetime.fromtimestamp(float(images["ApproximateCreationDateTime"]), UTC),
            old=_plain({"M": images.get("OldImage", {})}),
            new=_plain({"M": images.get("NewImage", {})}),
            expired=record.get("userIdentity", {}).get("principalId") == _EXPIRY,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        message = f"not a stream record: {error!r}"
        raise PermanentError.of("malformed-stream-record", message) from error
    if not change.item.get("pk") or not change.item.get("sk"):
        raise PermanentError.of("malformed-stream-record", "the images have no key")
    return change


def _plain(value: Mapping[str, Any]) -> Any:
    """Python's value of DynamoDB's typed JSON."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            number = Decimal(content)
            return int(number) if number == number.to_integral_value() else number
        case "M":
            return {name: _plain(inner) for name, inner in content.items()}
        case "L":
            return [_plain(inner) for inner in content]
        case "NULL":
            return None
        case "S" | "BOOL" | "B" | "SS" | "NS" | "BS":
            return content
    raise ValueError(f"unknown DynamoDB type {kind!r}")


def events_of(change: Change, region: str) -> tuple[MigrationEvent, ...]:
    """The events that `region` sends about a change; none about what another region wrote.

    Raises PermanentError for an item that breaks the schema, and for a metadata item that was
    replaced by an older version: only writes in both regions at once can do that, and the letter
    with both images is then all that is left of the newer one.
    """
    item = change.item
    if item["sk"] == keys.META:
        _refuse_regression(change)
    if change.expired or item.get("origin_region") != region:
        return ()
    if not change.new:
        return (_event(change, Source.SYNC, "MetadataRemoved"),)
    return _of_item(change, region)


def _of_item(change: Change, region: str) -> tuple[MigrationEvent, ...]:
    item = change.new
    if item["sk"] == keys.META:
        return _of_document(change)
    if item["sk"] == keys.ledger("", region).sk:
        return _of_copy(change)
    if item["sk"] == keys.replication_failure("", region).sk:
        return (_event(change, Source.REPLICATION, "ReplicationFailed", "reason", "response"),)
    return ()


def _of_document(change: Change) -> tuple[MigrationEvent, ...]:
    wrong = [name for name in _META_TEXTS if not isinstance(change.new.get(name), str)]
    if wrong:
        raise PermanentError(*(Reason("schema", name, "missing, or not a text") for name in wrong))
    if change.old.get("version") == change.new["version"]:
        return ()
    if change.new["status"] == document.DELETED:
        kind = "DocumentDeleted"
    else:
        kind = "DocumentUpdated" if change.old else "DocumentRegistered"
    return (_event(change, Source.SYNC, kind, "version", "status"),)


def _of_copy(change: Change) -> tuple[MigrationEvent, ...]:
    old, new = change.old, change.new
    if old.get("version_id") != new.get("version_id"):
        kind = "DocumentSynced" if new.get("state") == ledger.ARRIVED else "DeletionSynced"
        return (_event(change, Source.SYNC, kind, "lag_ms"),)
    if old.get("verification") == new.get("verification"):
        return ()
    kinds = {ledger.VERIFIED: "DocumentVerified", ledger.MISMATCH: "ChecksumMismatch"}
    kind = kinds.get(str(new.get("verification")), "")
    return (_event(change, Source.VERIFY, kind, "differences"),) if kind else ()


def _refuse_regression(change: Change) -> None:
    old, new = str(change.old.get("version", "")), str(change.new.get("version", ""))
    if old and new and new < old:
        message = f"{new} of {change.new.get('origin_region')} replaced {old}"
        raise PermanentError.of("version-regressed", message, field="version")


def _event(change: Change, source: Source, kind: str, *extra: str) -> MigrationEvent:
    item = change.item
    data = {"key": keys.object_key_of(str(item["pk"])), "version_id": item.get("version_id", "")}
    return MigrationEvent(
        source=source,
        detail_type=kind,
        correlation_id=str(item.get("correlation_id") or change.event_id),
        idempotency_key=change.event_id,
        occurred_at=change.happened_at,
        data={**data, **{name: item[name] for name in extra if name in item}},
    )
