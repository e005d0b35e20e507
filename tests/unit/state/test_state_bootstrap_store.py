"""The state of the unit that makes the backend: which of two places, and never both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytg.errors import LockHeld, Refused
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.local_store import LocalStore
from pytg.state.state_store import LockInfo
from support.memory_store import MemoryStore

KEY = "acc/global/dev/backend/terraform.tfstate"
ALICE = LockInfo("alice-1", "apply", "alice@laptop", "now")
BOB = LockInfo("bob-1", "apply", "bob@desktop", "now")


def state(serial: int, *resources: str, lineage: str = "one") -> bytes:
    document: dict[str, Any] = {"serial": serial, "lineage": lineage, "resources": list(resources)}
    return json.dumps(document).encode()


@pytest.fixture
def bucket() -> MemoryStore:
    return MemoryStore(there=False)


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "alice")


@pytest.fixture
def store(bucket: MemoryStore, local: LocalStore) -> BootstrapStore:
    return BootstrapStore(bucket, local)


def body(store: MemoryStore | LocalStore) -> bytes | None:
    found = store.read(KEY)
    return found.body if found else None


def test_a_state_moves_into_the_bucket_when_it_is_settled_and_not_before(
    store: BootstrapStore, bucket: MemoryStore, local: LocalStore
) -> None:
    store.lock(KEY, ALICE)
    store.write(KEY, state(1, "bucket"))
    bucket.there = True
    store.write(KEY, state(2, "bucket", "table"))
    assert body(bucket) is None
    store.settle(KEY)
    store.unlock(KEY, ALICE.id)
    assert body(bucket) == state(2, "bucket", "table")
    assert body(local) is None
    assert bucket.locks == {}
    assert store.holder(KEY) is None


def test_of_two_who_make_the_backend_the_second_does_not_get_in(
    store: BootstrapStore, bucket: MemoryStore, tmp_path: Path
) -> None:
    store.lock(KEY, ALICE)
    bucket.there = True
    store.write(KEY, state(1, "bucket"))
    with pytest.raises(LockHeld, match="alice"):
        BootstrapStore(bucket, LocalStore(tmp_path / "bob")).lock(KEY, BOB)
    assert bucket.locks == {KEY: ALICE}


def test_on_one_machine_the_lock_holds_while_there_is_no_bucket_and_after(
    store: BootstrapStore, bucket: MemoryStore, tmp_path: Path
) -> None:
    store.lock(KEY, ALICE)
    for there in (False, True):
        bucket.there = there
        with pytest.raises(LockHeld):
            BootstrapStore(bucket, LocalStore(tmp_path / "alice")).lock(KEY, BOB)
    assert store.holder(KEY) == ALICE


def test_the_state_of_who_came_second_waits_and_harms_nothing(
    store: BootstrapStore, bucket: MemoryStore, local: LocalStore
) -> None:
    store.lock(KEY, ALICE)
    bucket.there = True
    bucket.lock(KEY, BOB)
    store.write(KEY, state(1, "bucket"))
    with pytest.raises(LockHeld, match="bob"):
        store.settle(KEY)
    store.unlock(KEY, ALICE.id)
    assert bucket.locks == {KEY: BOB}
    assert body(local) == state(1, "bucket")
    bucket.write(KEY, state(3, "bucket", lineage="bob's"))
    bucket.unlock(KEY, BOB.id)
    with pytest.raises(Refused, match="not the one that waits"):
        store.lock(KEY, ALICE)
    assert bucket.locks == {}
    assert local.holder(KEY) is None


def test_reading_moves_nothing(store: BootstrapStore, bucket: MemoryStore) -> None:
    store.lock(KEY, ALICE)
    store.write(KEY, state(1, "bucket"))
    store.unlock(KEY, ALICE.id)
    bucket.there = True
    found = store.read(KEY)
    assert found is not None
    assert found.body == state(1, "bucket")
    assert body(bucket) is None


def test_a_lock_in_a_bucket_whose_table_is_gone_is_left(
    store: BootstrapStore, bucket: MemoryStore
) -> None:
    bucket.there = True
    store.lock(KEY, ALICE)
    store.retreat(KEY)
    bucket.there = False
    store.unlock(KEY, ALICE.id)
    assert bucket.locks == {}


def test_a_destroy_goes_on_outside_of_the_bucket(
    store: BootstrapStore, bucket: MemoryStore, local: LocalStore
) -> None:
    bucket.there = True
    bucket.states[KEY] = state(1, "bucket")
    store.lock(KEY, ALICE)
    store.retreat(KEY)
    assert not store.exists()
    store.write(KEY, state(2))
    assert body(bucket) == state(1, "bucket")
    bucket.there = False
    bucket.states.clear()
    store.settle(KEY)
    store.unlock(KEY, ALICE.id)
    assert body(local) is None


@pytest.mark.parametrize(
    ("there", "waiting", "kept"),
    [
        (state(2, "bucket"), state(2, "bucket"), state(2, "bucket")),
        (state(3, "bucket"), state(2, "bucket", "table"), state(3, "bucket")),
        (state(2, "bucket", "table"), state(3, "bucket"), state(3, "bucket")),
        (state(3, "bucket"), state(9, lineage="nothing was made"), state(3, "bucket")),
        (None, state(1, "bucket"), state(1, "bucket")),
    ],
)
def test_after_a_crash_the_newer_of_one_lineage_stays(
    local: LocalStore, there: bytes | None, waiting: bytes, kept: bytes
) -> None:
    bucket = MemoryStore()
    store = BootstrapStore(bucket, local)
    local.write(KEY, waiting)
    if there is not None:
        bucket.states[KEY] = there
    store.lock(KEY, ALICE)
    store.unlock(KEY, ALICE.id)
    assert body(bucket) == kept
    assert body(local) is None


def test_unlock_by_hand_leaves_a_lock_of_another_alone(
    store: BootstrapStore, bucket: MemoryStore
) -> None:
    bucket.there = True
    bucket.lock(KEY, BOB)
    with pytest.raises(Refused, match="bob"):
        store.unlock(KEY, ALICE.id)
    store.unlock(KEY, BOB.id)
    assert bucket.locks == {}
