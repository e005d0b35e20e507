"""A state that Terraform could not write is written first, where it still follows."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from pytg.compose.state_merge import same_content
from pytg.errors import LockHeld, Refused
from pytg.generate.unit import unit_directory
from pytg.recovery.one_unit import Use
from pytg.recovery.recovery import Recovery, require_recovered
from pytg.recovery.unpushed_state import ERRORED_STATE, push_unpushed_states
from pytg.recovery.unrecorded import remembered
from pytg.state.backups import backups
from pytg.state.state_store import LockInfo
from pytg.terraform.workdir import locked
from support.dead_apply import ONE, estate_at, states_in
from support.memory_store import MemoryStore, composed
from support.process import eventually

KEY = str(ONE)


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


def pushed(root: Path, store: MemoryStore, use: Use | None = None) -> list[Recovery]:
    estate = estate_at(root)
    return push_unpushed_states(
        estate,
        estate.units.values(),
        states_in(store),
        lambda _: None,
        threading.Event(),
        use={ONE: use} if use else {},
    )


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
    assert [each.read() for each in backups(tmp_path, ONE)] == ([before] if before else [])
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
    (found,) = pushed(tmp_path, store)
    assert found.written == ()
    with pytest.raises(Refused, match=f"the state of {ONE} has moved since") as raised:
        require_recovered([found], [ONE])
    assert "--use stored" in raised.value.hint
    assert backups(tmp_path, ONE) == []
    assert store.states.get(KEY) == there
    assert store.locks == {}
    assert file.read_bytes() == body


@pytest.mark.parametrize("there", [state(2, empty=True), state(1, "y", empty=True)])
@pytest.mark.parametrize("use", Use)
def test_a_person_says_which_one_holds_and_the_other_one_is_kept(
    tmp_path: Path, store: MemoryStore, there: bytes, use: Use
) -> None:
    mine = state(2).decode().replace(ONE.slug, "one").encode()
    file = left(tmp_path, mine)
    store.states[KEY] = there
    assert pushed(tmp_path, store, use) == [Recovery(None, (ONE,))]
    (backup,) = backups(tmp_path, ONE)
    after, before = json.loads(store.states[KEY]), json.loads(there)
    if use is Use.LEFT:
        assert backup.read() == there
        assert after == json.loads(mine) | {
            "serial": before["serial"] + 1,
            "lineage": before["lineage"],
        }
        assert remembered(tmp_path) == {}
    else:
        assert backup.read() == mine
        assert after == before
        assert remembered(tmp_path) == {ONE: {"terraform_data.this": "one"}}
    assert not file.exists()
    assert store.locks == {}


def test_half_a_file_is_not_written_and_can_be_put_aside(
    tmp_path: Path, store: MemoryStore
) -> None:
    file = left(tmp_path, b'{"serial": 2')
    there = store.states[KEY] = state(1, empty=True)
    (found,) = pushed(tmp_path, store, Use.LEFT)
    with pytest.raises(Refused, match="is no whole state"):
        require_recovered([found], [ONE])
    assert (store.states, store.locks, file.exists()) == ({KEY: there}, {}, True)
    assert pushed(tmp_path, store, Use.STORED) == [Recovery(None, (ONE,))]
    assert [each.read() for each in backups(tmp_path, ONE)] == [b'{"serial": 2']
    assert (store.states, file.exists()) == ({KEY: there}, False)


def test_a_file_without_a_byte_is_nothing_to_decide_on(tmp_path: Path, store: MemoryStore) -> None:
    """A disk that was full to its end: Terraform made the file, and that was all."""
    store.states[KEY] = state(5)
    file = left(tmp_path, b"")
    assert pushed(tmp_path, store) == []
    assert not file.exists()
    assert store.states[KEY] == state(5)


def test_under_the_lock_of_somebody_else_nothing_is_written(
    tmp_path: Path, store: MemoryStore
) -> None:
    file = left(tmp_path, state(2))
    lock = LockInfo("bob-1", "pytg apply", "bob@desktop", "now")
    store.lock(KEY, lock)
    (found,) = pushed(tmp_path, store)
    with pytest.raises(LockHeld, match="bob@desktop"):
        require_recovered([found], [ONE])
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


@pytest.mark.parametrize("body", [b"[]", b"{}", b"1", b'{"version": 4}', b'{"lineage": "x"}'])
def test_what_is_no_state_is_not_written_where_there_is_none(
    tmp_path: Path, store: MemoryStore, body: bytes
) -> None:
    file = left(tmp_path, body)
    (found,) = pushed(tmp_path, store)
    assert list(found.refused) == [ONE]
    assert (store.states, file.read_bytes()) == ({}, body)
    pushed(tmp_path, store, Use.STORED)
    assert store.states == {}
    assert not file.exists()
    assert [kept.read() for kept in backups(tmp_path, ONE)] == [body]
