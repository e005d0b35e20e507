"""S3 replication. Gap filled: moto stores a replication configuration and copies nothing.

What is written while a rule matches is copied to the rule's bucket after the lag: objects (put,
copied, completed from parts) with version id, metadata, tags and time, and delete markers. A
replica is never replicated again, so two buckets may replicate to each other. A deletion of one
version is not replicated. What was there before the rule waits for a batch job.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from moto.s3 import models, notifications, responses
from moto.s3.exceptions import S3ClientError

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.replication import Channel
from pytg_sandbox.s3_rules import Rule, chosen, parse_rules
from pytg_sandbox.services import State

PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"

Version = models.FakeKey | models.FakeDeleteMarker


def install(state: State) -> None:
    """Patch moto's S3."""
    engine = Replication(state)
    _configurations()
    _statuses()
    _writes(engine)
    _tag_changes(engine)


class Replication:
    """Finds the rules for a write and queues its copies."""

    def __init__(self, state: State) -> None:
        self.state = state

    def written(self, bucket: models.FakeBucket, version: Version) -> None:
        """Replicate a new object or delete marker, if a rule says so."""
        with self.state.s3:
            for rule in _rules_for(bucket, version):
                if isinstance(version, models.FakeKey):
                    set_status(version, rule, PENDING)
                elif not rule.delete_markers:
                    continue
                self._submit(bucket, rule, version)

    def tagged(self, bucket: models.FakeBucket, key: models.FakeKey) -> None:
        """Replicate changed tags: of a replica only by rules with replica modification sync."""
        status = status_of(key)
        if status is None:
            return
        for rule in _rules_for(bucket, key):
            if status != REPLICA or rule.replica_modifications:
                self._submit(bucket, rule, key, tags_only=True)

    def _submit(
        self, bucket: models.FakeBucket, rule: Rule, version: Version, *, tags_only: bool = False
    ) -> None:
        target = find_bucket(rule.target)
        region = target.region_name if target else bucket.region_name

        def apply() -> None:
            with self.state.s3:
                if tags_only:
                    copy_tags(version, rule)
                else:
                    copied = replicate(version, rule)
                    self.state.copied(bucket, rule, version, waits=False, failed=not copied)

        if not tags_only:
            self.state.copied(bucket, rule, version, waits=True, failed=False)
        self.state.queue.submit(Channel("s3", bucket.region_name, region), apply)


def replicate(version: Version, rule: Rule) -> bool:
    """Copy one version to the rule's bucket, now; whether it is there afterwards."""
    target = find_bucket(rule.target)
    if target is None or not target.is_versioned:
        set_status(version, rule, FAILED)
        return False
    versions = target.keys.getlist(version.name, [])
    if not any(str(found.version_id) == str(version.version_id) for found in versions):
        new = _replica(version, rule, target)
        # the youngest is current, whatever arrived last
        ordered = sorted([*versions, new], key=lambda found: found.last_modified)
        target.keys.setlist(version.name, ordered)
        if isinstance(new, models.FakeKey):
            event = notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
            notifications.send_event(target.account_id, event, target, new)
        else:
            marked = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
            notifications.send_event(target.account_id, marked, target, new)
    set_status(version, rule, COMPLETED)
    return True


def copy_tags(key: Version, rule: Rule) -> None:
    """Give the copy of `key` in the rule's bucket the tags of `key`."""
    target = find_bucket(rule.target)
    if target is None or not isinstance(key, models.FakeKey):
        return
    for found in target.keys.getlist(key.name, []):
        if isinstance(found, models.FakeKey) and str(found.version_id) == str(key.version_id):
            _move_tags(key, found)


def _replica(version: Version, rule: Rule, target: models.FakeBucket) -> Version:
    if isinstance(version, models.FakeDeleteMarker):
        marker = models.FakeDeleteMarker(key=version.key)
        marker.last_modified = version.last_modified
        marker._version_id = version.version_id  # noqa: SLF001 - moto draws a random one
        return marker
    replica = models.FakeKey(
        name=version.name,
        bucket_name=target.name,
        value=version.value,
        account_id=target.account_id,
        region_name=target.region_name,
        storage=rule.storage_class or version.storage_class,
        etag=version.etag.strip('"'),
        is_versioned=True,
        version_id=version.version_id,
        multipart=version.multipart,
        encryption=version.encryption,
        bucket_key_enabled=version.bucket_key_enabled,
        checksum_value=version.checksum_value,
        checksum_type=version.checksum_type,
        checksum_parts=version.checksum_parts,
    )
    replica.checksum_algorithm = version.checksum_algorithm
    replica.last_modified = version.last_modified
    replica.set_metadata(copy.copy(version.metadata))
    replica.__dict__["pytg_replica"] = True
    _move_tags(version, replica)
    return replica


