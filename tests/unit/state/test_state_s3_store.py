"""States in S3, their digests, and both of their locks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pytg.aws.session import Sessions
from pytg.errors import LockHeld, PytgError, Refused
from pytg.model import Account, Backend
from pytg.state.backend_stores import BackendStores
from pytg.state.state_store import LockInfo, StateStore
from support.moto_account import unit_in

KEY = "docs/eu-west-1/dev/storage/terraform.tfstate"
BODY = b'{"version": 4, "serial": 1}'
MINE = LockInfo.new("pytg apply")
THEIRS = LockInfo.new("OperationTypePlan")


@pytest.fixture
def s3(sessions: Sessions, account: Account, make_bucket: Callable[[], None]) -> Any:
    make_bucket()
    return sessions.client(account, "s3", "eu-west-1")


@pytest.fixture
def dynamodb(sessions: Sessions, account: Account, make_table: Callable[[], None]) -> Any:
    make_table()
    return sessions.client(account, "dynamodb", "eu-west-1")


@pytest.fixture
def store(
    s3: Any, dynamodb: Any, stores: BackendStores, backend: Backend, account: Account
) -> StateStore:
    assert s3
    assert dynamodb
    return stores.of(unit_in(backend, account))


def item(dynamodb: Any, lock_id: str) -> dict[str, Any] | None:
    answer = dynamodb.get_item(TableName="locks", Key={"LockID": {"S": lock_id}})
    found: dict[str, Any] | None = answer.get("Item")
    return found


def lock_object(s3: Any) -> dict[str, Any] | None:
    try:
        body = s3.get_object(Bucket="states", Key=f"{KEY}.tflock")["Body"].read()
    except ClientError:
        return None
    found: dict[str, Any] = json.loads(body)
    return found


def fail(monkeypatch: pytest.MonkeyPatch, client: Any, operation: str, code: str) -> None:
    """Let every call of `operation` end with `code`."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")

    monkeypatch.setattr(client, operation, refuse)


def test_a_state_and_its_digest(store: StateStore, s3: Any, dynamodb: Any) -> None:
    assert store.read(KEY) is None
    version = store.write(KEY, BODY)
    stored = store.read(KEY)
    assert stored
    assert (stored.body, stored.version) == (BODY, version)
    assert item(dynamodb, f"states/{KEY}-md5") == {
        "LockID": {"S": f"states/{KEY}-md5"},
        "Digest": {"S": hashlib.md5(BODY).hexdigest()},  # noqa: S324 - Terraform's choice
    }
    head = s3.head_object(Bucket="states", Key=KEY)
    assert (head["ContentType"], head["ServerSideEncryption"]) == ("application/json", "AES256")
    assert store.write(KEY, BODY + b"\n") != version


def test_half_a_state_is_refused_by_name(store: StateStore, s3: Any) -> None:
    s3.put_object(Bucket="states", Key=KEY, Body=BODY[:-5])
    with pytest.raises(PytgError, match=f"the state s3://states/{KEY} is damaged"):
        store.read(KEY)


def test_the_digest_of_a_state_whose_writer_died_in_between(
    store: StateStore, s3: Any, dynamodb: Any
) -> None:
    store.write(KEY, BODY)
    s3.put_object(Bucket="states", Key=KEY, Body=b'{"serial": 2}')
    assert store.digest_repair(KEY)
    assert not store.digest_repair(KEY)
    repaired = item(dynamodb, f"states/{KEY}-md5")
    assert repaired
    assert repaired["Digest"]["S"] == hashlib.md5(b'{"serial": 2}').hexdigest()  # noqa: S324 - what Terraform writes


def test_the_digest_of_a_state_that_is_gone(store: StateStore, s3: Any, dynamodb: Any) -> None:
    store.write(KEY, BODY)
    s3.delete_object(Bucket="states", Key=KEY)
    assert store.digest_repair(KEY)
    assert item(dynamodb, f"states/{KEY}-md5") is None
    assert not store.digest_repair(KEY)


def test_both_locks_in_terraforms_form(store: StateStore, s3: Any, dynamodb: Any) -> None:
    store.lock(KEY, MINE)
    expected = json.loads(MINE.at(f"states/{KEY}").to_json())
    assert lock_object(s3) == expected
    locked = item(dynamodb, f"states/{KEY}")
    assert locked
    assert json.loads(locked["Info"]["S"]) == expected
    assert store.holder(KEY) == MINE.at(f"states/{KEY}")


def test_a_lock_keeps_others_out_and_may_be_taken_twice(store: StateStore) -> None:
    store.lock(KEY, MINE)
    store.lock(KEY, MINE)  # a request that is sent again finds the own lock
    with pytest.raises(LockHeld, match=MINE.id):
        store.lock(KEY, THEIRS)


