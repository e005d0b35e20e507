"""Lines of an S3 inventory or a listing, as a distributed map hands them over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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


def listed_at(started_at: str, manifest: str = "") -> float:
    """From when on a verification may have missed documents (seconds); 0 if that is not known.

    That is when S3 began with the inventory, which the manifest's key says
    (`.../YYYY-MM-DDTHH-MMZ/manifest.json`), or else the start of the execution.
    """
    if not manifest:
        return datetime.fromisoformat(started_at).timestamp() if started_at else 0.0
    found = re.search(r"/(\d{4}-\d\d-\d\dT\d\d-\d\dZ)/[^/]+$", manifest)
    if not found:
        return 0.0
    return datetime.strptime(found[1], "%Y-%m-%dT%H-%MZ").replace(tzinfo=UTC).timestamp()


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
