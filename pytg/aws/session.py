"""boto3 clients of the estate's accounts.

An emulator is reached through its own AWS config file and nothing else: no variable, no other
file and no proxy has a say. The endpoint of the embedded AWS must be on loopback besides.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError

from pytg.aws.failures import not_running, reported
from pytg.emulator import config_file, profile
from pytg.errors import Refused
from pytg.model import Account, AssumeRole

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sts.client import STSClient

T = TypeVar("T")

_CONNECTIONS = 32  # as many threads as any room uses at once
_REAL = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=10,
    max_pool_connections=_CONNECTIONS,
)
_EMULATOR = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=2,
    max_pool_connections=_CONNECTIONS,
    proxies={},
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True, slots=True)
class _Reach:
    """An account's botocore session, and what each of its clients is made with."""

    session: botocore.session.Session
    settings: dict[str, Any]


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
                    lambda: boto3.Session(botocore_session=reach.session, region_name=region),
                )
                asked = self._identity(account) if service == "sts" else {}
                return session.client(service, **(reach.settings | asked))

        return self.once((account, service, region), make)

    def endpoint(self, account: Account) -> str | None:
        """The URL of an emulator; None for a real account."""
        return _emulator(self._root, account)[1] if account.emulator else None

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned when it was first called for `key`."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            made: T = self._made[key]
            return made

    def _reach(self, account: Account, region: str) -> _Reach:
        def make() -> _Reach:
            reach = self._direct(account)
            if account.assume_role:
                base = self._direct(account)
                asked = _Reach(base.session, base.settings | self._identity(account))
                _assume(account.assume_role, asked, reach.session, region)
            return reach

        return self.once((account, region), make)

    def _identity(self, account: Account) -> dict[str, Any]:
        """Where STS is asked, if it is not where the rest of the account is."""
        return {"endpoint_url": self._sts} if self._sts and not account.emulator else {}

    def _direct(self, account: Account) -> _Reach:
        """With the credentials that are there, before any role is assumed."""
        if account.emulator:
            session, url = _emulator(self._root, account)
            settings = {"endpoint_url": url, "config": _EMULATOR, "verify": _certificates(url)}
            return _Reach(session, settings)
        session = botocore.session.Session(profile=account.profile)
        return _Reach(session, {"config": _REAL})


def _emulator(root: Path, account: Account) -> tuple[botocore.session.Session, str]:
    file = config_file(root, account)
    if not file.is_file():
        message, hint = not_running(account)
        raise Refused(message, hint=hint)
    session = botocore.session.Session(profile=profile(account))
    session.set_config_variable("config_file", str(file))
    session.set_config_variable("credentials_file", os.devnull)
    url = str(session.get_scoped_config().get("endpoint_url", ""))
    if account.sandbox and not _on_loopback(url):
        raise Refused(
            f"{file}: endpoint_url `{url}` is not on this machine's loopback interface",
            hint="the embedded AWS listens there only; write the file anew: pytg sandbox start",
        )
    return session, url


def _on_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _certificates(url: str) -> bool | None:
    """Plain HTTP needs none, and AWS_CA_BUNDLE may name a file that is not there."""
    return False if url.startswith("http:") else None


class _Assumed(CredentialProvider):
    """The only source of credentials in a session that has assumed a role."""

    METHOD = "assume-role"

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> DeferredRefreshableCredentials:
        return self._credentials


def _assume(role: AssumeRole, base: _Reach, session: botocore.session.Session, region: str) -> None:
    """Give `session` the role's credentials, which botocore renews before they expire."""
    source = base.session.get_credentials()
    if source is None:
        raise NoCredentialsError
    given = {"RoleSessionName": role.session_name or "pytg"}
    if role.external_id:
        given["ExternalId"] = role.external_id
    fetcher = AssumeRoleCredentialFetcher(
        functools.partial(base.session.create_client, region_name=region, **base.settings),
        source,
        role.role_arn,
        extra_args=given,
    )
    credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, _Assumed.METHOD)
    resolver = CredentialResolver([_Assumed(credentials)])
    session.register_component("credential_provider", resolver)
