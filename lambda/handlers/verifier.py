"""Compares both regions: one document after it was synced, or batches of the inventory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from docmig import keys, ledger, verification
from docmig.aws.bus import Bus
from docmig.aws.control_table import ControlTable
from docmig.aws.objects import Documents, OpsBucket
from docmig.aws.powertools import Context, Once, instruments
from docmig.aws.records import RecordProcessor, Task
from docmig.aws.tables import MetadataTable
from docmig.failures import PermanentError, TransientError
from docmig.inventory import InventoryRow, inventory_row, listed_at
from docmig.keys import ItemKey
from docmig.object_events import ObjectFacts, parse_time, timestamp
from docmig.settings import Settings, read
from docmig.verification import Totals

PURPOSE = "verifier"
MOST_UNVERIFIED = 500  # compared by one delta
EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierSettings(Settings):
    documents_bucket: str
    peer_documents_bucket: str
    ops_bucket: str
    metadata_table: str
    control_table: str
    idempotency_table: str
    event_bus: str = ""
    ignored_prefixes: tuple[str, ...] = ("sentinel/",)
    hash_bytes_up_to: int = 0


class Verifier:
    def __init__(self, settings: VerifierSettings) -> None:
        here, peer = settings.aws_region, settings.peer_region
        self.settings = settings
        self.documents = Documents(settings.documents_bucket, here)
        self.originals = Documents(settings.peer_documents_bucket, peer)
        self.metadata = MetadataTable(settings.metadata_table, here)
        self.peer_metadata = MetadataTable(settings.metadata_table, peer)
        self.control = ControlTable(settings.control_table, here)
        self.ops = OpsBucket(settings.ops_bucket, here)
        self.records = RecordProcessor(
            tools=instruments(PURPOSE, settings),
            once=Once(PURPOSE, settings.idempotency_table, here),
            ops=self.ops,
            bus=Bus(settings.event_bus, here, settings.environment),
        )

    # One document, after DocumentSynced

    def prepare(self, body: dict[str, Any]) -> Task:
        try:
            detail = body["detail"]
            key, version_id = str(detail["data"]["key"]), str(detail["data"]["version_id"])
            task_key, correlation = str(detail["idempotency_key"]), str(detail["correlation_id"])
            happened_at = parse_time(str(detail["occurred_at"]))
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError.of("malformed-event", f"no DocumentSynced: {error!r}") from error
        return Task(task_key, correlation, happened_at, lambda: self.verify_copy(key, version_id))

    def verify_copy(self, key: str, version_id: str) -> Mapping[str, Any]:
        """Compare and note the result in the ledger item, unless that is about a later version."""
        ledger_key = keys.ledger(key, self.settings.aws_region)
        entry = self.metadata.get(ledger_key)
        if entry is None or entry["version_id"] != version_id:
            # A later version has its own note. Without a ledger item the copy is not recorded yet.
            if entry is not None:
                self.metadata.delete(keys.unverified(key, version_id, self.settings.aws_region))
            return {"outcome": "superseded"}
        item = self.metadata.get(keys.document(key))
        if item is None and not self._refused(key, version_id):
            raise TransientError(f"the metadata of {key} has not arrived yet")
        facts = self.documents.find(key, version_id)
        differences = self._object_differences(key, version_id, facts)
        if facts and item and item["version_id"] == version_id:
            differences += verification.cross_check(item, facts)
        values = ledger.verified(entry, tuple(differences), datetime.now(UTC))
        self.metadata.update_version(ledger_key, version_id, values)
        if not differences:
            self.metadata.delete(keys.unverified(key, version_id, self.settings.aws_region))
        self.records.tools.count("ChecksumMismatch" if differences else "DocumentVerified")
        return {"outcome": values["verification"], "differences": differences}

    def _refused(self, key: str, version_id: str) -> bool:
        """Whether that version is not valid: it has no metadata then, and a dead letter why."""
        notes = (
            self.metadata.get(keys.refusal(key, region))
            for region in (self.settings.peer_region, self.settings.aws_region)
        )
        return any(note is not None and note["version_id"] == version_id for note in notes)

    def _object_differences(
        self, key: str, version_id: str, facts: ObjectFacts | None
    ) -> list[str]:
        original = self.originals.find(key, version_id)
        differences = verification.compare_objects(original, facts)
        small = facts is not None and 0 < facts.size <= self.settings.hash_bytes_up_to
        if small and original and not differences:
            theirs = self.originals.sha256(key, version_id)
            if self.documents.sha256(key, version_id) != theirs:
                differences.append("object.bytes")
        return differences

    # What is left to compare at the end

    def delta(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Compare the copies that nobody has compared, a bounded number; what is left after that.

        `differences` counts those that do not agree and those that were not reached.
        """
        checked = differences = 0
        left = int(event.get("most", MOST_UNVERIFIED))
        examples: list[str] = []
        for shard in keys.SHARDS:
            partition = keys.unverified_shard(self.settings.aws_region, shard)
            # One more than may be compared, so that "not all" is seen.
            for note in self.metadata.of_partition(partition, left + 1):
                if left and self._agrees(note):
                    checked += 1
                else:
                    differences += 1
                    examples.append(str(note["key"]))
                left = max(0, left - 1)
        self.records.tools.count("DeltaDifferences", differences)
        return {"checked": checked, "differences": differences, "examples": examples[:EXAMPLES]}

    def _agrees(self, note: Mapping[str, Any]) -> bool:
        key, version_id = str(note["key"]), str(note["version_id"])
        try:
            self.verify_copy(key, version_id)
        except TransientError:
            return False
        return self.metadata.get(ItemKey(note["pk"], note["sk"])) is None

    # A batch of the inventory, from a distributed map

    def verify_batch(self, event: Mapping[str, Any]) -> dict[str, Any]:
        batch = event["BatchInput"]
        verification_id = str(batch["verification_id"])
        rows = [
            inventory_row(columns, encoded=bool(batch["encoded"])) for columns in event["Items"]
        ]
        found: dict[str, list[str]] = {}
        skipped = 0
        for row in rows:
            if row.is_marker or row.key.startswith(self.settings.ignored_prefixes):
                skipped += 1
                continue
            differences = self._row_differences(row)
            if differences:
                found[f"{row.key}\n{row.version_id}"] = differences
        checked = len(rows) - skipped
        totals = Totals(checked, checked - len(found), len(found), skipped)
        name = keys.token(*(f"{row.key}\n{row.version_id}" for row in rows))[:32]
        evidence = {
            "totals": totals.as_dict(),
            "mismatches": [
                {"key": key, "version_id": version, "differences": differences}
                for name, differences in sorted(found.items())
                for key, _, version in (name.rpartition("\n"),)
            ],
        }
        key = f"verification/{verification_id}/parts/{name}.json"
        digest = self.ops.put_json(key, evidence)
        self.records.tools.count("ObjectsVerified", checked)
        self.records.tools.count("ChecksumMismatch", len(found))
        return {**totals.as_dict(), "evidence": key, "sha256": digest}

    def _row_differences(self, row: InventoryRow) -> list[str]:
        facts = self.documents.find(row.key, row.version_id)
        differences = self._object_differences(row.key, row.version_id, facts)
        if row.is_latest:
            key = keys.document(row.key)
            item, peer_item = self.metadata.get(key), self.peer_metadata.get(key)
            differences += verification.compare_items(item, peer_item)
            if facts:
                orphan = verification.cross_check(item, facts)
                if orphan and not self._refused(row.key, facts.version_id):
                    differences += orphan
        return differences

    # The end of a verification

    def finish(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Add up all parts; the result is what the gate of the cutover reads."""
        verification_id = str(event["verification_id"])
        manifest = str(event.get("settings", {}).get("inventory_manifest", ""))
        listed = listed_at(str(event.get("started_at", "")), manifest)
        folder = f"verification/{verification_id}"
        parts = self.ops.read_all(f"{folder}/parts/")
        totals = verification.total(part["totals"] for part in parts)
        now = datetime.now(UTC)
        summary = {
            "verification_id": verification_id,
            "finished_at": timestamp(now),
            "parts": len(parts),
            "clean": totals.clean,
            **totals.as_dict(),
        }
        digest = self.ops.put_json(f"{folder}/summary.json", summary)
        stored = {
            **summary,
            "finished_at_ms": round(now.timestamp() * 1000),
            "listed_region": self.settings.aws_region,
            "listed_at_ms": round(listed * 1000),
            "evidence": f"s3://{self.ops.bucket}/{folder}/summary.json",
            "sha256": digest,
        }
        self.control.put(keys.verification(), stored)
        return stored


@cache
def application() -> Verifier:
    return Verifier(read(VerifierSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """DocumentSynced through SQS, `Items` of a map, or `{"action": "delta" | "finish"}`."""
    app = application()
    if "Records" in event:
        return app.records.queue(event, context, app.prepare)
    tools = app.records.tools
    batch: Sequence[Any] = event.get("Items", ())
    with tools.measured(context, event):
        if batch:
            return app.verify_batch(event)
        return app.delta(event) if event.get("action") == "delta" else app.finish(event)
