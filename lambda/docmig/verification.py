"""Whether both regions hold the same: objects, metadata items, and each against the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from docmig import document
from docmig.object_events import ObjectFacts


def canonical(item: Mapping[str, Any]) -> bytes:
    """The same bytes for equal items, whatever the order of names or the type of a number."""
    text = json.dumps(
        item, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    )
    return text.encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value.normalize())
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    raise TypeError(f"no item holds a {type(value).__name__}")


def digest(item: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(item)).hexdigest()


def compare_items(here: Mapping[str, Any] | None, there: Mapping[str, Any] | None) -> list[str]:
    """Differences between two regions' state of one metadata item."""
    if here is None or there is None:
        return [] if here is there else ["item-missing"]
    if digest(here) == digest(there):
        return []
    names = sorted({*here, *there})
    return [f"item.{name}" for name in names if _differ(here.get(name), there.get(name))]


def _differ(one: Any, other: Any) -> bool:
    return canonical({"": one}) != canonical({"": other})


def compare_objects(here: ObjectFacts | None, there: ObjectFacts | None) -> list[str]:
    """Differences between two regions' copy of one object version."""
    if here is None or there is None:
        # Somebody listed this version: that neither region has it is no agreement.
        return ["object-gone" if here is there else "object-missing"]
    pairs = {
        "version_id": (here.version_id, there.version_id),
        "size": (here.size, there.size),
        "etag": (here.etag.strip('"'), there.etag.strip('"')),
        "content_type": (here.content_type, there.content_type),
        "metadata": (dict(here.metadata), dict(there.metadata)),
        **{
            f"checksum.{name}": (here.checksums[name], there.checksums[name])
            for name in sorted({*here.checksums} & {*there.checksums})
        },
    }
    return [f"object.{name}" for name, (one, other) in pairs.items() if one != other]


def cross_check(item: Mapping[str, Any] | None, facts: ObjectFacts) -> list[str]:
    """Differences between a metadata item and the current object that it describes."""
    if item is None:
        return ["orphan-object"]
    if item.get("status") != document.ACTIVE:
        return ["item-says-deleted"]
    expected = {"version_id": facts.version_id, "size": facts.size, "etag": facts.etag.strip('"')}
    return [f"orphan.{name}" for name, value in expected.items() if item.get(name) != value]


@dataclass(frozen=True, slots=True)
class Totals:
    """What a verification has looked at. Totals of parts add up."""

    checked: int = 0
    matched: int = 0
    mismatched: int = 0
    skipped: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        )

    def as_dict(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def clean(self) -> bool:
        """Something was checked, and all of it agrees. Nothing checked proves nothing."""
        return self.checked > 0 and self.matched == self.checked


def total(parts: Iterable[Mapping[str, Any]]) -> Totals:
    """Sum of totals in their plain form."""
    names = [field.name for field in fields(Totals)]
    result = Totals()
    for part in parts:
        result += Totals(*(int(part[name]) for name in names))
    return result


def error_bound(sample: int) -> float:
    """Upper bound (95 %) of the share of wrong objects after `sample` random ones without any."""
    if sample <= 0:
        return 1.0
    return min(1.0, 3.0 / sample)
