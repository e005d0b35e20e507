"""Items of the metadata table, written so that repeats and late comers do no harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from docmig import failures, versions
from docmig.aws import clients
from docmig.failures import Outlook, TransientError
from docmig.keys import ItemKey
from docmig.versions import Outcome


@dataclass(frozen=True, slots=True)
class MetadataTable:
    """The replica of the metadata table in one region."""

    name: str
    region: str

    @property
    def _table(self) -> Any:
        return clients.table(self.name, self.region)

    def get(self, key: ItemKey) -> dict[str, Any] | None:
        """The newest state in this region."""
        answer = self._table.get_item(Key=key.as_dict(), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def put(self, item: Mapping[str, Any]) -> None:
        """Write an item, whatever is there."""
        self._table.put_item(Item=dict(item))

    def delete(self, key: ItemKey) -> None:
        """Remove an item, if it is there."""
        self._table.delete_item(Key=key.as_dict())

    def of_partition(self, pk: str, most: int) -> list[dict[str, Any]]:
        """The first items of a partition; it may have more."""
        found: list[dict[str, Any]] = self._table.query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": pk},
            ConsistentRead=True,
            Limit=most,
        )["Items"]
        return found

    def put_newer(self, item: Mapping[str, Any], by: str = "version") -> Outcome:
        """Write an item unless the stored one is as new; the text attribute `by` tells."""
        try:
            self._table.put_item(
                Item=dict(item),
                ConditionExpression="attribute_not_exists(pk) OR #by < :by",
                ExpressionAttributeNames={"#by": by},
                ExpressionAttributeValues={":by": item[by]},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _met(error, str(item[by]), attribute=by)
        return Outcome.APPLY

    def update_newer(self, key: ItemKey, values: Mapping[str, Any]) -> Outcome:
        """Set attributes, `version` among them, unless the stored item is as new."""
        names, assignments, bound = _assignments(values)
        try:
            self._table.update_item(
                Key=key.as_dict(),
                UpdateExpression=assignments,
                ConditionExpression="attribute_not_exists(pk) OR version < :version",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={**bound, ":version": values["version"]},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _met(error, str(values["version"]))
        return Outcome.APPLY

    def update_version(self, key: ItemKey, version_id: str, values: Mapping[str, Any]) -> bool:
        """Set attributes of an item that is still about that object version; whether it was."""
        names, assignments, bound = _assignments(values)
        try:
            self._table.update_item(
                Key=key.as_dict(),
                UpdateExpression=assignments,
                ConditionExpression="version_id = :about",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={**bound, ":about": version_id},
            )
        except ClientError as error:
            if failures.outlook_of(failures.error_code(error.response)) is Outlook.DUPLICATE:
                return False
            raise
        return True


def _plain(value: Any) -> Any:
    """The text in an attribute of an error's item, which boto3 leaves in DynamoDB's own form."""
    return value["S"] if isinstance(value, dict) else value


def _assignments(values: Mapping[str, Any]) -> tuple[dict[str, str], str, dict[str, Any]]:
    """Names, SET expression and values of an update."""
    ordered = sorted(values)
    names = {f"#n{number}": name for number, name in enumerate(ordered)}
    bound = {f":v{number}": values[name] for number, name in enumerate(ordered)}
    sets = ", ".join(f"#n{number} = :v{number}" for number in range(len(ordered)))
    return names, f"SET {sets}", bound


def _met(error: ClientError, new: str, *, attribute: str = "version") -> Outcome:
    """What stood in the way of a conditional write; anything else is raised again."""
    if failures.outlook_of(failures.error_code(error.response)) is not Outlook.DUPLICATE:
        raise error
    stored = dict(error.response).get("Item")
    if not isinstance(stored, dict) or attribute not in stored:
        raise TransientError("the item changed while it was written") from error
    found = versions.outcome(str(_plain(stored[attribute])), new)
    if found is Outcome.APPLY:
        raise TransientError("the item changed while it was written") from error
    return found