def test_unlocking_needs_the_id_and_may_be_repeated(
    store: StateStore, s3: Any, dynamodb: Any
) -> None:
    store.lock(KEY, MINE)
    with pytest.raises(Refused, match=MINE.who):
        store.unlock(KEY, THEIRS.id)
    store.unlock(KEY, MINE.id)
    store.unlock(KEY, MINE.id)
    assert store.holder(KEY) is None
    assert lock_object(s3) is None
    assert item(dynamodb, f"states/{KEY}") is None


def test_a_lock_in_the_table_alone_leaves_no_lock_object(
    store: StateStore, s3: Any, stores: BackendStores, backend: Backend, account: Account
) -> None:
    old = stores.of(unit_in(replace(backend, use_lockfile=False), account))
    old.lock(KEY, THEIRS)
    with pytest.raises(LockHeld, match=THEIRS.id):
        store.lock(KEY, MINE)
    assert lock_object(s3) is None
    assert store.holder(KEY) == THEIRS.at(f"states/{KEY}")


def test_a_table_that_does_not_answer_leaves_no_lock_object(
    store: StateStore, s3: Any, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, dynamodb, "put_item", "AccessDeniedException")
    with pytest.raises(Refused, match="AccessDeniedException") as raised:
        store.lock(KEY, MINE)
    assert "permission" in raised.value.hint
    assert lock_object(s3) is None


@pytest.mark.parametrize(
    ("table", "lockfile"), [("locks", True), ("locks", False), (None, True), (None, False)]
)
def test_any_choice_of_locks(
    store: StateStore,
    stores: BackendStores,
    backend: Backend,
    account: Account,
    table: str | None,
    *,
    lockfile: bool,
) -> None:
    assert store
    chosen = stores.of(unit_in(replace(backend, lock_table=table, use_lockfile=lockfile), account))
    assert chosen.exists()
    chosen.lock(KEY, MINE)
    assert (chosen.holder(KEY) is not None) is (table is not None or lockfile)
    chosen.write(KEY, BODY)
    chosen.unlock(KEY, MINE.id)
    assert chosen.holder(KEY) is None
    assert chosen.digest_repair(KEY) is False


def test_a_backend_that_is_not_there(
    stores: BackendStores,
    backend: Backend,
    account: Account,
    make_bucket: Callable[[], None],
    make_table: Callable[[], None],
) -> None:
    store = stores.of(unit_in(backend, account))
    assert not store.exists()
    assert store.read(KEY) is None
    assert store.holder(KEY) is None
    store.unlock(KEY, MINE.id)  # destroyed while it was locked
    with pytest.raises(Refused, match="NoSuchBucket") as refused:
        store.lock(KEY, MINE)
    assert "apply the module that makes the backend" in refused.value.hint
    with pytest.raises(PytgError, match=f"cannot write the state states/{KEY}: NoSuchBucket"):
        store.write(KEY, BODY)
    make_bucket()
    assert not store.exists()
    make_table()
    assert store.exists()


def test_a_network_that_fails_is_said_with_a_hint(
    store: StateStore, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3.example")

    monkeypatch.setattr(s3, "get_object", unreachable)
    with pytest.raises(Refused, match=f"cannot read the state states/{KEY}") as raised:
        store.read(KEY)
    assert "network" in raised.value.hint


def test_the_store_is_shared_by_the_units_of_a_backend(
    store: StateStore, stores: BackendStores, backend: Backend, account: Account
) -> None:
    assert stores.of(unit_in(replace(backend, key="another"), account)) is store
    assert stores.of(unit_in(replace(backend, bucket="another"), account)) is not store


def test_versions_of_the_bucket_are_the_newest_first_and_not_the_present_one(
    store: StateStore, s3: Any
) -> None:
    assert store.versions(KEY) == []
    on = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="states", VersioningConfiguration=on)
    bodies = [json.dumps({"serial": serial}).encode() for serial in range(3)]
    for body in bodies:
        store.write(KEY, body)
        store.write(f"{KEY}.other", body)
    found = store.versions(KEY)
    assert [store.read_version(KEY, version) for version in found] == [bodies[1], bodies[0]]
    s3.delete_object(Bucket="states", Key=KEY)
    assert store.read(KEY) is None
    assert store.read_version(KEY, store.versions(KEY)[0]) == bodies[2]


def test_a_bucket_that_is_not_there_has_no_versions(
    stores: BackendStores, backend: Backend, account: Account
) -> None:
    gone = replace(backend, bucket="gone-for-good")
    assert stores.of(unit_in(gone, account)).versions(KEY) == []
