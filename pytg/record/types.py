"""How values of a record stand in JSON: addresses and times as text, counts from zero."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, ValidationError, WithJsonSchema

from pytg.model import Address

ADDRESS = "^[^/]+/[^/]+/[^/]+/[^/]+$"
TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"

_is_address = re.compile(ADDRESS).fullmatch
_is_timestamp = re.compile(TIMESTAMP).fullmatch


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2025-01-31T12:03:04.567Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(value: Any) -> datetime:
    """The inverse of `timestamp`. Raises ValueError for what is no such text."""
    if not isinstance(value, str) or not _is_timestamp(value):
        raise ValueError(f"{value!r} is no time")
    return datetime.fromisoformat(value)


def _address(value: Any) -> Address:
    if not isinstance(value, str) or not _is_address(value):
        raise ValueError(f"{value!r} is no address")
    return Address.parse(value)


AddressText = Annotated[
    Address,
    PlainValidator(_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": ADDRESS}),
]
Addresses = Annotated[tuple[AddressText, ...], Field(json_schema_extra={"uniqueItems": True})]
Moment = Annotated[
    datetime,
    PlainValidator(moment),
    PlainSerializer(timestamp, return_type=str),
    WithJsonSchema({"type": "string", "pattern": TIMESTAMP}),
]
RunId = Annotated[str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$")]
OptionName = Annotated[str, Field(pattern=r"^[a-z_]+$")]
Word = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[int, Field(strict=True, ge=1)]
ExitCode = Annotated[int, Field(strict=True, ge=0, le=255)]


def problem(error: Exception) -> str:
    """What is wrong with a document, in one line: of several mistakes the first."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
