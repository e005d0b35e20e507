"""Filter criteria of event source mappings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.events.models import EventPattern


def wanted(criteria: Mapping[str, Any] | None, record: Mapping[str, Any]) -> bool:
    """Whether one of the filters takes the record; without filters, every record is taken.

    A body or data that is JSON is looked into.
    """
    filters = (criteria or {}).get("Filters") or []
    patterns = [EventPattern.load(found.get("Pattern") or "{}") for found in filters]
    if not patterns:
        return True
    seen = dict(record)
    body = seen.get("body")
    if isinstance(body, str):
        try:
            seen["body"] = json.loads(body)
        except ValueError:
            seen["body"] = body
    plain = json.loads(json.dumps(seen, default=str))
    return any(pattern.matches_event(plain) for pattern in patterns)
