"""How an account is reached: its botocore session, and what each of its clients is made with.

An emulator is reached through its own AWS config file and nothing else: no variable, no other
file and no proxy has a say. The endpoint of the embedded AWS must be on loopback besides.
"""

from __future__ import annotations

import functools
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
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

from pytg.aws.failures import not_running
from pytg.emulator import config_file, profile
from pytg.errors import Refused
from pytg.model import Account, AssumeRole

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
class Reach:
    """An account's botocore session, and what each of its clients is made with."""

    session: botocore.session.Session
    settings: dict[str, Any]

    def boto3_session(self, region: str) -> boto3.Session:
        """What makes clients."""
        return boto3.Session(botocore_session=self.session, region_name=region)


def reached(root: Path, account: Account, region: str, sts: Mapping[str, Any]) -> Reach:
    """The account, in its role where it has one; `sts`: what else a client of STS is made with.

    Raises Refused for an emulator that does not run, and what botocore raises.
    """
    reach = _direct(root, account)
    if account.assume_role:
        base = _direct(root, account)
        asked = Reach(base.session, {**base.settings, **sts})
        _assume(account.assume_role, asked, reach.session, region)
    return reach


def _direct(root: Path, account: Account) -> Reach:
    """With the credentials that are there, before any role is assumed."""
    if account.emulator:
        session, url = emulator(root, account)
        settings = {"endpoint_url": url, "config": _EMULATOR, "verify": _certificates(url)}
        return Reach(session, settings)
    return Reach(botocore.session.Session(profile=account.profile), {"config": _REAL})


def emulator(root: Path, account: Account) -> tuple[botocore.session.Session, str]:
    """A session of an emulator's profile, and its URL. Raises Refused where it does not run."""
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


def _assume(role: AssumeRole, base: Reach, session: botocore.session.Session, region: str) -> None:
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
