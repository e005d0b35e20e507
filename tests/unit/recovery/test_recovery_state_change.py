"""States that pytg itself writes are written all, also where it dies in between; none is lost."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from pytg.compose.state_merge import empty_state
from pytg.errors import LockHeld, PytgError, Refused
from pytg.record.state_changes import changes
from pytg.recovery.journal import JOURNAL
from pytg.recovery.recover import recover_all, recover_lock, recover_unit
from pytg.recovery.state_change import DIRECTORY, StatePlace, change_states, finish_changes
from pytg.state.backups import backups
from pytg.state.state_store import LockInfo
from support.dead_apply import ONE, TWO, estate_at, states_in
from support.memory_store import MemoryStore

BOTH = (ONE, TWO)


class Failing(MemoryStore):
    """It fails at the write number `at`, before that is done or, `late`, after it."""

    def __init__(self, at: int, *, late: bool = False) -> None:
        super().__init__()
        self.at, self.late, self.writes = at, late, 0

    def write(self, key: str, body: bytes) -> str:
        self.writes += 1
        if self.writes == self.at and not self.late:
            raise PytgError("the network is gone")
        version = super().write(key, body)
        if self.writes == self.at:
            raise KeyboardInterrupt
        return version


def body(name: str, serial: int = 1) -> dict[str, Any]:
    return {**empty_state(name), "serial": serial}


def filled(store: MemoryStore) -> MemoryStore:
    store.states = {str(unit): json.dumps(body(unit.module)).encode() for unit in BOTH}
    return store


def change(root: Path, store: MemoryStore) -> list[Any]:
    """Write both, TWO first."""
    estate = estate_at(root)
    return change_states(
        root,
        [StatePlace.of(unit) for unit in estate.units.values()],
        states_in(store),
        lambda held: [(unit, {**(held[unit].state or {}), "serial": 2}) for unit in (TWO, ONE)],
        operation="test",
        say=lambda _text: None,
        timeout_s=0,
    )


def serials(store: MemoryStore) -> list[int]:
    return [json.loads(store.states[str(unit)])["serial"] for unit in BOTH]


@pytest.fixture(params=[(at, late) for at in (1, 2) for late in (False, True)])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Failing:
    """A store that failed in the midst of a change; the note of it lies below `tmp_path`."""
    at, late = request.param
    store = Failing(at, late=late)
    filled(store)
    with pytest.raises(KeyboardInterrupt if late else PytgError):
        change(tmp_path, store)
    return store


def test_all_are_written_in_order_and_what_was_there_is_kept(tmp_path: Path) -> None:
    store = filled(MemoryStore())
    assert change(tmp_path, store) == [TWO, ONE]
    assert serials(store) == [2, 2]
    assert store.locks == {}
    assert not (tmp_path / DIRECTORY / JOURNAL).exists()
    for unit in BOTH:
        (kept,) = backups(tmp_path, unit)
        assert json.loads(kept.read()) == body(unit.module)
        assert kept.why == "test"
    (noted,) = changes(tmp_path)
    assert noted.operation == "test"
    assert noted.resources == dict.fromkeys(BOTH, 0)  # they are empty


def test_a_held_lock_keeps_all_of_it_from_being_done(tmp_path: Path) -> None:
    store = filled(MemoryStore())
    store.lock(str(ONE), LockInfo.new("someone"))
    with pytest.raises(LockHeld):
        change(tmp_path, store)
    assert serials(store) == [1, 1]
    assert set(store.locks) == {str(ONE)}


def test_what_is_broken_off_is_finished_by_the_next_command(
    broken: Failing, tmp_path: Path
) -> None:
    assert set(broken.locks) == {str(ONE), str(TWO)}
    (tmp_path / "modules").mkdir()
    found = recover_all(estate_at(tmp_path), states_in(broken), print, threading.Event())
    assert serials(broken) == [2, 2]
    assert broken.locks == {}
    assert not (tmp_path / DIRECTORY / JOURNAL).exists()
    assert {unit for each in found for unit in each.written} <= {ONE, TWO}
    assert [set(noted.resources) for noted in changes(tmp_path)] == [set(BOTH)]
    assert finish_changes(tmp_path, states_in(broken), print, threading.Event()) == []


def test_a_command_on_one_unit_finishes_it_too(broken: Failing, tmp_path: Path) -> None:
    estate = estate_at(tmp_path)
    recover_unit(estate, estate.units[ONE], states_in(broken), print)
    assert serials(broken) == [2, 2]


def test_unlocking_it_finishes_it_first(broken: Failing, tmp_path: Path) -> None:
    estate = estate_at(tmp_path)
    recover_lock(estate, estate.units[ONE], broken.locks[str(ONE)].id, states_in(broken), print)
    assert serials(broken) == [2, 2]
    assert broken.locks == {}


def test_nothing_else_is_changed_before_that(broken: Failing, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="broken off"):
        change(tmp_path, broken)


def test_a_state_that_moved_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    store = Failing(2)
    filled(store)
    with pytest.raises(PytgError):
        change(tmp_path, store)
    store.states[str(ONE)] = json.dumps(body("one", serial=7)).encode()
    (found,) = finish_changes(tmp_path, states_in(store), print, threading.Event())
    assert found.written == ()
    assert list(found.refused) == [ONE]
    assert str(tmp_path / DIRECTORY / JOURNAL) in found.refused[ONE].hint
    assert serials(store) == [7, 2]
    assert store.locks == {}
    estate = estate_at(tmp_path)
    with pytest.raises(Refused, match=f"the state of {ONE} has moved"):
        recover_unit(estate, estate.units[ONE], states_in(store), print)
    recover_unit(estate, estate.units[TWO], states_in(store), print)


def test_nothing_is_left_where_it_goes_to_has_moved(tmp_path: Path) -> None:
    store = Failing(1)
    filled(store)
    with pytest.raises(PytgError):
        change(tmp_path, store)
    store.states[str(TWO)] = json.dumps(body("two", serial=7)).encode()
    (found,) = finish_changes(tmp_path, states_in(store), print, threading.Event())
    assert list(found.refused) == [TWO, ONE]
    assert serials(store) == [1, 7]


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b"\xff", b'{"lock_id": 1}'])
def test_a_damaged_note_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / DIRECTORY).mkdir(parents=True)
    (tmp_path / DIRECTORY / JOURNAL).write_bytes(text)
    with pytest.raises(Refused, match="cannot be understood"):
        finish_changes(tmp_path, states_in(MemoryStore()), print, threading.Event())
