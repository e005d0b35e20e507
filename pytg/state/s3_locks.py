"""The two locks of Terraform's S3 backend: an object beside the state, an item in a table.

Each has `take`, `leave` and `holder`; failures of boto3 pass through. A lock in a bucket or
table that is not there is held by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from pytg.aws.failures import MISSING, code_of
from pytg.state.state_store import LockInfo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

_TAKEN = frozenset({"409", "412", "ConditionalRequestConflict", "PreconditionFailed"})
_CONDITION = "ConditionalCheckFailedException"


class BackendLock(Protocol):
    """One of the two."""

    def take(self, key: str, info: LockInfo) -> bool:
        """Take it; whether it was free."""

    def leave(self, key: str, lock_id: str) -> LockInfo | None:
        """Leave it if it is `lock_id`'s; else who holds it."""

    def holder(self, key: str) -> LockInfo | None:
        """Who holds it."""


class ObjectLock:
    """`<key>.tflock`, put on condition that it is not there (`use_lockfile`)."""

    def __init__(self, bucket: str, s3: S3Client) -> None:
        self._bucket = bucket
        self._s3 = s3

    def take(self, key: str, info: LockInfo) -> bool:
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=_lock_key(key),
                Body=info.to_json().encode(),
                ContentType="application/json",
                ServerSideEncryption="AES256",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if code_of(error) in _TAKEN:
                return False
            raise
        return True

    def leave(self, key: str, lock_id: str) -> LockInfo | None:
        holder = self.holder(key)
        if holder is None or holder.id != lock_id:
            return holder
        delete_object(self._s3, self._bucket, _lock_key(key))
        return None

    def holder(self, key: str) -> LockInfo | None:
        body = get_object(self._s3, self._bucket, _lock_key(key))
        return None if body is None else LockInfo.parse(body)


class ItemLock:
    """The item `LockID = <bucket>/<key>` in the lock table (`dynamodb_table`)."""

    def __init__(self, bucket: str, table: str, dynamodb: DynamoDBClient) -> None:
        self._bucket = bucket
        self._table = table
        self._dynamodb = dynamodb

    def take(self, key: str, info: LockInfo) -> bool:
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={"LockID": {"S": f"{self._bucket}/{key}"}, "Info": {"S": info.to_json()}},
                ConditionExpression="attribute_not_exists(LockID)",
            )
        except ClientError as error:
            if code_of(error) == _CONDITION:
                return False
            raise
        return True

    def leave(self, key: str, lock_id: str) -> LockInfo | None:
        text = self._info(key)
        holder = None if text is None else LockInfo.parse(text)
        if holder is None or holder.id != lock_id:
            return holder
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key={"LockID": {"S": f"{self._bucket}/{key}"}},
                ConditionExpression="Info = :info",
                ExpressionAttributeValues={":info": {"S": text or ""}},
            )
        except ClientError as error:
            if code_of(error) == _CONDITION:  # left, or left and taken again, since it was read
                return self.holder(key)
            raise_unless_missing(error)
        return None

    def holder(self, key: str) -> LockInfo | None:
        text = self._info(key)
        return None if text is None else LockInfo.parse(text)

    def _info(self, key: str) -> str | None:
        return get_attribute(self._dynamodb, self._table, f"{self._bucket}/{key}", "Info")


def get_object(s3: S3Client, bucket: str, key: str) -> bytes | None:
    """The object; None where it or the bucket is not there."""
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise_unless_missing(error)
        return None


def delete_object(s3: S3Client, bucket: str, key: str) -> None:
    """Delete the object, if it is there."""
    try:
        s3.delete_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise_unless_missing(error)


def get_attribute(dynamodb: DynamoDBClient, table: str, lock_id: str, name: str) -> str | None:
    """A text attribute of an item of the lock table; None where it is not there."""
    try:
        answer = dynamodb.get_item(
            TableName=table, Key={"LockID": {"S": lock_id}}, ConsistentRead=True
        )
    except ClientError as error:
        raise_unless_missing(error)
        return None
    return answer.get("Item", {}).get(name, {}).get("S")


def raise_unless_missing(error: ClientError) -> None:
    """Raise `error` unless it says that something is not there."""
    if code_of(error) not in MISSING:
        raise error


def _lock_key(key: str) -> str:
    return f"{key}.tflock"
