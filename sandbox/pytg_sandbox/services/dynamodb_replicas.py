"""What the replicas of DynamoDB global tables send each other, and who wins."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from pytg_sandbox.emf import Metric
from pytg_sandbox.replication import Channel
from pytg_sandbox.services import State
from pytg_sandbox.services.metrics import publish

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
SOURCE_KEPT = (
    "Replica cannot be deleted because it has acted as a source region for new replica(s) being "
    "added to the table in the last 24 hours."
)
Key = tuple[DynamoType, DynamoType | None]


class TableName(NamedTuple):
    """What the replicas of one global table share."""

    account: str
    name: str


@dataclass
class GlobalTable:
    """Its replicas' settings and write times, each by region; times also of deleted items."""

    replicas: dict[str, dict[str, Any]]
    sources: set[str] = field(default_factory=set)
    written: dict[str, dict[Key, int]] = field(default_factory=dict)


class GlobalTables:
    """All global tables, and the writes between their replicas."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._tables: dict[TableName, GlobalTable] = {}
        self._applying = False
        self._last_time = 0

    def forget(self) -> None:
        """Know no global table any more."""
        self._tables.clear()

    def of(self, table: Table) -> GlobalTable | None:
        """The global table that `table` is a replica of."""
        return self._tables.get(TableName(table.account_id, table.name))

    def others(self, table: Table) -> list[Table]:
        """The tables in the other regions."""
        found = self.of(table)
        regions = sorted(set(found.replicas) - {table.region_name}) if found else []
        tables = (_table(table.account_id, region, table.name) for region in regions)
        return [other for other in tables if other is not None]

    def create_replica(self, table: Table, settings: dict[str, Any]) -> None:
        """Add a replica with all items of `table`."""
        region = settings["RegionName"]
        if _table(table.account_id, region, table.name):
            raise MockValidationException(
                f"Failed to create a the new replica of table with name: '{table.name}' because "
                f"one or more replicas already existed as tables: {region}"
            )
        if not table.stream_shard:
            table.set_stream_specification(dict(STREAM))
        name = TableName(table.account_id, table.name)
        whole = self._tables.setdefault(name, GlobalTable({table.region_name: {}}))
        whole.sources.add(table.region_name)
        whole.replicas[region] = dict(settings)
        replica = _copy_of(table, dynamodb_backends[table.account_id][region])
        self._applying = True
        try:
            for item in table.all_items():
                replica.put_item(copy.deepcopy(item.to_json()["Attributes"]), overwrite=True)
        finally:
            self._applying = False
        whole.written[region] = dict(whole.written.get(table.region_name, {}))

    def delete_replica(self, table: Table, region: str) -> None:
        """Take one replica away, with its table. Raises like AWS for a source of others."""
        whole = self.of(table)
        if whole is None or region not in whole.replicas:
            raise MockValidationException(f"Replica not found in region: {region}")
        self.detach(table.account_id, table.name, region)
        dynamodb_backends[table.account_id][region].tables.pop(table.name, None)

    def detach(self, account: str, name: str, region: str) -> None:
        """Take `region` out of its global table. Raises like AWS for a source of others."""
        whole = self._tables.get(TableName(account, name))
        if whole is None or region not in whole.replicas:
            return
        if region in whole.sources and len(whole.replicas) > 1:
            raise MockValidationException(SOURCE_KEPT)
        del whole.replicas[region]
        whole.written.pop(region, None)
        if len(whole.replicas) == 1:
            del self._tables[TableName(account, name)]

    def wrote(self, table: Table, key: Key) -> None:
        """Send what `table` now holds under `key` to its other replicas."""
        whole = self.of(table)
        if whole is None or self._applying:
            return
        stamp = self._last_time = max(self._last_time + 1, time.time_ns())
        whole.written.setdefault(table.region_name, {})[key] = stamp
        item = table.get_item(*key)
        attributes = copy.deepcopy(item.to_json()["Attributes"]) if item else None
        for region in sorted(set(whole.replicas) - {table.region_name}):
            self._send(table, region, key, attributes, stamp)

    def _send(
        self, table: Table, region: str, key: Key, attributes: dict[str, Any] | None, stamp: int
    ) -> None:
        def apply() -> None:
            with self.state.dynamodb:
                self._apply(_table(table.account_id, region, table.name), key, attributes, stamp)
            dimensions = (("TableName", table.name), ("ReceivingRegion", region))
            now = time.time()
            lag = max(0.0, now * 1000 - stamp / 1e6)
            metric = Metric(
                "AWS/DynamoDB", "ReplicationLatency", lag, "Milliseconds", dimensions, now
            )
            publish(table.account_id, table.region_name, metric)

        channel = Channel("dynamodb", table.region_name, region)
        self.state.dynamodb.afterwards(lambda: self.state.queue.submit(channel, apply))

    def _apply(
        self, table: Table | None, key: Key, attributes: dict[str, Any] | None, stamp: int
    ) -> None:
        whole = self.of(table) if table else None
        if table is None or whole is None or table.region_name not in whole.replicas:
            return
        written = whole.written.setdefault(table.region_name, {})
        if written.get(key, 0) > stamp:
            return
        written[key] = stamp
        self._applying = True
        try:
            if attributes is None:
                table.delete_item(*key)
            else:
                table.put_item(attributes, overwrite=True)
        finally:
            self._applying = False

    def snapshot(self) -> dict[TableName, dict[str, dict[Key, int]]]:
        """The write times, to take back what a failed transaction wrote."""
        return {
            name: {region: dict(times) for region, times in whole.written.items()}
            for name, whole in self._tables.items()
        }

    def restore(self, snapshot: dict[TableName, dict[str, dict[Key, int]]]) -> None:
        """Put the write times of `snapshot` back."""
        for name, written in snapshot.items():
            self._tables[name].written = written


def _table(account: str, region: str, name: str) -> Table | None:
    return dynamodb_backends[account][region].tables.get(name)


def _copy_of(table: Table, backend: DynamoDBBackend) -> Table:
    replica = backend.create_table(
        table.name,
        schema=copy.deepcopy(table.schema),
        throughput=None
        if table.billing_mode == "PAY_PER_REQUEST"
        else copy.deepcopy(table.throughput),
        attr=copy.deepcopy(table.attr),
        global_indexes=[],
        indexes=[index.describe() for index in table.indexes],
        streams=dict(table.stream_specification or STREAM),
        billing_mode=str(table.billing_mode),
        sse_specification=_encryption(table),
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    replica.ttl = copy.deepcopy(table.ttl)
    replica.global_indexes = copy.deepcopy(table.global_indexes)
    return replica


def _encryption(table: Table) -> dict[str, Any] | None:
    """The same kind of encryption: the key itself belongs to a region."""
    if not table.sse_specification:
        return None
    return {k: v for k, v in table.sse_specification.items() if k != "KMSMasterKeyId"}
