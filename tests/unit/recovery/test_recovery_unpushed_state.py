"""A state that Terraform could not write is written first, where it still follows."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from pytg.compose.state_merge import same_content
from pytg.errors import LockHeld, Refused
from pytg.generate.unit import unit_directory
from pytg.recovery.recovery import Recovery
from pytg.recovery.unpushed_state import ERRORED_STATE, push_unpushed_states
from pytg.state.state_store import LockInfo
from pytg.terraform.workdir import locked
from support.dead_apply import ONE, estate_at, states_in
from support.memory_store import MemoryStore, composed
from support.process import eventually

KEY = str(ONE)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def state(serial: int, lineage: str = "x", *, empty: bool = False) -> bytes:
    made = composed() if empty else composed(ONE)
    return json.dumps(json.loads(made) | {"serial": serial, "lineage": lineage}).encode()


def left(root: Path, body: bytes) -> Path:
    """The file with what Terraform could not write."""
    estate = estate_at(root)
    directory = unit_directory(estate, estate.units[ONE])
    directory.mkdir(parents=True)
    file = directory / ERRORED_STATE
    file.write_bytes(body)
    return file


def pushed(root: Path, store: MemoryStore) -> list[Recovery]:
    estate = estate_at(root)
    units = estate.units.values()
    return push_unpushed_states(estate, units, states_in(store), lambda _: None, threading.Event())


def test_where_nothing_was_left_nothing_is_done(tmp_path: Path, store: MemoryStore) -> None:
    assert pushed(tmp_path, store) == []
    assert not (tmp_path / ".pytg").exists()


@pytest.mark.parametrize("before", [None, state(1, empty=True)])
def test_what_follows_is_written(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    file = left(tmp_path, state(2))
    if before is not None:
        store.states[KEY] = before
    repaired: list[str] = []
    monkeypatch.setattr(store, "digest_repair", repaired.append)
    assert pushed(tmp_path, store) == [Recovery(None, (ONE,))]
    assert store.states == {KEY: state(2)}
    assert repaired == [KEY]  # a write that died half way leaves a wrong digest
    assert store.locks == {}
    assert not file.exists()


def test_what_is_there_already_is_not_written_again(tmp_path: Path, store: MemoryStore) -> None:
    file = left(tmp_path, state(2))
    there = store.states[KEY] = state(3)
    assert same_content(json.loads(there), json.loads(state(2)))
    assert pushed(tmp_path, store) == [Recovery(None, (ONE,))]
    assert store.states == {KEY: there}
    assert not file.exists()


@pytest.mark.parametrize(
    ("body", "there"),
    [
        (state(2), state(2, empty=True)),  # somebody wrote since
        (state(2), state(1, "y", empty=True)),  # another state altogether
        (b'{"serial": 2', state(1, empty=True)),  # half a file
        (b'{"serial": 2', None),
        (b"{}", state(1, empty=True)),
        (b"[]", state(1, empty=True)),
    ],
)
def test_what_does_not_follow_is_left_to_a_person(
    tmp_path: Path, store: MemoryStore, body: bytes, there: bytes | None
) -> None:
    file = left(tmp_path, body)
    if there is not None:
        store.states[KEY] = there
    with pytest.raises(Refused, match=f"the state of {ONE} has moved since"):
        pushed(tmp_path, store)
    assert store.states.get(KEY) == there
    assert store.locks == {}
    assert file.read_bytes() == body


def test_under_the_lock_of_somebody_else_nothing_is_written(
    tmp_path: Path, store: MemoryStore
) -> None:
    file = left(tmp_path, state(2))
    lock = LockInfo("bob-1", "pytg apply", "bob@desktop", "now")
    store.lock(KEY, lock)
    with pytest.raises(LockHeld, match="bob@desktop"):
        pushed(tmp_path, store)
    assert (store.states, store.locks) == ({}, {KEY: lock})
    assert file.exists()


def test_what_another_pytg_wrote_meanwhile_is_not_reported(
    tmp_path: Path, store: MemoryStore
) -> None:
    file = left(tmp_path, state(2))
    found: list[Recovery] = []
    said: list[str] = []

    def push() -> None:
        estate, states = estate_at(tmp_path), states_in(store)
        units = estate.units.values()
        found.extend(push_unpushed_states(estate, units, states, said.append, threading.Event()))

    with locked(file.parent / "stage.lock"):
        thread = threading.Thread(target=push)
        thread.start()
        eventually(lambda: said)
        file.unlink()
    thread.join()
    assert (found, store.states) == ([], {})
