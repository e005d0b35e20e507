"""Which objects a batch job takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pytg_sandbox.s3_manifest import Facts, parse_filter

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def facts(**changes: Any) -> Facts:
    known: dict[str, Any] = {
        "key": "a/1",
        "size": 10,
        "created": NOON,
        "storage_class": "STANDARD",
        "status": None,
        "eligible": True,
    }
    return Facts(**known | changes)


@pytest.mark.parametrize(
    ("document", "taken", "left"),
    [
        ({"EligibleForReplication": True}, {}, {"eligible": False}),
        ({"EligibleForReplication": False}, {"eligible": False}, {}),
        ({"ObjectReplicationStatuses": ["NONE"]}, {}, {"status": "COMPLETED"}),
        ({"ObjectReplicationStatuses": ["FAILED"]}, {"status": "FAILED"}, {}),
        ({}, {"status": "REPLICA"}, {"status": "PENDING"}),
        ({"CreatedBefore": datetime(2026, 1, 1, 13)}, {}, {"created": NOON.replace(hour=14)}),  # noqa: DTZ001 - a naive time is what the API's reader may give
        ({"CreatedAfter": NOON}, {"created": NOON.replace(hour=13)}, {}),
        ({"KeyNameConstraint": {"MatchAnyPrefix": ["a/", "b/"]}}, {"key": "b/1"}, {"key": "c/1"}),
        ({"KeyNameConstraint": {"MatchAnySuffix": [".pdf"]}}, {"key": "1.pdf"}, {}),
        ({"KeyNameConstraint": {"MatchAnySubstring": ["/"]}}, {}, {"key": "1"}),
        ({"ObjectSizeGreaterThanBytes": 9}, {}, {"size": 9}),
        ({"ObjectSizeLessThanBytes": 11}, {}, {"size": 11}),
        ({"MatchAnyStorageClass": ["STANDARD"]}, {}, {"storage_class": "GLACIER"}),
    ],
)
def test_filter(document: dict[str, Any], taken: dict[str, Any], left: dict[str, Any]) -> None:
    wanted = parse_filter(document)
    assert wanted.takes(facts(**taken))
    assert not wanted.takes(facts(**left))
