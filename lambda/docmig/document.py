"""Metadata of a document: what is accepted, and the one form in which it is kept."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from docmig import keys
from docmig.failures import PermanentError, Reason
from docmig.object_events import ObjectFacts, timestamp

SCHEMA_VERSION = 1
ACTIVE, DELETED = "active", "deleted"
MAX_KEY_BYTES = 1024
TEBIBYTE = 1024**4

_ALIASES = {
    "application/x-pdf": "application/pdf",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "text/json": "application/json",
    "text/xml": "application/xml",
}
_BY_EXTENSION = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "gif": "image/gif",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}
_UNKNOWN_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_PREFERENCE = ("SHA1", "CRC64NVME", "CRC32C", "CRC32")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the estate accepts. A content type that ends with `/` or `.` stands for all below it."""

    max_bytes: int = 5 * TEBIBYTE
    content_types: tuple[str, ...] = (
        "application/json",
        "application/msword",
        "application/pdf",
        "application/vnd.",
        "application/xml",
        "application/zip",
        "image/",
        "message/rfc822",
        "text/",
    )


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document. `checksum` is `algorithm:hex`, empty where S3 knows none."""

    key: str
    version_id: str
    size: int
    content_type: str
    etag: str
    checksum: str
    written_at: datetime
    attributes: Mapping[str, str] = field(default_factory=dict)

    def item(self, *, version: str, region: str, event_id: str, now: datetime) -> dict[str, Any]:
        """The metadata item as `region` writes it."""
        return {
            **keys.document(self.key).as_dict(),
            "schema_version": SCHEMA_VERSION,
            "status": ACTIVE,
            "version": version,
            "origin_region": region,
            "key": self.key,
            "version_id": self.version_id,
            "size": self.size,
            "content_type": self.content_type,
            "etag": self.etag,
            "checksum": self.checksum,
            "written_at": timestamp(self.written_at),
            "updated_at": timestamp(now),
            "correlation_id": event_id,
            "attributes": dict(self.attributes),
        }


def accept(facts: ObjectFacts, rules: Rules | None = None) -> Document:
    """The document in its normal form. Raises PermanentError with every reason against it."""
    rules = rules or Rules()
    attributes = _attributes(facts.metadata)
    content_type = normal_type(facts.content_type, facts.key)
    reasons = [
        *_key_reasons(facts.key),
        *_size_reasons(facts.size, rules),
        *_type_reasons(content_type, facts.key, rules),
        *_checksum_reasons(attributes.get("sha256"), facts.checksums),
        *_date_reasons(attributes.get("document-date")),
    ]
    if reasons:
        raise PermanentError(*reasons)
    return Document(
        key=facts.key,
        version_id=facts.version_id,
        size=facts.size,
        content_type=content_type,
        etag=facts.etag.strip('"'),
        checksum=checksum(facts),
        written_at=facts.written_at.astimezone(UTC),
        attributes={name: value for name, value in attributes.items() if name != "sha256"},
    )


def normal_type(text: str, key: str) -> str:
    """Content type without parameters, in its registered spelling; from the name if unknown."""
    given = text.partition(";")[0].strip().lower()
    if given in _UNKNOWN_TYPES:
        return _BY_EXTENSION.get(_extension(key), given)
    return _ALIASES.get(given, given)


def checksum(facts: ObjectFacts) -> str:
    """`algorithm:hex`: SHA-256, S3's own or declared at upload; else what S3 has, MD5 at last."""
    if "SHA256" in facts.checksums:
        return f"sha256:{_hex(facts.checksums['SHA256'])}"
    declared = facts.metadata.get("sha256", "").strip().lower()
    if declared:
        return f"sha256:{declared}"
    for name in _PREFERENCE:
        if name in facts.checksums:
            return f"{name.lower()}:{_hex(facts.checksums[name])}"
    etag = facts.etag.strip('"')
    return f"md5:{etag}" if _MD5.fullmatch(etag) else ""


def _hex(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).hex()
    except binascii.Error as error:
        raise PermanentError.of("checksum-malformed", repr(encoded), field="checksum") from error


def _extension(key: str) -> str:
    name = key.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def _attributes(metadata: Mapping[str, str]) -> dict[str, str]:
    """User metadata with trimmed values in Unicode's composed form, sorted, none empty."""
    normal = {
        name.strip().lower(): unicodedata.normalize("NFC", value).strip()
        for name, value in sorted(metadata.items())
    }
    return {name: value for name, value in normal.items() if name and value}


def _key_reasons(key: str) -> list[Reason]:
    if not key or key.endswith("/"):
        return [Reason("key-empty", "key", "the key names no document")]
    if len(key.encode()) > MAX_KEY_BYTES:
        return [Reason("key-too-long", "key", f"more than {MAX_KEY_BYTES} bytes")]
    if any(unicodedata.category(character) == "Cc" for character in key):
        return [Reason("key-control-character", "key", f"{key!r} has a control character")]
    return []


def _size_reasons(size: int, rules: Rules) -> list[Reason]:
    if size <= 0:
        return [Reason("empty", "size", "the document has no bytes")]
    if size > rules.max_bytes:
        return [Reason("too-large", "size", f"{size} bytes; at most {rules.max_bytes}")]
    return []


def _type_reasons(content_type: str, key: str, rules: Rules) -> list[Reason]:
    if not content_type or content_type in _UNKNOWN_TYPES:
        return [Reason("content-type-unknown", "content_type", "neither stated nor in the name")]
    if not _TYPE.fullmatch(content_type):
        return [Reason("content-type-malformed", "content_type", repr(content_type))]
    if not any(_covers(accepted, content_type) for accepted in rules.content_types):
        return [Reason("content-type-refused", "content_type", f"{content_type} is not accepted")]
    expected = _BY_EXTENSION.get(_extension(key))
    if expected and expected != content_type and not content_type.startswith("text/"):
        message = f"{content_type} in a name that ends like {expected}"
        return [Reason("content-type-mismatch", "content_type", message)]
    return []


def _covers(accepted: str, content_type: str) -> bool:
    if accepted.endswith(("/", ".")):
        return content_type.startswith(accepted)
    return content_type == accepted


def _checksum_reasons(declared: str | None, known: Mapping[str, str]) -> list[Reason]:
    if declared is None:
        return []
    if not _SHA256.fullmatch(declared):
        return [Reason("checksum-malformed", "sha256", "not 64 hexadecimal digits")]
    if "SHA256" in known and _hex(known["SHA256"]) != declared.lower():
        return [Reason("checksum-mismatch", "sha256", "not the one that S3 computed")]
    return []


def _date_reasons(text: str | None) -> list[Reason]:
    if text is None:
        return []
    try:
        date.fromisoformat(text)
    except ValueError:
        return [Reason("date-malformed", "document-date", f"{text!r} is no date like 2025-01-31")]
    return []