def _move_tags(source: models.FakeKey, target: models.FakeKey) -> None:
    tagger = _backend(target).tagger
    tagger.delete_all_tags_for_resource(target.arn)
    tagger.tag_resource(target.arn, tagger.convert_dict_to_tags_input(tags_of(source)))


def tags_of(key: models.FakeKey) -> dict[str, str]:
    """The tags of an object."""
    tags: dict[str, str] = _backend(key).tagger.get_tag_dict_for_resource(key.arn)
    return tags


def _backend(key: models.FakeKey) -> models.S3Backend:
    return models.s3_backends[key.account_id][key.partition]


def find_bucket(name: str) -> models.FakeBucket | None:
    """The bucket of that name in any account and region."""
    partition, account = models.s3_backends.bucket_accounts.get(name, ("", ""))
    return models.s3_backends[account][partition].buckets.get(name) if account else None


def rules_of(bucket: models.FakeBucket) -> list[Rule]:
    """The rules of the bucket's replication configuration, if any."""
    configuration: Mapping[str, Any] | None = getattr(bucket, "replication", None)
    return parse_rules(configuration) if configuration else []


def status_of(version: Version) -> str | None:
    """PENDING, COMPLETED, FAILED, REPLICA, or None for what no rule met.

    With several destinations an object has failed when one has, and is complete when all are.
    """
    if version.__dict__.get("pytg_replica"):
        return REPLICA
    statuses = version.__dict__.get("pytg_statuses", {}).values()
    return next((status for status in (FAILED, PENDING, COMPLETED) if status in statuses), None)


def set_status(version: Version, rule: Rule, status: str) -> None:
    """Note how far the replication of a version by a rule is."""
    version.__dict__.setdefault("pytg_statuses", {})[rule.target] = status


def _rules_for(bucket: models.FakeBucket, version: Version) -> list[Rule]:
    rules = rules_of(bucket) if bucket.is_versioned else []
    tags = tags_of(version) if rules and isinstance(version, models.FakeKey) else {}
    return chosen(rules, version.name, tags)


def _configurations() -> None:
    @replacing(models.S3Backend, "put_bucket_replication")
    def put(original: Method, self: Any, bucket_name: str, replication: dict[str, Any]) -> Any:
        try:
            parse_rules(replication)
        except (ValueError, KeyError) as error:
            raise S3ClientError("MalformedXML", str(error)) from error
        return original(self, bucket_name, replication)


def _statuses() -> None:
    shown: Any = models.FakeKey.response_dict

    def response_dict(self: Any) -> dict[str, Any]:
        headers: dict[str, Any] = shown.fget(self)
        if status := status_of(self):
            headers["x-amz-replication-status"] = status
        return headers

    setattr(models.FakeKey, "response_dict", property(response_dict))  # noqa: B010 - for mypy


def _writes(engine: Replication) -> None:
    state = engine.state

    @replacing(models.S3Backend, "put_object")
    def put_object(original: Method, self: Any, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        with state.s3:
            key = original(self, bucket_name, *args, **kwargs)
            bucket = self.get_bucket(bucket_name)
            # metadata and tags are set after the put, in the same request
            state.s3.afterwards(lambda: engine.written(bucket, key))
            return key

    @replacing(models.S3Backend, "_set_delete_marker")
    def set_delete_marker(original: Method, self: Any, bucket_name: str, key_name: str) -> Any:
        marker = original(self, bucket_name, key_name)
        engine.written(self.get_bucket(bucket_name), marker)
        return marker


def _tag_changes(engine: Replication) -> None:
    for name in ("put_object_tagging", "delete_object_tagging"):

        @replacing(responses.S3Response, name)
        def change(original: Method, self: Any) -> Any:
            result = original(self)
            key = self.backend.get_object(
                self.bucket_name,
                self.parse_key_name(),
                version_id=self._get_param("versionId"),
            )
            if isinstance(key, models.FakeKey):
                engine.tagged(self.backend.get_bucket(self.bucket_name), key)
            return result
