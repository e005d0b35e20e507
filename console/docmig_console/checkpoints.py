"""The migration's checkpoints: its steps, and pausing and resuming between them.

Layout of the table: modules/orchestration/README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from docmig_console.platform import Platform

PAUSED, RUNNING = "paused", "running"
GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


@dataclass(frozen=True, slots=True)
class Step:
    """One checkpoint: `name` is a phase, or `seed#<wave>`; `status` is claimed, done or waiting."""

    name: str
    status: str
    attempts: int
    started_at: str
    waits: bool


class Checkpoints:
    """The checkpoints of the migration `migration_id`, by default named like the environment.

    The table is global: `region` says which replica is asked, by default the source's.
    """

    def __init__(self, platform: Platform, migration_id: str = "", region: str = "") -> None:
        self._pk = f"migration#{migration_id or platform.name}"
        self._table = platform.tables["checkpoints"]
        self._dynamodb = platform.client("dynamodb", region or platform.source)
        self._states = platform.client("stepfunctions", platform.source)

    def steps(self) -> list[Step]:
        """What was done, in the order it was begun."""
        found = [_step(item) for item in self._items() if item["sk"]["S"].startswith("claim#")]
        return sorted(found, key=lambda step: (step.started_at or "~", step.name))

    def is_paused(self) -> bool:
        """Whether the migration stops before its next step."""
        key = {"pk": {"S": self._pk}, "sk": {"S": "pause"}}
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return bool(found.get("Item", {}).get("state", {}).get("S") == PAUSED)

    def pause(self) -> None:
        """Stop before the next step; the one that runs is finished. Can be repeated."""
        self._say(PAUSED)

    def resume(self) -> int:
        """Go on; how many waiting steps were told. Can be repeated."""
        self._say(RUNNING)
        return self._answer(
            lambda token: self._states.send_task_success(taskToken=token, output="{}")
        )

    def abort(self, reason: str) -> int:
        """Let what waits in a pause fail; a later execution goes on at the same step."""
        return self._answer(
            lambda token: self._states.send_task_failure(
                taskToken=token, error="MigrationAborted", cause=reason
            )
        )

    def _say(self, state: str) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"pk": {"S": self._pk}, "sk": {"S": "pause"}},
            UpdateExpression="SET #state = :state",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":state": {"S": state}},
        )

    def _answer(self, tell: Any) -> int:
        told = 0
        for item in self._items():
            if "task_token" not in item:
                continue
            try:
                tell(item["task_token"]["S"])
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:  # answered before, or given up
                    raise
            else:
                told += 1
        return told

    def _items(self) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": self._pk}},
        )
        for page in pages:
            yield from page["Items"]


def _step(item: dict[str, Any]) -> Step:
    waits = "task_token" in item
    return Step(
        name=item["sk"]["S"].removeprefix("claim#"),
        status="waiting" if waits else item.get("status", {}).get("S", ""),
        attempts=int(item.get("attempt", {}).get("N", 0)),
        started_at=item.get("started_at", {}).get("S", ""),
        waits=waits,
    )
