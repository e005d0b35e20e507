"""The control table: which region is active, beats, markers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from docmig import control, failures, keys
from docmig.aws import clients
from docmig.control import Control, OvertakenError
from docmig.failures import Outlook, TransientError
from docmig.keys import ItemKey


@dataclass(frozen=True, slots=True)
class ControlTable:
    """The replica of the control table in one region."""

    name: str
    region: str

    @property
    def _table(self) -> Any:
        return clients.table(self.name, self.region)

    def get(self, key: ItemKey) -> dict[str, Any] | None:
        answer = self._table.get_item(Key=key.as_dict(), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def put(self, key: ItemKey, values: dict[str, Any]) -> None:
        self._table.put_item(Item={**key.as_dict(), "origin_region": self.region, **values})

    def control(self) -> Control:
        """Raises TransientError before the control item exists: nobody knows who may write."""
        item = self.get(keys.traffic())
        if item is None:
            raise TransientError(f"{self.name} has no control item yet: initialise the traffic")
        return control.from_dict(item)

    def begin(self, first: Control) -> Control:
        """Write the first control item unless there is one; the one that is there then."""
        try:
            self._put_control(first, "attribute_not_exists(pk)", {})
        except ClientError as error:
            _only_condition(error)
        return self.control()

    def replace(self, old: Control, new: Control) -> Control:
        """Write `new` where `old` still stands. Raises OvertakenError."""
        if new == old:
            return new
        condition = "epoch = :epoch AND #state = :state AND #owner = :owner"
        values = {":epoch": old.epoch, ":state": str(old.state), ":owner": old.owner}
        try:
            self._put_control(new, condition, values)
        except ClientError as error:
            _only_condition(error)
            raise OvertakenError("the control item was changed by somebody else") from error
        return new

    def _put_control(self, new: Control, condition: str, values: dict[str, Any]) -> None:
        arguments: dict[str, Any] = {}
        if values:
            arguments["ExpressionAttributeValues"] = values
            arguments["ExpressionAttributeNames"] = {"#state": "state", "#owner": "owner"}
        item = {**keys.traffic().as_dict(), "origin_region": self.region, **new.as_dict()}
        self._table.put_item(Item=item, ConditionExpression=condition, **arguments)


def _only_condition(error: ClientError) -> None:
    if failures.outlook_of(failures.error_code(error.response)) is not Outlook.DUPLICATE:
        raise error


class CachedControl:
    """The control item, read again when it is older than clients may believe it."""

    def __init__(
        self, table: ControlTable, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._table, self._seconds, self._clock = table, seconds, clock
        self._read_at = float("-inf")
        self._control: Control | None = None

    def get(self) -> Control:
        """Raises TransientError before the control item exists."""
        now = self._clock()
        if self._control is None or now - self._read_at > self._seconds:
            self._control, self._read_at = self._table.control(), now
        return self._control
