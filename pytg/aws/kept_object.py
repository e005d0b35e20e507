"""An object that is kept in a bucket for a while: written, read, removed, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pytg.aws.failures import MISSING, code_of, reported
from pytg.errors import PytgError
from pytg.model import Account

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True, slots=True)
class KeptObject:
    """The object `key`. What fails is Refused, or in a write a PytgError, and says why."""

    client: S3Client
    account: Account
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def remove(self) -> None:
        """One that is not there is no error."""
        with reported(f"remove {self}", self.account):
            self.client.delete_object(Bucket=self.bucket, Key=self.key)

    def write(self, data: bytes) -> None:
        """In one piece, over what is there."""
        with reported(f"write {self}", self.account, PytgError):
            self.client.put_object(Bucket=self.bucket, Key=self.key, Body=data)

    def read(self) -> bytes | None:
        """None where it is not there."""
        with reported(f"read {self}", self.account):
            try:
                return self.client.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
            except ClientError as error:
                if code_of(error) not in MISSING:
                    raise
        return None

    def days(self) -> int | None:
        """After how many days a lifecycle rule of the bucket ends it; None where none does."""
        with reported(f"read the lifecycle of {self.bucket}", self.account):
            try:
                found = self.client.get_bucket_lifecycle_configuration(Bucket=self.bucket)
            except ClientError as error:
                if code_of(error) != "NoSuchLifecycleConfiguration":
                    raise
                return None
        return min(filter(None, (_ends(rule, self.key) for rule in found["Rules"])), default=None)


def _ends(rule: Any, key: str) -> int | None:
    """After how many days `rule` ends the object at `key`; None where it does not."""
    prefix = rule.get("Filter", {}).get("Prefix", rule.get("Prefix"))
    days: int | None = rule.get("Expiration", {}).get("Days")
    applies = rule["Status"] == "Enabled" and prefix is not None and key.startswith(prefix)
    return days if applies else None
