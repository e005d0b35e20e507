"""Where a state moved since the plan of a dead apply, nothing is overwritten unasked."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from recovery_world import KEY, OWN, events, foreign, recovered, state

from pytg.errors import PytgError, Refused
from pytg.model import Address
from pytg.recovery.composed import recover_composed
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import (
    JOURNAL,
    STATE,
    Journal,
    pending,
)
from pytg.recovery.one_unit import Use
from pytg.recovery.recovery import Recovery, require_recovered
from pytg.recovery.unrecorded import remembered
from pytg.recovery.written import NOTES, begin, note
from pytg.state.backups import backups
from pytg.state.state_store import version_of
from support.dead_apply import ONE, TWO, died, states_in
from support.memory_store import MemoryStore


def refusal(root: Path, store: MemoryStore) -> str:
    """Nothing is written, no lock stays, and what was left is still there; what is said."""
    before = dict(store.states)
    (found,) = recovered(root, store)
    assert (found.written, list(found.refused)) == ((), [ONE])
    assert (store.states, store.locks) == (before, {})
    with pytest.raises(Refused, match="moved since run run-1 died"):
        require_recovered([found], [ONE])
    require_recovered([found], [TWO])
    assert (root / COMPOSED / "0" / JOURNAL).exists()
    assert (root / COMPOSED / "0" / STATE).exists()
    return found.refused[ONE].hint


def test_what_the_plan_was_made_from_is_overwritten_and_kept(
    tmp_path: Path, store: MemoryStore
) -> None:
    before = store.states[KEY] = state(2)
    begin(died(tmp_path, ONE, versions={KEY: version_of(before)}))
    assert recovered(tmp_path, store)[0].written == (ONE,)
    assert json.loads(store.states[KEY])["serial"] == 3
    (backup,) = backups(tmp_path, ONE)
    assert (backup.read(), backup.why) == (before, "recovery")


@pytest.mark.parametrize("serial", [2, 3])
def test_a_state_that_moved_since_is_not_overwritten_whatever_its_serial(
    tmp_path: Path, store: MemoryStore, serial: int
) -> None:
    store.states[KEY] = state(serial)
    begin(died(tmp_path, ONE, versions={KEY: version_of(state(2) + b" ")}))
    hint = refusal(tmp_path, store)
    assert f"pytg recover {ONE} --use left" in hint
    refusal(tmp_path, store)  # again, as often as it is tried
    assert backups(tmp_path, ONE) == []


@pytest.mark.parametrize("of", [ONE, TWO])
def test_what_the_dead_run_wrote_itself_is_no_move(
    tmp_path: Path, store: MemoryStore, of: Address
) -> None:
    store.states[KEY] = state(7)
    workdir = died(tmp_path, ONE, versions={KEY: None})
    begin(workdir)
    for body in (state(6), state(7), state(8)):
        note(workdir, {str(of): version_of(body)})
    if of == ONE:
        assert recovered(tmp_path, store)[0].written == (ONE,)
    else:
        refusal(tmp_path, store)


@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("damage", ["gone", "bad", "old"])
def test_where_it_is_not_known_what_the_run_wrote_nothing_may_be_lost(
    tmp_path: Path, store: MemoryStore, damage: str, *, more: bool
) -> None:
    versions = {} if damage == "old" else {KEY: None}
    workdir = died(tmp_path, ONE, versions=versions)
    if damage != "gone":
        (workdir / NOTES).write_text("[]\n" if damage == "bad" else "")
    foreign(store, more=more)
    if more:
        refusal(tmp_path, store)
    else:
        assert recovered(tmp_path, store)[0].written == (ONE,)


def test_one_that_is_refused_holds_no_other(tmp_path: Path, store: MemoryStore) -> None:
    events(tmp_path, f"module.{TWO.slug}.x.y")
    workdir = died(tmp_path, ONE, TWO, versions={KEY: None, str(TWO): None}, events="apply.jsonl")
    begin(workdir)
    store.states[KEY] = state(3)
    for key in (KEY, str(TWO)):
        store.lock(key, OWN)
    (found,) = recovered(tmp_path, store)
    assert (found.written, list(found.refused)) == ((TWO,), [ONE])
    assert store.locks == {}
    assert Journal.read(workdir).writes == {ONE}
    assert remembered(tmp_path) == {TWO: {"x.y": ""}}
    (again,) = recovered(tmp_path, store)  # what was written is no longer its concern
    assert (again.written, list(again.refused), again.in_flight) == ((), [ONE], ())


def test_where_the_backend_does_not_answer_the_unit_is_kept_too(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(tmp_path, ONE)
    error = PytgError("no network")

    def fails(_key: str, _body: bytes) -> str:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", fails)
        (found,) = recovered(tmp_path, store)
    assert found.refused == {ONE: error}
    assert store.locks[KEY].id == "dead-1"  # it may have been written half way
    assert recovered(tmp_path, store)[0].written == (ONE,)
    assert store.locks == {}


@pytest.mark.parametrize("use", Use)
def test_a_person_says_which_one_holds_and_the_other_one_is_kept(
    tmp_path: Path, store: MemoryStore, use: Use
) -> None:
    workdir = died(tmp_path, ONE, versions={KEY: None})
    begin(workdir)
    before = store.states[KEY] = state(9)
    (found,) = recover_composed(
        tmp_path, states_in(store), lambda _: None, threading.Event(), use={ONE: use}
    )
    assert found == Recovery("run-1", (ONE,) if use is Use.LEFT else ())
    assert store.locks == {}
    assert not pending(workdir)
    (backup,) = backups(tmp_path, ONE)
    if use is Use.LEFT:
        assert json.loads(store.states[KEY])["serial"] == 10
        assert backup.read() == before
        assert remembered(tmp_path) == {}
    else:
        assert store.states[KEY] == before
        assert json.loads(backup.read())["resources"][0]["module"] == "module.one"
        assert backup.why == "left-by-a-dead-run"
        assert remembered(tmp_path) == {ONE: {"terraform_data.this": "one"}}
