"""boto3 clients for accounts: the embedded AWS for sandbox accounts, real AWS for the others."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, TokenRetrievalError

from pytg.errors import PytgError, Refused
from pytg.model import Account
from pytg.sandbox.control import Sandbox, sandbox_directory

PROFILE = "sandbox"
ATTEMPTS = 5
CONNECT_S = 5
READ_S = 60
POOL = 32
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


class Sessions:
    """Makes and keeps clients for the project at `root`. Safe to use from threads."""

    def __init__(self, root: Path) -> None:
        self._sandbox = Sandbox(sandbox_directory(root))
        self._lock = threading.RLock()
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(self, account: Account, service: str, region: str) -> Any:
        """The client of `service` in `region`, as `account`'s provider would call it.

        Raises Refused where the embedded AWS is not running, or a profile is not there.
        """
        key = (account.name, service, region)
        with self._lock:
            if key not in self._clients:
                session = self._session(account)
                self._clients[key] = session.client(service, region_name=region, config=_config())
            return self._clients[key]

    def _session(self, account: Account) -> Any:
        if account.name not in self._sessions:
            make = self._embedded if account.sandbox else _real
            self._sessions[account.name] = make(account)
        return self._sessions[account.name]

    def _embedded(self, account: Account) -> Any:
        """Only the sandbox's own file: no variable and no other profile reaches it."""
        if self._sandbox.status() is None:
            raise Refused(
                f"the embedded AWS of account {account.name} is not running",
                hint="start it with `pytg sandbox start`",
            )
        core = botocore.session.Session(profile=PROFILE)
        core.set_config_variable("config_file", str(self._sandbox.config_file))
        core.set_config_variable("credentials_file", str(self._sandbox.config_file))
        core.set_config_variable("ca_bundle", None)
        return boto3.Session(botocore_session=core)


def _real(account: Account) -> Any:
    with explained(f"account {account.name}"):
        core = botocore.session.Session(profile=account.profile)
        role = account.assume_role
        if role is not None:
            base = core.get_credentials()
            if base is None:
                raise NoCredentialsError
            arguments = {"RoleSessionName": role.session_name or "pytg"}
            if role.external_id:
                arguments["ExternalId"] = role.external_id
            fetcher = AssumeRoleCredentialFetcher(
                core.create_client, base, role.role_arn, extra_args=arguments
            )
            refreshable = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
            vars(core)["_credentials"] = refreshable  # botocore has no setter for these
        return boto3.Session(botocore_session=core)


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn an error of AWS in the block into a PytgError that says what failed and what helps."""
    try:
        yield
    except NoCredentialsError as error:
        raise Refused(
            f"{what}: no AWS credentials found",
            hint="set AWS_PROFILE, run `aws sso login`, or name a profile in account.yaml",
        ) from error
    except TokenRetrievalError as error:
        raise Refused(
            f"{what}: the AWS login has expired", hint="log in again: `aws sso login`"
        ) from error
    except ClientError as error:
        code = error_code(error)
        if code in EXPIRED:
            raise Refused(
                f"{what}: the AWS credentials have expired", hint="log in again"
            ) from error
        raise PytgError(f"{what}: {error}", hint=_HINTS.get(code, "")) from error
    except BotoCoreError as error:
        raise PytgError(
            f"{what}: {error}", hint="is the network there, and does the endpoint answer?"
        ) from error


def error_code(error: ClientError) -> str:
    """The code of an AWS error, such as `NoSuchBucket`; a bare HEAD gives `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))


_HINTS = {
    "AccessDenied": "the credentials lack a permission: see docs/reference/state.md",
    "AccessDeniedException": "the credentials lack a permission: see docs/reference/state.md",
    "NoSuchBucket": "the state backend is gone: apply its module first",
    "ResourceNotFoundException": "the lock table is gone: apply its module first",
}


def _config() -> Config:
    return Config(
        retries={"mode": "standard", "max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        max_pool_connections=POOL,
    )
