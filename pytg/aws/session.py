"""boto3 clients of the estate's accounts.

boto3 itself is imported with the first of them (`pytg.aws.reach`): it takes a third of the start
of a command, and most commands ask no AWS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from pytg.aws.failures import reported
from pytg.model import Account

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sts.client import STSClient

    from pytg.aws.reach import Reach

T = TypeVar("T")


class Sessions:
    """Clients by account, service and region, made once. Safe to use from many threads."""

    def __init__(self, root: Path, endpoints: Mapping[str, str] | None = None) -> None:
        """`endpoints` are those that the provider is given by hand: identity is asked of its `sts`.

        Emulators have their own; the state backend goes by its own configuration.
        """
        self._root = root
        self._sts = (endpoints or {}).get("sts")
        self._made: dict[Hashable, Any] = {}
        self._lock = threading.RLock()

    @overload
    def client(self, account: Account, service: Literal["s3"], region: str) -> S3Client: ...
    @overload
    def client(
        self, account: Account, service: Literal["dynamodb"], region: str
    ) -> DynamoDBClient: ...
    @overload
    def client(self, account: Account, service: Literal["sts"], region: str) -> STSClient: ...
    def client(self, account: Account, service: Any, region: str) -> Any:
        """A client of `service`. Raises Refused where the account cannot be reached."""

        def make() -> Any:
            with reported(f"reach account {account.name}", account):
                reach = self._reach(account, region)
                session = self.once(
                    (account, region, "boto3"),  # two on one botocore session do not get along
                    lambda: reach.boto3_session(region),
                )
                asked = self._identity(account) if service == "sts" else {}
                return session.client(service, **(reach.settings | asked))

        return self.once((account, service, region), make)

    def endpoint(self, account: Account) -> str | None:
        """The URL of an emulator; None for a real account."""
        if not account.emulator:
            return None
        from pytg.aws.reach import emulator  # noqa: PLC0415 - see above

        return emulator(self._root, account)[1]

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned when it was first called for `key`."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            made: T = self._made[key]
            return made

    def _reach(self, account: Account, region: str) -> Reach:
        from pytg.aws.reach import reached  # noqa: PLC0415 - see above

        sts = self._identity(account)
        return self.once((account, region), lambda: reached(self._root, account, region, sts))

    def _identity(self, account: Account) -> dict[str, Any]:
        """Where STS is asked, if it is not where the rest of the account is."""
        return {"endpoint_url": self._sts} if self._sts and not account.emulator else {}
