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
from docmig.failures import Outlook
from docmig.keys import ItemKey


@dataclass(frozen=True, slots=True)
class ControlTable:
    """The replica of the control table in one region.

    `source_region` writes until the first switch, which makes the control item.
    """

    name: str
    region: str
    source_region: str = ""

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
        """The control item; before the first switch there is none, and the source is active."""
        item = self.get(keys.traffic())
        return control.from_dict(item) if item else control.initial(self.source_region)

    def replace(self, old: Control, new: Control) -> Control:
        """Write `new` where `old` still stands. Raises OvertakenError."""
        if new == old:
            return new
        condition = "(epoch = :epoch AND #state = :state AND #owner = :owner)"
        if old == control.initial(self.source_region):
            condition += " OR attribute_not_exists(pk)"
        values = {":epoch": old.epoch, ":state": str(old.state), ":owner": old.owner}
        item = {**keys.traffic().as_dict(), "origin_region": self.region, **new.as_dict()}
        try:
            self._table.put_item(
                Item=item,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state", "#owner": "owner"},
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if failures.outlook_of(failures.error_code(error.response)) is not Outlook.DUPLICATE:
                raise
            raise OvertakenError("the control item was changed by somebody else") from error
        return new


class CachedControl:
    """The control item, read again when it is older than clients may believe it."""

    def __init__(
        self, table: ControlTable, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._table, self._seconds, self._clock = table, seconds, clock
        self._read_at = float("-inf")
        self._control: Control | None = None

    def get(self) -> Control:
        """The control item, at most that old."""
        now = self._clock()
        if self._control is None or now - self._read_at > self._seconds:
            self._control, self._read_at = self._table.control(), now
        return self._control
