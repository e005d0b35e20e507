"""Which objects an S3JobManifestGenerator takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

NONE = "NONE"
ALL_STATUSES = frozenset({NONE, "COMPLETED", "FAILED", "REPLICA"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a filter looks at in one object version."""

    key: str
    size: int
    created: datetime
    storage_class: str
    status: str | None
    eligible: bool


@dataclass(frozen=True, slots=True)
class ManifestFilter:
    """The filter of a job; the default takes every object."""

    eligible: bool | None = None
    statuses: frozenset[str] = ALL_STATUSES
    created_after: datetime | None = None
    created_before: datetime | None = None
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    substrings: tuple[str, ...] = ()
    larger_than: int | None = None
    smaller_than: int | None = None
    storage_classes: tuple[str, ...] = ()

    def takes(self, facts: Facts) -> bool:
        """Whether the object is in the manifest. An object that is PENDING never is."""
        after, before = self.created_after, self.created_before
        return (
            self.eligible in (None, facts.eligible)
            and (facts.status or NONE) in self.statuses
            and (after is None or facts.created > after)
            and (before is None or facts.created < before)
            and (self.larger_than is None or facts.size > self.larger_than)
            and (self.smaller_than is None or facts.size < self.smaller_than)
            and (not self.storage_classes or facts.storage_class in self.storage_classes)
            and self._takes_name(facts.key)
        )

    def _takes_name(self, key: str) -> bool:
        return (
            (not self.prefixes or key.startswith(self.prefixes))
            and (not self.suffixes or key.endswith(self.suffixes))
            and (not self.substrings or any(part in key for part in self.substrings))
        )


def parse_filter(document: Mapping[str, Any]) -> ManifestFilter:
    """A filter from a JobManifestGeneratorFilter as the API has it."""
    names = document.get("KeyNameConstraint") or {}
    return ManifestFilter(
        eligible=document.get("EligibleForReplication"),
        statuses=frozenset(document.get("ObjectReplicationStatuses") or ALL_STATUSES),
        created_after=_aware(document.get("CreatedAfter")),
        created_before=_aware(document.get("CreatedBefore")),
        prefixes=tuple(names.get("MatchAnyPrefix") or ()),
        suffixes=tuple(names.get("MatchAnySuffix") or ()),
        substrings=tuple(names.get("MatchAnySubstring") or ()),
        larger_than=document.get("ObjectSizeGreaterThanBytes"),
        smaller_than=document.get("ObjectSizeLessThanBytes"),
        storage_classes=tuple(document.get("MatchAnyStorageClass") or ()),
    )


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time
