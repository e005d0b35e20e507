"""What to do about an object that S3 could not copy.

The reasons are those of the S3 User Guide, "Amazon S3 replication failure reasons".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

from docmig import keys
from docmig.failures import PermanentError
from docmig.object_events import parse_time, timestamp


class Kind(StrEnum):
    """S3's event, without its prefix `s3:Replication:`."""

    FAILED = "OperationFailedReplication"
    LATE = "OperationMissedThreshold"
    ARRIVED_LATE = "OperationReplicatedAfterThreshold"
    NOT_TRACKED = "OperationNotTracked"


class Response(StrEnum):
    """RETRY: batch replication takes it up. CONFIGURE: a person repairs the configuration first.

    IMPOSSIBLE: no repetition helps this object.
    """

    RETRY = "retry"
    CONFIGURE = "configure"
    IMPOSSIBLE = "impossible"


_IMPOSSIBLE = frozenset({"DstObjectHardDeleted", "SrcKeyNotFound", "SrcObjectNotFound"})
_ABOUT_SETTINGS = ("DstBucket", "DstKms", "SrcBucket", "SrcKms")


def response_to(reason: str) -> Response:
    """An unknown reason is tried again."""
    if reason in _IMPOSSIBLE:
        return Response.IMPOSSIBLE
    if reason.endswith("NotPermitted") or reason.startswith(_ABOUT_SETTINGS):
        return Response.CONFIGURE
    return Response.RETRY


@dataclass(frozen=True, slots=True)
class ReplicationNotice:
    """One record of S3's notification."""

    kind: Kind
    region: str
    bucket: str
    key: str
    version_id: str
    sequencer: str
    happened_at: datetime
    reason: str

    @property
    def idempotency_key(self) -> str:
        event = keys.object_event(self.bucket, self.key, self.version_id, self.sequencer)
        return f"{self.kind}\n{timestamp(self.happened_at)}\n{event}"

    def item(self) -> dict[str, Any]:
        """What the source region keeps about the failure until the copy has arrived."""
        return {
            **keys.replication_failure(self.key, self.region).as_dict(),
            "origin_region": self.region,
            "version_id": self.version_id,
            "reason": self.reason or str(self.kind),
            "response": str(response_to(self.reason)),
            "happened_at": timestamp(self.happened_at),
            "correlation_id": keys.token(self.idempotency_key)[:32],
        }


def parse(body: Mapping[str, Any]) -> tuple[ReplicationNotice, ...]:
    """The notices in a message; none in S3's test message. Raises PermanentError."""
    if body.get("Event") == "s3:TestEvent":
        return ()
    try:
        return tuple(_notices(body["Records"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"not a replication notification of S3: {error!r}"
        raise PermanentError.of("malformed-event", message) from error


def _notices(records: list[dict[str, Any]]) -> Iterator[ReplicationNotice]:
    for record in records:
        item = record["s3"]["object"]
        yield ReplicationNotice(
            kind=Kind(str(record["eventName"]).rpartition(":")[2]),
            region=str(record["awsRegion"]),
            bucket=str(record["s3"]["bucket"]["name"]),
            key=unquote_plus(str(item["key"])),  # unlike in EventBridge, keys are URL-encoded here
            version_id=str(item.get("versionId", "")),
            sequencer=str(item.get("sequencer", "")),
            happened_at=parse_time(str(record["eventTime"])),
            reason=str(record.get("replicationEventData", {}).get("failureReason", "")),
        )
