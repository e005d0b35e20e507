"""Names under which things are kept: item keys, idempotency keys, object keys."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

META = "meta"
DEAD_LETTERS = "dead-letter/"
MAX_TOKEN = 64


class ItemKey(NamedTuple):
    """Partition and sort key of an item."""

    pk: str
    sk: str

    def as_dict(self) -> dict[str, str]:
        return {"pk": self.pk, "sk": self.sk}


def document(object_key: str) -> ItemKey:
    """The metadata item of a document. Its id is the object's key: a deletion tells no other."""
    return ItemKey(f"doc#{object_key}", META)


def ledger(object_key: str, region: str) -> ItemKey:
    """What a region knows about its own copy; written by that region only."""
    return ItemKey(f"doc#{object_key}", f"replica#{region}")


def replication_failure(object_key: str, region: str) -> ItemKey:
    """That S3 could not copy the document out of `region`; written by that region only."""
    return ItemKey(f"doc#{object_key}", f"failure#{region}")


def refusal(object_key: str, region: str) -> ItemKey:
    """That `region` did not accept a version of the document; written by that region only."""
    return ItemKey(f"doc#{object_key}", f"refusal#{region}")


SHARDS = "0123456789abcdef"


def unverified_shard(region: str, shard: str) -> str:
    """Partition of the copies in `region` that nobody has compared yet: one a shard of 16."""
    return f"unverified#{region}#{shard}"


def unverified(object_key: str, version_id: str, region: str) -> ItemKey:
    """That a copy has arrived in `region` and was not yet seen equal to its original."""
    name = token(object_key, version_id)
    return ItemKey(unverified_shard(region, name[0]), name)


def object_key_of(pk: str) -> str:
    """The object key in the partition key of a metadata item."""
    return pk.removeprefix("doc#")


def traffic() -> ItemKey:
    """The control item: which region is active, and since which epoch."""
    return ItemKey("control#traffic", "state")


def marker(epoch: int) -> ItemKey:
    """Written into the metadata table of the old region after the fence; awaited in the new one."""
    return ItemKey("control#marker", f"epoch#{epoch:08d}")


def marker_seen(epoch: int) -> ItemKey:
    """In the control table: when the new region showed the marker for the first time."""
    return ItemKey("control#marker", f"seen#{epoch:08d}")


def recent_lag(region: str) -> ItemKey:
    """The heartbeat's newest measurement from `region` to its peer."""
    return ItemKey(f"hb#{region}", "lag")


def heartbeat(region: str) -> ItemKey:
    return ItemKey(f"hb#{region}", "beat")


def verification() -> ItemKey:
    """The newest finished verification, which the gate of the cutover reads."""
    return ItemKey("control#verification", "latest")


def step(migration_id: str, phase: str, number: int) -> ItemKey:
    """A step of the migration in the checkpoint table."""
    return ItemKey(f"migration#{migration_id}", f"step#{phase}#{number:05d}")


def object_event(bucket: str, key: str, version_id: str, sequencer: str) -> str:
    """Same for every delivery of one S3 event, different for any two events."""
    return f"{bucket}\n{key}\n{version_id}\n{sequencer}"


def token(*parts: str) -> str:
    """A name of 64 hexadecimal digits that depends on nothing but `parts`."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:MAX_TOKEN]


def dead_letter(function: str, happened_at: datetime, idempotency_key: str) -> str:
    """Where a dead letter lies in the ops bucket; the same for every delivery of one record."""
    day = happened_at.astimezone(UTC).strftime("%Y/%m/%d")
    return f"{DEAD_LETTERS}{function}/{day}/{token(idempotency_key)[:32]}.json"
