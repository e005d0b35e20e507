"""DynamoDB tables.

Gaps filled:

- `OnDemandThroughput` and `TableClass` of a table are dropped;
- conditional writes are not atomic when requests run in parallel.
"""

from __future__ import annotations

from typing import Any

from moto.dynamodb import responses
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table

from pytg.sandbox.patching import Method, replacing
from pytg.sandbox.services import State


def install(state: State) -> None:
    """Patch moto's DynamoDB."""
    _one_at_a_time(state)
    _table_settings()
    _index_settings()


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

    GlobalSecondaryIndex.create = staticmethod(create_index)  # type: ignore[method-assign]
