"""A lease beside the locks of a run: while it is renewed, whoever took them lives.

One object a run in the state bucket, `<account>/leases/<lock id>`, written anew every few seconds.
How old it is says the bucket's own clock, so that the clocks of machines do not matter.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pytg.aws.failures import reported
from pytg.errors import PytgError
from pytg.model import Account
from pytg.state.s3_locks import delete_object, raise_unless_missing

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

RENEWED_EVERY_S = 20.0
EXPIRES_S = 300.0  # many renewals: a network that is gone for a moment is no death


class Leases:
    """Those in one bucket. What cannot be reached is a PytgError."""

    def __init__(self, bucket: str, account: Account, s3: S3Client) -> None:
        self._bucket = bucket
        self._account = account
        self._s3 = s3

    def renew(self, lock_id: str) -> None:
        """Say that whoever took the locks with this id lives."""
        with reported("renew a lease", self._account):
            self._s3.put_object(Bucket=self._bucket, Key=self._key(lock_id), Body=b"")

    def end(self, lock_id: str) -> None:
        """There are no such locks any more."""
        with reported("end a lease", self._account):
            delete_object(self._s3, self._bucket, self._key(lock_id))

    def age_s(self, lock_id: str) -> float | None:
        """Seconds since it was renewed; None where nobody ever did, as for Terraform's own locks.

        The bucket keeps whole seconds.
        """
        with reported("read a lease", self._account):
            try:
                answer = self._s3.head_object(Bucket=self._bucket, Key=self._key(lock_id))
            except ClientError as error:
                raise_unless_missing(error)
                return None
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (now - answer["LastModified"]).total_seconds())

    def _key(self, lock_id: str) -> str:
        return f"{self._account.name}/leases/{lock_id}"


class Heartbeat:
    """Renews the leases of one lock id in the background, from `start` to `stop`.

    A renewal that fails is tried again at the next turn: the run goes on without one.
    """

    def __init__(self, leases: Iterable[Leases], lock_id: str) -> None:
        self._leases = tuple(leases)
        self._lock_id = lock_id
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """The first renewal comes at once, and nobody waits for it."""
        if self._leases:
            self._thread = threading.Thread(target=self._loop, name="heartbeat", daemon=True)
            self._thread.start()

    def abandon(self) -> None:
        """Renew no more, and leave the leases: by their age the locks can be told to be dead."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            thread.join(RENEWED_EVERY_S)  # a call that hangs is left to itself

    def stop(self) -> None:
        """End the leases; before the locks are left."""
        if self._thread is None:
            return
        self.abandon()
        for lease in self._leases:
            with suppress(PytgError):
                lease.end(self._lock_id)

    def _loop(self) -> None:
        self._renew()
        while not self._stop.wait(RENEWED_EVERY_S):
            self._renew()

    def _renew(self) -> None:
        for lease in self._leases:
            with suppress(PytgError):
                lease.renew(self._lock_id)
