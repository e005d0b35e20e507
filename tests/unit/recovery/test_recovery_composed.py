"""What a dead composed apply left is written under its own lock, and under nobody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pytg.errors import Interrupted, LockHeld, Refused
from pytg.processes import ProcessId
from pytg.record.reader import RUNS
from pytg.record.run_events import EventLog, StateWritten
from pytg.recovery.composed import recover_composed, recover_directory
from pytg.recovery.journal import APPLYING, JOURNAL, LOCKING, STATE, WRITTEN, holding
from pytg.recovery.recovery import Recovery
from pytg.recovery.unrecorded import remembered
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import LockInfo, StateStore
from support.dead_apply import ONE, TWO, died, states_in
from support.memory_store import MemoryStore, composed
from support.process import eventually

KEY = str(ONE)  # as `estate_of` has it
OWN = LockInfo("dead-1", "pytg apply", "alice@laptop", "now")
BOB = LockInfo("bob-1", "pytg apply", "bob@desktop", "now")
ELSEWHERE = ProcessId(1, 1.0, "elsewhere")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def recovered(root: Path, store: MemoryStore, *, concerned: bool = True) -> list[Recovery]:
    return recover_composed(
        root,
        states_in(store),
        lambda _: None,
        threading.Event(),
        concerns=lambda journal: concerned and journal.run_id == "run-1",
    )


def state(serial: int) -> bytes:
    """A unit's own, with nothing in it."""
    return json.dumps(json.loads(composed()) | {"serial": serial}).encode()


def events(root: Path, *begun: str) -> None:
    """What Terraform of `run-1` wrote: it began to create `begun`."""
    directory = root / RUNS / "run-1"
    directory.mkdir(parents=True, exist_ok=True)
    hooks = [{"action": "create", "resource": {"addr": address}} for address in begun]
    lines = [json.dumps({"type": "apply_start", "hook": hook}) for hook in hooks]
    (directory / "apply.jsonl").write_text("\n".join(lines))


@pytest.mark.parametrize("holder", [OWN, None])
def test_it_is_written_and_the_lock_released(
    tmp_path: Path,
    store: MemoryStore,
    monkeypatch: pytest.MonkeyPatch,
    holder: LockInfo | None,
) -> None:
    workdir = died(tmp_path, ONE)
    if holder:
        store.lock(KEY, holder)
    repaired: list[str] = []
    monkeypatch.setattr(store, "digest_repair", repaired.append)
    (found,) = recovered(tmp_path, store)
    assert found == Recovery("run-1", (ONE,), ())
    assert repaired == [KEY]
    assert json.loads(store.states[KEY])["resources"][0]["module"] == "module.one"
    assert store.locks == {}
    assert not (workdir / JOURNAL).exists()
    assert not (workdir / STATE).exists()


def test_only_what_changed_is_written(tmp_path: Path, store: MemoryStore) -> None:
    died(tmp_path, ONE, TWO)
    recovered(tmp_path, store)
    written = dict(store.states)
    died(tmp_path, ONE, TWO, key="1")
    store.states.pop(str(TWO))
    (found,) = recovered(tmp_path, store)
    assert found.written == (TWO,)
    assert store.states[KEY] == written[KEY]


def test_without_a_whole_state_there_is_nothing_to_write(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE)
    (workdir / STATE).write_text('{"version": 4, "resou')
    store.lock(KEY, OWN)
    assert recovered(tmp_path, store) == [Recovery("run-1")]
    assert (store.states, store.locks) == ({}, {})


def test_under_the_lock_of_somebody_else_nothing_is_written(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE)
    store.lock(KEY, BOB)
    with pytest.raises(LockHeld, match=r"bob@desktop.*run run-1 left newer state") as raised:
        recovered(tmp_path, store)
    assert "it recovers the state then; " in raised.value.hint
    assert store.states == {}
    assert store.locks == {KEY: BOB}
    assert (workdir / JOURNAL).exists()


# the plan was made from serial 2, and the run may have written once more without saying so
@pytest.mark.parametrize(("serial", "moved"), [(2, False), (3, False), (4, True)])
def test_a_state_that_moved_since_is_not_overwritten(
    tmp_path: Path, store: MemoryStore, serial: int, *, moved: bool
) -> None:
    workdir = died(tmp_path, ONE, serials={KEY: 2})
    before = store.states[KEY] = state(serial)
    if not moved:
        assert recovered(tmp_path, store)[0].written == (ONE,)
        assert json.loads(store.states[KEY])["serial"] == serial + 1
        return
    with pytest.raises(Refused, match="moved since run run-1 died"):
        recovered(tmp_path, store)
    assert store.states[KEY] == before
    assert (workdir / JOURNAL).exists()


@pytest.mark.parametrize(("serial", "moved"), [(6, False), (7, True)])
def test_what_the_dead_run_wrote_itself_is_no_move(
    tmp_path: Path, store: MemoryStore, serial: int, *, moved: bool
) -> None:
    died(tmp_path, ONE, serials={KEY: 2})
    (tmp_path / RUNS / "run-1").mkdir(parents=True)
    with EventLog(tmp_path / RUNS / "run-1") as log:
        for written in (5, 3):
            log.emit(StateWritten(ONE, written))
        log.emit(StateWritten(TWO, 9))
    store.states[KEY] = state(serial)
    if moved:
        with pytest.raises(Refused, match="moved since"):
            recovered(tmp_path, store)
    else:
        assert recovered(tmp_path, store)[0].written == (ONE,)


