"""How values of a record stand in JSON: addresses and times as text, counts from zero."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

from pytg.model import Address

EXACT = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2025-01-31T12:03:04.567Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(value: Any) -> datetime:
    """The inverse of `timestamp`. Raises ValueError for what is no time."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    raise ValueError(f"{value!r} is no time")


def _address(value: Any) -> Address:
    if isinstance(value, Address):
        return value
    if isinstance(value, str):
        return Address.parse(value)
    raise ValueError(f"{value!r} is no address")


AddressText = Annotated[
    Address,
    PlainValidator(_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[^/]+/[^/]+/[^/]+/[^/]+$"}),
]
Addresses = Annotated[tuple[AddressText, ...], Field(json_schema_extra={"uniqueItems": True})]
Moment = Annotated[
    datetime,
    PlainValidator(moment),
    PlainSerializer(timestamp, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
        }
    ),
]
Count = Annotated[int, Field(ge=0)]
RunId = Annotated[str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$")]
