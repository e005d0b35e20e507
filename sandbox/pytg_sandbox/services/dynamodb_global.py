"""DynamoDB global tables (version 2019.11.21). Gap filled: moto ignores ReplicaUpdates.

Each replica takes reads and writes; a write reaches the others after the lag, and where two meet
the later one stays, deletions included. Items that exist when a replica is added are there at
once. Settings that AWS keeps equal follow (TTL, billing mode, indexes); tags, point-in-time
recovery and deletion protection belong to each replica.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.dynamodb import responses
from moto.dynamodb.exceptions import MockValidationException, ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State
from pytg_sandbox.services.dynamodb_replicas import GlobalTables


def install(state: State) -> None:
    """Patch moto's DynamoDB."""
    tables = GlobalTables(state)
    state.on_reset.append(tables.forget)
    _operations(tables)
    _writes(tables)
    _descriptions(tables)
    _shared_settings(tables)


def _operations(tables: GlobalTables) -> None:
    @replacing(responses.DynamoHandler, "update_table")
    def update_table(original: Method, self: Any) -> Any:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        for update in self.body.get("ReplicaUpdates") or []:
            if created := update.get("Create"):
                tables.create_replica(table, created)
            elif updated := update.get("Update"):
                whole = tables.of(table)
                if whole is None or updated["RegionName"] not in whole.replicas:
                    raise MockValidationException(f"Replica not found: {updated['RegionName']}")
                whole.replicas[updated["RegionName"]].update(updated)
            elif deleted := update.get("Delete"):
                tables.delete_replica(table, deleted["RegionName"])
        return original(self)

    @replacing(DynamoDBBackend, "delete_table")
    def delete_table(original: Method, self: Any, name: str) -> Any:
        try:
            table = self.get_table(name)
        except ResourceNotFoundException:  # moto leaves out which: Terraform looks for that
            raise ResourceNotFoundException(table_name=name) from None
        if not table.deletion_protection_enabled:
            tables.detach(table.account_id, table.name, self.region_name)
        return original(self, name)


def _writes(tables: GlobalTables) -> None:
    @replacing(Table, "put_item")
    def put_item(original: Method, self: Any, *args: Any, **kwargs: Any) -> Any:
        item: Item = original(self, *args, **kwargs)
        tables.wrote(self, (item.hash_key, item.range_key))
        return item

    @replacing(Table, "delete_item")
    def delete_item(original: Method, self: Any, hash_key: Any, range_key: Any) -> Any:
        item = original(self, hash_key, range_key)
        if item is not None:
            tables.wrote(self, (hash_key, range_key))
        return item

    @replacing(DynamoDBBackend, "update_item")
    def update_item(original: Method, self: Any, table_name: str, *args: Any, **kwargs: Any) -> Any:
        item: Item = original(self, table_name, *args, **kwargs)
        tables.wrote(self.get_table(table_name), (item.hash_key, item.range_key))
        return item

    @replacing(DynamoDBBackend, "transact_write_items")
    def transact_write_items(original: Method, self: Any, transact_items: Any) -> Any:
        snapshot = tables.snapshot()
        try:
            with tables.state.dynamodb.all_or_nothing():
                return original(self, transact_items)
        except BaseException:
            tables.restore(snapshot)
            raise


def _descriptions(tables: GlobalTables) -> None:
    @replacing(Table, "describe")
    def describe(original: Method, self: Any, base_key: str = "TableDescription") -> Any:
        result = original(self, base_key)
        whole = tables.of(self)
        if whole:
            result[base_key]["GlobalTableVersion"] = "2019.11.21"
            result[base_key]["Replicas"] = [
                _replica_description(region, settings)
                for region, settings in sorted(whole.replicas.items())
                if region != self.region_name
            ]
        return result


def _replica_description(region: str, settings: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"RegionName": region, "ReplicaStatus": "ACTIVE"}
    for name in ("KMSMasterKeyId", "ProvisionedThroughputOverride", "OnDemandThroughputOverride"):
        if settings.get(name):
            told[name] = settings[name]
    if table_class := settings.get("TableClassOverride"):
        told["ReplicaTableClassSummary"] = {"TableClass": table_class}
    return told


def _shared_settings(tables: GlobalTables) -> None:
    @replacing(DynamoDBBackend, "update_time_to_live")
    def update_time_to_live(original: Method, self: Any, table_name: str, ttl_spec: Any) -> Any:
        original(self, table_name, ttl_spec)
        table = self.get_table(table_name)
        for other in tables.others(table):
            other.ttl = dict(table.ttl)

    @replacing(DynamoDBBackend, "update_table")
    def update_table(original: Method, self: Any, **changes: Any) -> Any:
        table = original(self, **changes)
        for other in tables.others(table):
            other.attr = copy.deepcopy(table.attr)
            other.billing_mode = table.billing_mode
            other.global_indexes = copy.deepcopy(table.global_indexes)
        return table
