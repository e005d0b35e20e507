"""A real-looking account in moto, inside the test's process; a state backend in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from pytg.aws.session import Sessions
from pytg.compose.shape import Shape
from pytg.model import Account, Address, Backend
from pytg.recovery.journal import Locked
from pytg.state.backend_stores import BackendStores
from pytg.state.local_store import LocalStore

ADDRESS = Address("docs", "eu-west-1", "dev", "kms")


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS variable and no AWS file of the machine has a say."""
    for name in [n for n in os.environ if n.startswith(("AWS_", "PYTG_"))]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def account() -> Account:
    return Account("docs", "123456789012")


@pytest.fixture
def backend() -> Backend:
    """A bucket and a table, both kinds of lock."""
    return Backend("s3", "", "states", "eu-west-1", "locks")


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    """Sessions with credentials, in an AWS that is empty."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Sessions(tmp_path)


def unit_in(backend: Backend, account: Account) -> Locked:
    """A unit, as far as its store is concerned, whose state lies in `backend`."""
    shape = Shape(ADDRESS, ADDRESS.slug, ADDRESS.module)
    return Locked(ADDRESS, account, backend, bootstrap=False, shape=shape)


@pytest.fixture
def stores(sessions: Sessions, tmp_path: Path) -> BackendStores:
    return BackendStores(tmp_path, sessions)


@pytest.fixture
def make_bucket(sessions: Sessions, account: Account, backend: Backend) -> Callable[[], None]:
    def make() -> None:
        client = sessions.client(account, "s3", backend.region)
        client.create_bucket(
            Bucket=backend.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        client.put_bucket_versioning(
            Bucket=backend.bucket, VersioningConfiguration={"Status": "Enabled"}
        )

    return make


@pytest.fixture
def make_table(sessions: Sessions, account: Account, backend: Backend) -> Callable[[], None]:
    def make() -> None:
        sessions.client(account, "dynamodb", backend.region).create_table(
            TableName=backend.lock_table or "",
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    return make


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


@pytest.fixture
def another(tmp_path: Path) -> LocalStore:
    """Another process's view of the same states."""
    return LocalStore(tmp_path)
