"""S3 events as EventBridge sends them, and what S3 says about an object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from docmig import keys
from docmig.failures import PermanentError

CREATED, DELETED = "Object Created", "Object Deleted"
DELETE_MARKER = "Delete Marker Created"
REPLICA = "REPLICA"


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One change of one object version. `marker`: a delete marker was put on top."""

    event_id: str
    kind: str
    region: str
    happened_at: datetime
    bucket: str
    key: str
    version_id: str
    sequencer: str
    marker: bool = False

    @property
    def idempotency_key(self) -> str:
        return keys.object_event(self.bucket, self.key, self.version_id, self.sequencer)


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """HeadObject's answer. `checksums`: by S3's names (`SHA256`), base64, of the whole object."""

    key: str
    version_id: str
    size: int
    etag: str
    written_at: datetime
    content_type: str = ""
    replication_status: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_replica(self) -> bool:
        """S3 made this copy: it was ingested in the region it came from."""
        return self.replication_status == REPLICA


def parse_event(body: Mapping[str, Any]) -> ObjectEvent:
    """Raises PermanentError for what is not an S3 event about an object of a versioned bucket."""
    try:
        detail = body["detail"]
        item = detail["object"]
        event = ObjectEvent(
            event_id=str(body["id"]),
            kind=str(body["detail-type"]),
            region=str(body["region"]),
            happened_at=parse_time(str(body["time"])),
            bucket=str(detail["bucket"]["name"]),
            key=str(item["key"]),
            version_id=str(item.get("version-id", "")),
            sequencer=str(item.get("sequencer", "")),
            marker=detail.get("deletion-type") == DELETE_MARKER,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"not an S3 event from EventBridge: {error!r}"
        raise PermanentError.of("malformed-event", message) from error
    if event.kind not in (CREATED, DELETED):
        raise PermanentError.of("malformed-event", f"unexpected detail-type {event.kind!r}")
    if not event.version_id:
        raise PermanentError.of("unversioned", "the bucket is not versioned", field="version-id")
    return event


def parse_time(text: str) -> datetime:
    """An RFC 3339 time; without a zone it is UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def timestamp(time: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: such texts sort by time."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
