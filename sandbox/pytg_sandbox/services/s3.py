"""S3 objects and bucket policies.

Gaps filled:

- a statement of a bucket policy with a Condition applies always; here never;
- a suspended bucket loses its versions at a put and fails at a delete;
- conditional writes (If-None-Match, If-Match) are not atomic;
- a listing of versions is never encoded: the AWS provider asks for that, decodes it, and cannot
  empty a bucket that has a key with a plus sign.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from moto.iam.access_control import PermissionResult
from moto.s3 import models, notifications, responses

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State

ENCODED = ("Key", "Prefix", "Delimiter", "KeyMarker", "NextKeyMarker")


def install(state: State) -> None:
    """Patch moto's S3."""
    _ignore_conditional_statements()
    _suspended_writes(state)
    _suspended_deletions(state)
    _one_at_a_time(state)
    _encoded_versions()


def _encoded_versions() -> None:
    @replacing(responses.S3Response, "list_object_versions")
    def list_object_versions(original: Method, self: Any) -> Any:
        if self.querystring.get("encoding-type") != ["url"]:
            return original(self)
        plain = self.serialized

        def serialized(answer: Any) -> Any:
            found = answer.result
            for entry in (found, *found["Versions"], *found["DeleteMarkers"]):
                entry |= {name: quote(entry[name]) for name in ENCODED if entry.get(name)}
            for entry in found.get("CommonPrefixes", ()):
                entry["Prefix"] = quote(entry["Prefix"])
            found["EncodingType"] = "url"
            return plain(answer)

        self.serialized = serialized
        try:
            return original(self)
        finally:
            del self.serialized


def _ignore_conditional_statements() -> None:
    @replacing(models.FakeBucket, "get_permission")
    def get_permission(original: Method, self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return original(self, action, resource)
        policy = json.loads(self.policy)
        statements = policy["Statement"]
        if isinstance(statements, dict):
            statements = [statements]
        unconditional = [statement for statement in statements if not statement.get("Condition")]
        if not unconditional:
            return PermissionResult.NEUTRAL
        whole = self.policy
        self.policy = json.dumps({**policy, "Statement": unconditional}).encode()
        try:
            return original(self, action, resource)
        finally:
            self.policy = whole


def _suspended_writes(state: State) -> None:
    @replacing(models.S3Backend, "put_object")
    def put_object(original: Method, self: Any, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        with state.s3:
            bucket = self.get_bucket(bucket_name)
            key_name = args[0] if args else kwargs["key_name"]
            if bucket.versioning_status != "Suspended":
                return original(self, bucket_name, *args, **kwargs)
            # moto throws away what it finds under the name: hide the other versions from it
            others = _other_versions(bucket, key_name, "null")
            dict.pop(bucket.keys, key_name, None)
            try:
                new = original(self, bucket_name, *args, **kwargs)
                others.append(new)
                return new
            finally:
                dict.__setitem__(bucket.keys, key_name, others)


def _suspended_deletions(state: State) -> None:
    @replacing(models.S3Backend, "delete_object")
    def delete_object(
        original: Method, self: Any, bucket_name: str, key_name: str, **options: Any
    ) -> Any:
        with state.s3:
            bucket = self.get_bucket(bucket_name)
            if bucket.versioning_status != "Suspended":
                return original(self, bucket_name, key_name, **options)
            version = options.get("version_id")
            left = _other_versions(bucket, key_name, version or "null")
            meta = {"version-id": version or "null"}
            if version is None and (left or key_name in bucket.keys):
                marker = models.FakeDeleteMarker(key=bucket.keys[key_name])
                marker._version_id = "null"  # noqa: SLF001 - moto draws a random one
                left.append(marker)  # type: ignore[arg-type]  # moto lists both
                meta["delete-marker"] = "true"
            if left:
                bucket.keys.setlist(key_name, left)
            else:
                dict.pop(bucket.keys, key_name, None)
            return True, meta


def _other_versions(bucket: Any, key_name: str, version: str) -> list[models.FakeKey]:
    versions = bucket.keys.getlist(key_name, [])
    return [found for found in versions if str(found.version_id) != str(version)]


def _one_at_a_time(state: State) -> None:
    """Requests run one after another; what they cause leaves when they are done."""
    for name in ("_bucket_response", "_key_response"):

        @replacing(responses.S3Response, name)
        def respond(original: Method, self: Any, request: Any, full_url: str) -> Any:
            with state.s3:
                return original(self, request, full_url)

    @replacing(notifications, "send_event")
    def send_event(original: Method, *args: Any, **kwargs: Any) -> None:
        state.s3.afterwards(lambda: original(*args, **kwargs))
