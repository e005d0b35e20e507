"""States in an S3 bucket, locked as Terraform's S3 backend locks them."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pytg.aws.failures import reported
from pytg.errors import PytgError, Refused
from pytg.model import Account, Backend
from pytg.state.lease import Leases
from pytg.state.s3_locks import (
    BackendLock,
    ItemLock,
    ObjectLock,
    get_attribute,
    get_object,
    raise_unless_missing,
)
from pytg.state.state_store import (
    STATE_SUFFIX,
    KeptVersion,
    LockInfo,
    StoredState,
    lock_held,
    version_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client


class S3Store:
    """The bucket of `backend`, and its lock table if it has one.

    A bucket or table that is not there holds no state and no lock; writing and locking there
    is an error. `leases` say whether runs that hold locks live.
    """

    def __init__(
        self, backend: Backend, account: Account, s3: S3Client, dynamodb: DynamoDBClient
    ) -> None:
        self._bucket = backend.bucket
        self._table = backend.lock_table
        self._account = account
        self._s3 = s3
        self._dynamodb = dynamodb
        self.leases = Leases(backend.bucket, account, s3)
        # Terraform's order: the object first
        self._locks: list[BackendLock] = []
        if backend.use_lockfile:
            self._locks.append(ObjectLock(backend.bucket, s3))
        if backend.lock_table is not None:
            self._locks.append(ItemLock(backend.bucket, backend.lock_table, dynamodb))

    def exists(self) -> bool:
        """See StateStore."""
        with reported(f"look for the state bucket {self._bucket}", self._account):
            try:
                self._s3.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                raise_unless_missing(error)
                return False
        if self._table is None:
            return True
        with reported(f"look for the lock table {self._table}", self._account):
            try:
                table = self._dynamodb.describe_table(TableName=self._table)["Table"]
            except ClientError as error:
                raise_unless_missing(error)
                return False
        return table.get("TableStatus") in {"ACTIVE", "UPDATING"}

    def read(self, key: str) -> StoredState | None:
        """See StateStore."""
        body = self.raw(key)
        return StoredState.of(body, f"s3://{self._place(key)}") if body else None

    def raw(self, key: str) -> bytes | None:
        """See StateStore."""
        with reported(f"read the state {self._place(key)}", self._account):
            return get_object(self._s3, self._bucket, key) or None

    def keys(self, prefix: str) -> list[str]:
        """See StateStore."""
        place = self._place(prefix)
        with reported(f"list the states below {place}", self._account):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            found = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return sorted(key for key in found if key.endswith(STATE_SUFFIX))

    def versions(self, key: str) -> list[KeptVersion]:
        """See StateStore. A bucket without versioning has none."""
        with reported(f"list the versions of the state {self._place(key)}", self._account):
            pages = self._s3.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=key
            )
            found: list[KeptVersion] = []
            try:
                for page in pages:
                    found += [
                        KeptVersion(item["VersionId"], item["LastModified"])
                        for item in page.get("Versions", ())
                        if item["Key"] == key and not item["IsLatest"]
                    ]
            except ClientError as error:
                raise_unless_missing(error)
        return sorted(found, key=lambda version: version.at, reverse=True)

    def read_version(self, key: str, version: KeptVersion) -> bytes:
        """See StateStore."""
        with reported(f"read a version of the state {self._place(key)}", self._account):
            found = self._s3.get_object(Bucket=self._bucket, Key=key, VersionId=version.id)
            return found["Body"].read()

    def write(self, key: str, body: bytes) -> str:
        """See StateStore."""
        version = version_of(body)
        with reported(f"write the state {self._place(key)}", self._account, PytgError):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                ContentMD5=base64.b64encode(bytes.fromhex(version)).decode(),
                ServerSideEncryption="AES256",
            )
            self._put_digest(key, version)
        return version

    def digest_repair(self, key: str) -> bool:
        """See StateStore. Terraform refuses a state whose digest is that of another one."""
        if self._table is None:
            return False
        with reported(f"repair the digest of the state {self._place(key)}", self._account):
            digest = get_attribute(self._dynamodb, self._table, self._digest_id(key), "Digest")
            if digest is None:  # Terraform takes a state without a digest
                return False
            body = get_object(self._s3, self._bucket, key)
            if body is None:
                self._delete_digest(key)
            elif digest != version_of(body):
                self._put_digest(key, version_of(body))
            else:
                return False
        return True

    def lock(self, key: str, info: LockInfo) -> None:
        """See StateStore."""
        own = info.at(self._place(key))
        taken: list[BackendLock] = []
        try:
            with reported(f"lock the state {self._place(key)}", self._account):
                for lock in self._locks:
                    taken.append(lock)  # also when it fails: the answer may be what was lost
                    _take(lock, key, own)
        except BaseException:
            for lock in taken:
                with suppress(PytgError), reported("unlock", self._account):
                    lock.leave(key, own.id)
            raise

    def unlock(self, key: str, lock_id: str) -> None:
        """See StateStore."""
        with reported(f"unlock the state {self._place(key)}", self._account):
            holders = [lock.leave(key, lock_id) for lock in self._locks]
        others = [holder for holder in holders if holder is not None]
        if others:
            raise Refused(
                f"the lock of {self._place(key)} is not {lock_id}: it is held by {others[0]}",
                hint="`pytg locks` lists who holds what, with the lock ids",
            )

    def holder(self, key: str) -> LockInfo | None:
        """See StateStore."""
        with reported(f"read the lock of {self._place(key)}", self._account):
            return next(filter(None, (lock.holder(key) for lock in self._locks)), None)

    def _place(self, key: str) -> str:
        return f"{self._bucket}/{key}"

    def _digest_id(self, key: str) -> str:
        return f"{self._place(key)}-md5"

    def _put_digest(self, key: str, digest: str) -> None:
        if self._table is not None:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={"LockID": {"S": self._digest_id(key)}, "Digest": {"S": digest}},
            )

    def _delete_digest(self, key: str) -> None:
        if self._table is None:
            return
        try:
            self._dynamodb.delete_item(
                TableName=self._table, Key={"LockID": {"S": self._digest_id(key)}}
            )
        except ClientError as error:
            raise_unless_missing(error)


def _take(lock: BackendLock, key: str, info: LockInfo) -> None:
    """Take one lock. A lock with the same id is the own one: a request may be sent twice."""
    if lock.take(key, info):
        return
    holder = lock.holder(key)
    if holder is None or holder.id != info.id:
        raise lock_held(key, holder)
