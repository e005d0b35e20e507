"""Lines of an S3 inventory or a listing, as a distributed map hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """An object version. `version_id` is empty in a listing, which has current versions only."""

    key: str
    version_id: str
    is_latest: bool
    is_marker: bool


def inventory_row(columns: Mapping[str, Any], *, encoded: bool) -> InventoryRow:
    """From the columns by name; `encoded`: the key is URL-encoded, as in a CSV inventory.

    Raises KeyError.
    """
    key = str(columns["Key"])
    return InventoryRow(
        key=unquote_plus(key) if encoded else key,
        version_id=str(columns.get("VersionId", "")),
        is_latest=_true(columns.get("IsLatest", "true")),
        is_marker=_true(columns.get("IsDeleteMarker", "false")),
    )


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
