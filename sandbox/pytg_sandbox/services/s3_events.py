"""Notifications of S3.

Gaps filled:

- events on EventBridge have one id and one sequencer for all, another shape than AWS's, and go to
  every bus;
- notifications lack version id, sequencer and what failed in replication;
- every put causes an event about tags;
- a delete marker, and a deleted version that is not the last one, cause no event.
"""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any
from urllib.parse import quote_plus

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.s3 import models, notifications, responses
from moto.s3.notifications import S3NotificationEvent

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.s3_rules import Rule
from pytg_sandbox.services import State
from pytg_sandbox.services.events import event_of, publish
from pytg_sandbox.services.s3_replication import Version, find_bucket

REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
DELETIONS = {
    "s3:ObjectRemoved:Delete": "Permanently Deleted",
    "s3:ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}
_numbers = itertools.count(time.time_ns())


def install(state: State) -> None:
    """Patch moto's notifications."""
    _contents()
    _deletions(state)
    _tags()
    state.on_copy.append(_copied)


def _contents() -> None:
    @replacing(notifications, "_send_event_bridge_message")
    def send_event_bridge_message(
        _original: Method, account_id: str, bucket: Any, event_name: str, key: Any
    ) -> None:
        name = str(getattr(event_name, "value", event_name))
        if name.startswith("s3:Replication:"):
            return  # S3 sends these to queues, topics and functions only
        publish(account_id, bucket.region_name, "default", _event(account_id, bucket, name, key))

    @replacing(notifications, "_get_s3_event")
    def get_s3_event(
        original: Method, event_name: str, bucket: Any, key: Any, notification_id: str
    ) -> dict[str, Any]:
        name = str(getattr(event_name, "value", event_name))
        body: dict[str, Any] = original(name, bucket, _Shown(key), notification_id)
        item = body["Records"][0]["s3"]["object"]
        item.clear()
        item |= {"key": quote_plus(key.name), "sequencer": _sequencer()}
        if _version(key):
            item["versionId"] = _version(key)
        if isinstance(key, models.FakeKey):
            item |= {"size": key.size, "eTag": key.etag.strip('"')}
        if name.startswith("s3:Replication:"):
            body["Records"][0]["eventVersion"] = "2.2"
            body["Records"][0]["replicationEventData"] = key.__dict__.get("pytg_failure", {})
        return body


class _Shown:
    """What moto reads of a version, for a delete marker too."""

    def __init__(self, key: Any) -> None:
        self.name = key.name
        self.etag = getattr(key, "etag", "")
        self.size = getattr(key, "size", 0)


def _event(account: str, bucket: Any, name: str, key: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"key": key.name, "sequencer": _sequencer()}
    if isinstance(key, models.FakeKey):
        item |= {"size": key.size, "etag": key.etag.strip('"')}
    if _version(key):
        item["version-id"] = _version(key)
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": item,
        "request-id": f"{next(_numbers):016X}",
        "requester": account,
        "source-ip-address": "127.0.0.1",
    }
    if name in REASONS:
        detail["reason"] = REASONS[name]
    if name in DELETIONS:
        detail["deletion-type"] = DELETIONS[name]
        item.pop("size", None)
    return event_of(
        account,
        bucket.region_name,
        source="aws.s3",
        kind=notifications._detail_type(name),  # noqa: SLF001 - moto's table
        resources=[bucket.arn],
        detail=detail,
    )


def _sequencer() -> str:
    return f"{next(_numbers):018X}"


def _version(key: Any) -> str | None:
    version = getattr(key, "version_id", None)
    return None if version in {None, "null"} else str(version)


def _deletions(state: State) -> None:
    @replacing(models.S3Backend, "_set_delete_marker")
    def set_delete_marker(original: Method, self: Any, bucket_name: str, key_name: str) -> Any:
        marker = original(self, bucket_name, key_name)
        created = S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
        bucket = self.get_bucket(bucket_name)
        notifications.send_event(self.account_id, created, bucket, marker)
        return marker

    @replacing(models.S3Backend, "delete_object")
    def delete_object(
        original: Method, self: Any, bucket_name: str, key_name: str, **options: Any
    ) -> Any:
        with state.s3:
            version = options.get("version_id")
            bucket = self.get_bucket(bucket_name)
            before = bucket.keys.getlist(key_name, []) if version else []
            answer = original(self, bucket_name, key_name, **options)
            gone = [found for found in before if str(found.version_id) == str(version)]
            if gone and bucket.keys.getlist(key_name, []):  # of the last one, moto tells
                deleted = S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT
                notifications.send_event(self.account_id, deleted, bucket, gone[0])
            return answer


def _tags() -> None:
    asked = threading.local()

    @replacing(responses.S3Response, "put_object_tagging")
    def put_object_tagging(original: Method, self: Any) -> Any:
        asked.now = True
        try:
            return original(self)
        finally:
            asked.now = False

    @replacing(notifications, "send_event")
    def send_event(
        original: Method, account: str, event_name: S3NotificationEvent, bucket: Any, key: Any
    ) -> None:
        tagged = event_name == S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT
        if not tagged or getattr(asked, "now", False):
            original(account, event_name, bucket, key)


def _copied(
    bucket: models.FakeBucket, rule: Rule, version: Version, *, waits: bool, failed: bool
) -> None:
    if waits or not failed:
        return
    marker = isinstance(version, models.FakeDeleteMarker)
    version.__dict__["pytg_failure"] = {
        "replicationRuleId": rule.identity,
        "destinationBucket": f"arn:aws:s3:::{rule.target}",
        "s3Operation": "OBJECT_DELETE" if marker else "OBJECT_PUT",
        "requestTime": iso_8601_datetime_with_milliseconds(),
        "failureReason": "DstBucketUnversioned"
        if find_bucket(rule.target)
        else "DstBucketNotFound",
    }
    event = S3NotificationEvent.REPLICATION_OPERATION_FAILED_REPLICATION_EVENT
    notifications.send_event(bucket.account_id, event, bucket, version)