@pytest.mark.parametrize("phase", [LOCKING, WRITTEN])
def test_a_run_that_had_not_begun_or_was_done_only_gives_its_locks_back(
    tmp_path: Path, store: MemoryStore, phase: str
) -> None:
    events(tmp_path, f"module.{ONE.slug}.terraform_data.more")
    died(tmp_path, ONE, phase=phase, events="apply.jsonl")
    store.lock(KEY, OWN)
    assert recovered(tmp_path, store) == [Recovery("run-1")]
    assert (store.states, store.locks) == ({}, {})


def test_a_run_that_only_waited_for_a_lock_leaves_that_to_its_holder(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE, phase=LOCKING)
    store.lock(KEY, BOB)
    (found,) = recovered(tmp_path, store)
    assert found.written == ()
    assert store.locks == {KEY: BOB}
    assert not (workdir / JOURNAL).exists()


def test_what_was_being_made_is_named_and_remembered(tmp_path: Path, store: MemoryStore) -> None:
    events(tmp_path, f"module.{ONE.slug}.terraform_data.more")
    died(tmp_path, ONE, events="apply.jsonl")
    (found,) = recovered(tmp_path, store)
    assert found == Recovery("run-1", (ONE,), (f"{ONE} terraform_data.more",))
    assert remembered(tmp_path) == {ONE: {"terraform_data.more": ""}}


def test_a_run_that_lives_is_left_alone(tmp_path: Path, store: MemoryStore) -> None:
    workdir = died(tmp_path, ONE, pytg=ProcessId.of(os.getpid()))
    assert recovered(tmp_path, store) == []
    assert store.states == {}
    assert (workdir / JOURNAL).exists()


def test_a_run_of_no_concern_is_left_alone_wherever_it_was(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE, pytg=ELSEWHERE)
    assert recovered(tmp_path, store, concerned=False) == []
    assert (workdir / JOURNAL).exists()


def test_a_run_on_another_machine_may_live(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(tmp_path, ONE, pytg=ELSEWHERE)
    with pytest.raises(Refused, match="host elsewhere"):
        recovered(tmp_path, store)
    monkeypatch.setenv("PYTG_TAKE_OVER", "elsewhere")
    assert recovered(tmp_path, store)


def test_in_a_directory_of_its_own_a_run_is_over_also_where_it_looks_alive(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE, pytg=ProcessId.of(os.getpid()))

    def recover() -> list[Recovery]:
        return recover_directory(
            tmp_path, workdir, states_in(store), lambda _: None, threading.Event()
        )

    assert recover() == [Recovery("run-1", (ONE,))]
    assert recover() == []


class Waiting:
    """A recovery that is under way beside the test."""

    def __init__(self, root: Path, store: MemoryStore) -> None:
        self.said: list[str] = []
        self.cancel = threading.Event()
        self.result: list[Recovery] | Exception | None = None
        self.thread = threading.Thread(target=self._run, args=(root, store))
        self.thread.start()

    def _run(self, root: Path, store: MemoryStore) -> None:
        try:
            self.result = recover_composed(root, states_in(store), self.said.append, self.cancel)
        except Interrupted as error:
            self.result = error

    def end(self) -> Any:
        self.thread.join()
        return self.result


def test_a_terraform_that_outlived_its_pytg_is_waited_for(
    tmp_path: Path, store: MemoryStore
) -> None:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as terraform:
        died(tmp_path, ONE, terraform=ProcessId.of(terraform.pid))
        waiting = Waiting(tmp_path, store)
        eventually(lambda: waiting.said)
        assert store.states == {}
        terraform.communicate(b"\n")
    assert waiting.end() == [Recovery("run-1", (ONE,))]
    assert waiting.said == [
        f"Terraform (pid {terraform.pid}) of run run-1 still works: waiting for its end"
    ]


def test_one_whose_number_was_not_noted_is_waited_for_too_until_somebody_interrupts(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE)
    with holding(workdir):
        waiting = Waiting(tmp_path, store)
        eventually(lambda: waiting.said)
        waiting.cancel.set()
        assert isinstance(waiting.end(), Interrupted)
    assert waiting.said == ["Terraform of run run-1 still works: waiting for its end"]
    assert store.states == {}
    assert recovered(tmp_path, store)


@pytest.mark.parametrize(("phase", "settled"), [(LOCKING, []), (APPLYING, [KEY]), (WRITTEN, [])])
def test_the_state_of_a_backend_is_settled_after_an_apply(
    tmp_path: Path, store: MemoryStore, phase: str, settled: list[str]
) -> None:
    """It moves into the bucket that the apply has made, or stays out of one that is gone."""
    found: list[str] = []

    class Bootstrap(BootstrapStore):
        def settle(self, key: str) -> None:
            found.append(key)

    bootstrap = Bootstrap(store, MemoryStore())

    def store_of(_unit: StateLocation) -> StateStore:
        return bootstrap

    died(tmp_path, ONE, phase=phase)
    recover_composed(tmp_path, StateReader(store_of), lambda _: None, threading.Event())
    assert found == settled
    assert bootstrap.holder(KEY) is None
