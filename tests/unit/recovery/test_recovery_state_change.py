"""States that pytg itself writes are written all, also where it dies in between; none is lost."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytg.compose.state_merge import empty_state
from pytg.errors import LockHeld, PytgError, Refused
from pytg.model import Address
from pytg.record.state_changes import changes
from pytg.recovery.finish_change import finish_changes
from pytg.recovery.journal import COPY, JOURNAL
from pytg.recovery.one_unit import Use
from pytg.recovery.recover import recover_all, recover_lock, recover_unit
from pytg.recovery.recovery import Recovery
from pytg.recovery.state_change import DIRECTORY, StatePlace, change_states
from pytg.recovery.unrecorded import remembered
from pytg.state.backups import backups
from pytg.state.state_store import LockInfo
from support.dead_apply import ONE, TWO, estate_at, states_in
from support.estate_in_memory import estate_of
from support.memory_store import MemoryStore, composed

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


def change(root: Path, store: MemoryStore) -> dict[Address, Path]:
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
    kept = change(tmp_path, store)
    assert list(kept) == [TWO, ONE]
    assert [json.loads(file.read_bytes())["serial"] for file in kept.values()] == [1, 1]
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


def moved(root: Path, at: int, unit: Address) -> MemoryStore:
    """A change failed at its write number `at`, and the state of `unit` moved since."""
    store = Failing(at)
    filled(store)
    with pytest.raises(PytgError):
        change(root, store)
    store.states[str(unit)] = json.dumps(body(unit.module, serial=7)).encode()
    return store


def finish(root: Path, store: MemoryStore, use: dict[Address, Use] | None = None) -> Recovery:
    estate = estate_at(root)
    (found,) = finish_changes(
        root,
        states_in(store),
        print,
        threading.Event(),
        units=estate.units.values(),
        use=use,
    )
    return found


def test_a_state_that_moved_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    store = moved(tmp_path, 2, ONE)
    found = finish(tmp_path, store)
    assert found.written == ()
    assert list(found.refused) == [ONE]
    assert f"`pytg recover {ONE} --use left`" in found.refused[ONE].hint
    assert serials(store) == [7, 2]
    assert store.locks == {}
    estate = estate_at(tmp_path)
    with pytest.raises(Refused, match=f"the state of {ONE} has moved"):
        recover_unit(estate, estate.units[ONE], states_in(store), print)
    recover_unit(estate, estate.units[TWO], states_in(store), print)
    store.states[str(TWO)] = json.dumps(body("two", serial=3)).encode()  # its own next apply
    assert list(finish(tmp_path, store).refused) == [ONE]


def test_nothing_is_left_where_it_goes_to_has_moved(tmp_path: Path) -> None:
    store = moved(tmp_path, 1, TWO)
    assert list(finish(tmp_path, store).refused) == [TWO, ONE]
    assert serials(store) == [1, 7]


def test_a_person_lets_the_change_go_on(tmp_path: Path) -> None:
    store = moved(tmp_path, 1, TWO)
    store.states[str(TWO)] = composed(TWO)
    found = finish(tmp_path, store, {TWO: Use.LEFT})
    assert found == Recovery(None, (TWO, ONE))
    assert json.loads(store.states[str(TWO)])["resources"] == []
    assert serials(store) == [2, 2]  # after serial 1, which is kept
    assert composed(TWO) in [kept.read() for kept in backups(tmp_path, TWO)]
    assert not any((tmp_path / DIRECTORY).glob("*.json"))


def test_a_person_gives_it_up_from_there_on(tmp_path: Path) -> None:
    store = moved(tmp_path, 1, TWO)
    assert finish(tmp_path, store, {TWO: Use.STORED}) == Recovery(None)
    assert serials(store) == [1, 7]
    assert [json.loads(kept.read())["serial"] for kept in backups(tmp_path, TWO)] == [1, 2]
    assert store.locks == {}
    assert not any((tmp_path / DIRECTORY).glob("*.json"))


@pytest.mark.parametrize("elsewhere", [True, False])
def test_what_only_the_given_up_state_holds_is_remembered(
    tmp_path: Path, *, elsewhere: bool
) -> None:
    store = Failing(1)
    filled(store)
    goes = json.loads(composed(TWO))
    goes["resources"][0]["module"] = "module.two"
    estate = estate_at(tmp_path)
    with pytest.raises(PytgError):
        change_states(
            tmp_path,
            [StatePlace.of(unit) for unit in estate.units.values()],
            states_in(store),
            lambda _held: [(TWO, {**goes, "serial": 2})],
            operation="test",
            say=print,
            timeout_s=0,
        )
    if elsewhere:
        store.states[str(ONE)] = composed(TWO)
    store.states[str(TWO)] = json.dumps(body("two", serial=7)).encode()
    finish(tmp_path, store, {TWO: Use.STORED})
    assert remembered(tmp_path) == ({} if elsewhere else {TWO: {"terraform_data.this": "two"}})


def test_a_lock_of_somebody_else_stops_its_own_unit_and_no_other(tmp_path: Path) -> None:
    store = Failing(2)
    filled(store)
    with pytest.raises(PytgError):
        change(tmp_path, store)
    store.locks[str(ONE)] = LockInfo.new("someone", "theirs")
    estate, states = estate_at(tmp_path), states_in(store)
    assert recover_lock(estate, estate.units[ONE], "theirs", states, print) == []
    found = finish(tmp_path, store)
    assert list(found.refused) == [ONE]
    assert isinstance(found.refused[ONE], LockHeld)
    assert set(store.locks) == {str(ONE)}
    recover_unit(estate, estate.units[TWO], states, print)
    with pytest.raises(LockHeld):
        recover_unit(estate, estate.units[ONE], states, print)
    del store.locks[str(ONE)]
    assert finish(tmp_path, store) == Recovery(None, (ONE,))


def test_a_unit_that_is_not_concerned_waits_for_nobody(tmp_path: Path) -> None:
    three = Address("acc", "us-east-1", "dev", "three")
    estate = estate_of([str(ONE), str(TWO), str(three)])
    store = Failing(1)
    filled(store)
    with pytest.raises(PytgError):
        change(tmp_path, store)
    estate = replace(estate, root=tmp_path)
    assert recover_unit(estate, estate.units[three], states_in(store), print) == []
    assert serials(store) == [1, 1]


def test_a_write_that_fails_once_more_keeps_its_locks(tmp_path: Path) -> None:
    store = Failing(1)
    filled(store)
    with pytest.raises(PytgError):
        change(tmp_path, store)
    store.at = 2
    assert list(finish(tmp_path, store).refused) == [TWO, ONE]
    assert set(store.locks) == {str(ONE), str(TWO)}
    assert finish(tmp_path, store) == Recovery(None, (TWO, ONE))
    assert store.locks == {}


def test_a_lock_that_cannot_be_left_is_left_by_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Failing(1)
    filled(store)
    with pytest.raises(PytgError):
        change(tmp_path, store)

    def gone(_key: str, _lock_id: str) -> None:
        raise PytgError("the network is gone")

    with monkeypatch.context() as patch:
        patch.setattr(store, "unlock", gone)
        found = finish(tmp_path, store)
    assert (found.written, list(found.refused)) == ((TWO, ONE), [ONE, TWO])
    assert finish(tmp_path, store) == Recovery(None)
    assert store.locks == {}


def test_one_note_that_is_damaged_leaves_its_copy(tmp_path: Path) -> None:
    for name in (JOURNAL, COPY):
        store = Failing(1)
        filled(store)
        with pytest.raises(PytgError):
            change(tmp_path, store)
        (tmp_path / DIRECTORY / name).write_bytes(b"{")
        assert finish(tmp_path, store).written == (TWO, ONE)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b"\xff", b'{"lock_id": 1}'])
def test_a_damaged_note_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / DIRECTORY).mkdir(parents=True)
    for name in (JOURNAL, COPY):
        (tmp_path / DIRECTORY / name).write_bytes(text)
    found = finish(tmp_path, MemoryStore())
    assert list(found.refused) == [ONE, TWO]
    assert "cannot be understood" in found.refused[ONE].message
    estate = estate_at(tmp_path)
    assert recover_lock(estate, estate.units[ONE], "x", states_in(MemoryStore()), print) == []


def test_a_damaged_note_stops_the_units_that_it_names(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).mkdir(parents=True)
    (tmp_path / DIRECTORY / JOURNAL).write_text(f'{{"key": "{ONE}", "writes"')
    assert list(finish(tmp_path, MemoryStore()).refused) == [ONE]
