"""Documents and what is kept about them in S3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from docmig import failures
from docmig.aws import clients
from docmig.failures import PermanentError
from docmig.object_events import ObjectFacts

_CHUNK = 1024 * 1024
_READERS = 10  # as many connections as a client keeps
_CHECKSUMS = ("SHA256", "SHA1", "CRC64NVME", "CRC32C", "CRC32")
_NOT_FOUND = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents bucket of one region."""

    bucket: str
    region: str

    def facts(self, key: str, version_id: str) -> ObjectFacts:
        """Raises PermanentError when that version is gone."""
        found = self.find(key, version_id)
        if found is None:
            raise PermanentError.of(
                "object-gone", f"version {version_id} of {key} is not in {self.bucket}", field="key"
            )
        return found

    def find(self, key: str, version_id: str) -> ObjectFacts | None:
        """None when that version, or without one the current, is not (or not yet) here."""
        try:
            head = clients.s3(self.region).head_object(
                Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **_version(version_id)
            )
        except ClientError as error:
            if failures.error_code(error.response) in _NOT_FOUND:
                return None
            raise
        return _facts(key, version_id or str(head.get("VersionId", "")), head)

    def sha256(self, key: str, version_id: str) -> str:
        """Hash of the stored bytes, read as a stream."""
        body = clients.s3(self.region).get_object(
            Bucket=self.bucket, Key=key, **_version(version_id)
        )["Body"]
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def put_sentinel(self, key: str, text: str) -> str:
        """Write a small object; its version id."""
        answer = clients.s3(self.region).put_object(
            Bucket=self.bucket, Key=key, Body=text.encode(), ContentType="text/plain"
        )
        return answer.get("VersionId", "")


@dataclass(frozen=True, slots=True)
class OpsBucket:
    """Reports, evidence and dead letters of one region."""

    bucket: str
    region: str

    def put_json(self, key: str, body: Mapping[str, Any]) -> str:
        """Write an object, the same bytes for the same content; its SHA-256."""
        text = json.dumps(body, sort_keys=True, indent=1, default=str).encode()
        clients.s3(self.region).put_object(
            Bucket=self.bucket, Key=key, Body=text, ContentType="application/json"
        )
        return hashlib.sha256(text).hexdigest()

    def read_all(self, prefix: str) -> list[dict[str, Any]]:
        """The JSON objects below a prefix, in the order of their keys."""
        pages = clients.s3(self.region).get_paginator("list_objects_v2")
        names = [
            entry["Key"]
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix)
            for entry in page.get("Contents", [])
        ]
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(self._read_json, names))

    def _read_json(self, key: str) -> dict[str, Any]:
        answer = clients.s3(self.region).get_object(Bucket=self.bucket, Key=key)
        body: dict[str, Any] = json.loads(answer["Body"].read())
        return body


def _version(version_id: str) -> Any:
    """S3 takes an empty version id for a wrong one."""
    return {"VersionId": version_id} if version_id else {}


def _facts(key: str, version_id: str, head: Mapping[str, Any]) -> ObjectFacts:
    # A composite checksum depends on how the upload was cut into parts: it is no hash of the bytes.
    whole = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    checksums = {name: str(head.get(f"Checksum{name}", "")) for name in _CHECKSUMS}
    return ObjectFacts(
        key=key,
        version_id=version_id,
        size=int(head["ContentLength"]),
        etag=str(head["ETag"]),
        written_at=head["LastModified"],
        content_type=str(head.get("ContentType", "")),
        replication_status=str(head.get("ReplicationStatus", "")),
        metadata=dict(head.get("Metadata", {})),
        checksums={name: value for name, value in checksums.items() if value and whole},
    )
