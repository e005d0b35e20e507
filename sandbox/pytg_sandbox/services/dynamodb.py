"""DynamoDB tables.

Gaps filled:

- `OnDemandThroughput` and `TableClass` of a table are dropped;
- conditional writes are not atomic when requests run in parallel;
- records of a stream in any region say us-east-1;
- a transaction copies every item of its tables (50 ms a thousand items), to roll back.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

from moto.dynamodb import responses
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import GlobalSecondaryIndex, StreamRecord, Table

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State


def install(state: State) -> None:
    """Patch moto's DynamoDB."""
    _one_at_a_time(state)
    _table_settings()
    _index_settings()
    _cheap_snapshots()
    _stream_regions()


def _one_at_a_time(state: State) -> None:
    @replacing(responses.DynamoHandler, "call_action")
    def call_action(original: Method, self: Any) -> Any:
        with state.dynamodb:
            return original(self)


def _table_settings() -> None:
    for operation in ("create_table", "update_table"):

        @replacing(responses.DynamoHandler, operation)
        def change(original: Method, self: Any) -> Any:
            original(self)
            table = self.dynamodb_backend.get_table(self.body["TableName"])
            kept = table.__dict__.setdefault("pytg_settings", {})
            if throughput := self.body.get("OnDemandThroughput"):
                kept["OnDemandThroughput"] = throughput
            if name := self.body.get("TableClass"):
                kept["TableClassSummary"] = {"TableClass": name}
            return responses.DynamoResult(table.describe())

    @replacing(Table, "describe")
    def describe(original: Method, self: Any, base_key: str = "TableDescription") -> Any:
        result = original(self, base_key)
        result[base_key].update(self.__dict__.get("pytg_settings", {}))
        return result


def _index_settings() -> None:
    @replacing(GlobalSecondaryIndex, "describe")
    def describe(original: Method, self: Any) -> Any:
        kept = self.__dict__.get("pytg_throughput")
        return {**original(self), **({"OnDemandThroughput": kept} if kept else {})}

    @replacing(GlobalSecondaryIndex, "update")
    def update(original: Method, self: Any, changes: dict[str, Any]) -> None:
        original(self, changes)
        if throughput := changes.get("OnDemandThroughput"):
            self.__dict__["pytg_throughput"] = throughput

    create: Any = GlobalSecondaryIndex.create

    def create_index(dct: dict[str, Any], table_key_attrs: list[str]) -> Any:
        index = create(dct, table_key_attrs)
        index.__dict__["pytg_throughput"] = dct.get("OnDemandThroughput")
        return index

    GlobalSecondaryIndex.create = staticmethod(create_index)  # type: ignore[method-assign]  # a patch


def _cheap_snapshots() -> None:
    """Copies of a table share its items, which an update replaces instead of changing."""

    def deepcopy(self: Any, _memo: dict[int, Any]) -> Any:
        table = copy.copy(self)
        table.items = defaultdict(dict)
        for key, found in self.items.items():
            table.items[key] = dict(found) if isinstance(found, dict) else found
        for name in ("tags", "ttl", "continuous_backups", "global_indexes", "throughput"):
            setattr(table, name, copy.deepcopy(getattr(self, name)))
        if self.stream_shard is not None:
            table.stream_shard = copy.copy(self.stream_shard)
            table.stream_shard.items = list(self.stream_shard.items)
            table.stream_shard.table = table
        return table

    setattr(Table, "__deepcopy__", deepcopy)  # noqa: B010 - a class of another package

    @replacing(DynamoDBBackend, "update_item")
    def update_item(
        original: Method, self: Any, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        table = self.get_table(table_name)
        _replace_item(table, key)
        return original(self, table_name, key, *args, **kwargs)


def _replace_item(table: Table, key: dict[str, Any]) -> None:
    if set(key) != set(table.table_key_attrs):
        return  # refused by moto
    hash_key = DynamoType(key[table.hash_key_attr])
    range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
    item = table.get_item(hash_key, range_key)
    if item is None:
        return
    fresh: Any = copy.deepcopy(item)
    if range_key:
        table.items[hash_key][range_key] = fresh
    else:
        table.items[hash_key] = fresh


def _stream_regions() -> None:
    @replacing(StreamRecord, "__init__")
    def init(original: Method, self: Any, table: Table, *args: Any, **kwargs: Any) -> None:
        original(self, table, *args, **kwargs)
        self.record["awsRegion"] = table.region_name
