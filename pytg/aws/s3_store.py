"""States in S3 with Terraform's own locks: a `.tflock` object and a DynamoDB item.

How Terraform's S3 backend lays them out was measured with 1.11: the object `<key>.tflock` is put
with If-None-Match, the item `LockID = <bucket>/<key>` under attribute_not_exists, and the
item `<bucket>/<key>-md5` holds the MD5 of the state, without which Terraform refuses it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from botocore.exceptions import ClientError

from pytg.aws.session import error_code, explained
from pytg.aws.store import LockInfo, StoredState, not_yours
from pytg.model import Backend

GONE = frozenset({"404", "NoSuchKey", "NoSuchBucket", "ResourceNotFoundException"})
TAKEN = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict", "409"})
CONDITION = "ConditionalCheckFailedException"


class S3Store:
    """The states of one bucket, locked as the backend block says."""

    def __init__(self, backend: Backend, s3: Any, dynamodb: Any) -> None:
        self._bucket = backend.bucket
        self._table = backend.lock_table
        self._lockfile = backend.use_lockfile
        self._s3 = s3
        self._dynamodb = dynamodb
        self._there = False

    def exists(self) -> bool:
        """Whether the bucket and the lock table are there; asked until they are."""
        if not self._there:
            self._there = self._bucket_there() and self._table_there()
        return self._there

    def read(self, key: str) -> StoredState | None:
        """See StateStore. The version is the object's ETag with its version id."""
        with explained(f"reading s3://{self._bucket}/{key}"):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error_code(error) in GONE:
                    return None
                raise
            version = f"{answer['ETag']}/{answer.get('VersionId', '')}"
            return StoredState(answer["Body"].read(), version)

    def write(self, key: str, body: bytes) -> str:
        """See StateStore: the state first, then its digest."""
        with explained(f"writing s3://{self._bucket}/{key}"):
            answer = self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                ServerSideEncryption="AES256",
            )
            self._write_digest(key, body)
            return f"{answer['ETag']}/{answer.get('VersionId', '')}"

    def delete(self, key: str) -> None:
        """See StateStore."""
        with explained(f"deleting s3://{self._bucket}/{key}"):
            try:
                self._s3.delete_object(Bucket=self._bucket, Key=key)
                self._delete_item(f"{self._bucket}/{key}-md5")
            except ClientError as error:
                if error_code(error) not in GONE:
                    raise

    def digest_repair(self, key: str) -> bool:
        """See StateStore: the digest is made that of the object."""
        stored = self.read(key)
        if self._table is None or stored is None:
            return False
        with explained(f"reading the digest of {key} in {self._table}"):
            item = self._item(f"{self._bucket}/{key}-md5")
            digest = item.get("Digest", {}).get("S") if item else None
            if digest == hashlib.md5(stored.body, usedforsecurity=False).hexdigest():
                return False
            self._write_digest(key, stored.body)
            return True

    def lock(self, key: str, info: LockInfo) -> None:
        """See StateStore: both locks or none, the object first, as Terraform does."""
        path = f"{self._bucket}/{key}"
        with explained(f"locking {path}"):
            if self._lockfile:
                self._lock_object(key, info, path)
            try:
                if self._table is not None:
                    self._lock_item(key, info, path)
            except BaseException:
                if self._lockfile:
                    self._s3.delete_object(Bucket=self._bucket, Key=f"{key}.tflock")
                raise

    def unlock(self, key: str, lock_id: str) -> None:
        """See StateStore: the item first, then the object."""
        with explained(f"unlocking {self._bucket}/{key}"):
            item, file = self._item_holder(key), self._object_holder(key)
            for holder in (item, file):
                if holder is not None and holder.id != lock_id:
                    raise not_yours(key, holder)
            if item is not None:
                self._delete_item(f"{self._bucket}/{key}")
            if file is not None:
                self._s3.delete_object(Bucket=self._bucket, Key=f"{key}.tflock")

    def holder(self, key: str) -> LockInfo | None:
        """See StateStore."""
        with explained(f"reading the lock of {self._bucket}/{key}"):
            return self._object_holder(key) or self._item_holder(key)

    def _lock_object(self, key: str, info: LockInfo, path: str) -> None:
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"{key}.tflock",
                Body=info.document(path).encode(),
                ContentType="application/json",
                ServerSideEncryption="AES256",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error_code(error) in TAKEN:
                holder = self._object_holder(key) or LockInfo.parse("{}")
                raise holder.held(key) from error
            raise

    def _lock_item(self, key: str, info: LockInfo, path: str) -> None:
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={"LockID": {"S": path}, "Info": {"S": info.document(path)}},
                ConditionExpression="attribute_not_exists(LockID)",
            )
        except ClientError as error:
            if error_code(error) == CONDITION:
                holder = self._item_holder(key) or LockInfo.parse("{}")
                raise holder.held(key) from error
            raise

    def _object_holder(self, key: str) -> LockInfo | None:
        if not self._lockfile:
            return None
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=f"{key}.tflock")
        except ClientError as error:
            if error_code(error) in GONE:
                return None
            raise
        return LockInfo.parse(answer["Body"].read())

    def _item_holder(self, key: str) -> LockInfo | None:
        item = self._item(f"{self._bucket}/{key}") if self._table is not None else None
        return LockInfo.parse(item["Info"]["S"]) if item and "Info" in item else None

    def _item(self, lock_id: str) -> dict[str, Any] | None:
        try:
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"LockID": {"S": lock_id}}, ConsistentRead=True
            )
        except ClientError as error:
            if error_code(error) in GONE:
                return None
            raise
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _delete_item(self, lock_id: str) -> None:
        if self._table is not None:
            self._dynamodb.delete_item(TableName=self._table, Key={"LockID": {"S": lock_id}})

    def _write_digest(self, key: str, body: bytes) -> None:
        if self._table is not None:
            digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
            lock_id = f"{self._bucket}/{key}-md5"
            self._dynamodb.put_item(
                TableName=self._table, Item={"LockID": {"S": lock_id}, "Digest": {"S": digest}}
            )

    def _bucket_there(self) -> bool:
        with explained(f"looking for the bucket {self._bucket}"):
            try:
                self._s3.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if error_code(error) in GONE:
                    return False
                raise
            return True

    def _table_there(self) -> bool:
        if self._table is None:
            return True
        with explained(f"looking for the table {self._table}"):
            try:
                answer = self._dynamodb.describe_table(TableName=self._table)
            except ClientError as error:
                if error_code(error) in GONE:
                    return False
                raise
            return bool(answer["Table"]["TableStatus"] in {"ACTIVE", "UPDATING"})
