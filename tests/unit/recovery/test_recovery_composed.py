"""What a dead composed apply left is written under its own lock, and under nobody else's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from recovery_world import BOB, ELSEWHERE, KEY, OWN, events, foreign, recovered, state

from pytg.errors import Interrupted, LockHeld, Refused
from pytg.processes import ProcessId
from pytg.record.reader import RUNS
from pytg.recovery.composed import recover_composed, recover_directory
from pytg.recovery.journal import (
    APPLYING,
    JOURNAL,
    LOCKING,
    STATE,
    STREAM,
    WRITTEN,
    holding,
)
from pytg.recovery.recovery import Recovery
from pytg.recovery.reserve import RESERVE
from pytg.recovery.unrecorded import remembered
from pytg.recovery.written import begin, note
from pytg.state.bootstrap_store import BootstrapStore
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import LockInfo, StateStore, version_of
from support.dead_apply import DEAD, ONE, TWO, died, states_in
from support.memory_store import MemoryStore, composed
from support.process import eventually


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
    (found,) = recovered(tmp_path, store)
    error = found.refused[ONE]
    assert isinstance(error, LockHeld)
    assert re.search(r"bob@desktop.*run run-1 left newer state", error.message)
    assert "it recovers the state then; " in error.hint
    assert store.states == {}
    assert store.locks == {KEY: BOB}
    assert (workdir / JOURNAL).exists()


@pytest.mark.parametrize("runs", ["gone", "damaged"])
def test_the_records_of_runs_are_not_needed(tmp_path: Path, store: MemoryStore, runs: str) -> None:
    events(tmp_path, f"module.{ONE.slug}.x.y")
    log = tmp_path / RUNS / "run-1" / "apply.jsonl"
    workdir = died(tmp_path, ONE, versions={KEY: None}, events=log.name)
    (workdir / STREAM).write_bytes(log.read_bytes())
    begin(workdir)
    note(workdir, {KEY: version_of(state(4))})
    store.states[KEY] = state(4)
    if runs == "gone":
        shutil.rmtree(tmp_path / RUNS)
    else:
        for name in ("apply.jsonl", "events.jsonl", "run.json"):
            log.with_name(name).write_bytes(b"\xff[]")
    (found,) = recovered(tmp_path, store)
    assert found == Recovery("run-1", (ONE,), (f"{ONE} x.y",))


@pytest.mark.parametrize("stream", [None, b"", b"\xff\n"])
def test_where_the_stream_is_damaged_all_that_was_to_be_created_may_exist(
    tmp_path: Path, store: MemoryStore, stream: bytes | None
) -> None:
    creates = {KEY: ("terraform_data.this", "x.y"), str(TWO): ()}
    workdir = died(tmp_path, ONE, TWO, creates=creates, terraform=DEAD)
    if stream is not None:
        (workdir / STREAM).write_bytes(stream)
    assert recovered(tmp_path, store)[0].in_flight == (f"{ONE} x.y",)


def test_a_terraform_that_was_never_started_has_made_nothing(
    tmp_path: Path, store: MemoryStore
) -> None:
    died(tmp_path, ONE, creates={KEY: ("x.y",)})
    assert recovered(tmp_path, store)[0].in_flight == ()


def test_where_no_whole_state_is_left_the_units_own_say_what_is_recorded(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE, creates={KEY: ("terraform_data.this", "x.y")}, terraform=DEAD)
    (workdir / STATE).unlink()
    foreign(store, more=False)
    assert recovered(tmp_path, store)[0].in_flight == (f"{ONE} x.y",)


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


@pytest.mark.parametrize("full", [True, False])
def test_where_the_disk_was_full_all_that_was_to_be_created_may_exist(
    tmp_path: Path, store: MemoryStore, *, full: bool
) -> None:
    workdir = died(tmp_path, ONE, creates={KEY: ("x.y", "x.z")}, terraform=DEAD)
    hook = {"action": "create", "resource": {"addr": f"module.{ONE.slug}.x.y"}}
    (workdir / STREAM).write_text(json.dumps({"type": "apply_start", "hook": hook}))
    if not full:
        (workdir / RESERVE).touch()
    names = {f"{ONE} x.y", f"{ONE} x.z"} if full else {f"{ONE} x.y"}
    assert set(recovered(tmp_path, store)[0].in_flight) == names


def test_what_a_killed_provisioner_left_in_the_state_is_told_as_that(
    tmp_path: Path, store: MemoryStore
) -> None:
    fresh = {KEY: ("terraform_data.this",)}
    workdir = died(tmp_path, ONE, creates=fresh, fresh=fresh, terraform=DEAD)
    (workdir / RESERVE).touch()
    resource = {"addr": f"module.{ONE.slug}.terraform_data.this"}
    events = [
        {"type": "apply_start", "hook": {"action": "create", "resource": resource}},
        {"type": "provision_start", "hook": {"resource": resource}},
    ]
    (workdir / STREAM).write_text("\n".join(map(json.dumps, events)))
    (found,) = recovered(tmp_path, store)
    assert (found.in_flight, found.half_made) == ((), (f"{ONE} terraform_data.this",))
    assert "its provisioner was cut off" in found.warnings[0]
    assert remembered(tmp_path) == {}


@pytest.mark.parametrize("of", [STATE, KEY])
def test_no_secret_goes_with_the_log_into_the_record(
    tmp_path: Path, store: MemoryStore, of: str
) -> None:
    """Of the state that was left, and of the one that was stored before."""
    workdir = died(tmp_path, ONE, events="apply.jsonl")
    said = {"type": "provision_progress", "hook": {"output": "the word is hunter22"}}
    (workdir / STREAM).write_text(json.dumps(said))
    (tmp_path / RUNS / "run-1").mkdir(parents=True)
    outputs = {"o": {"value": "hunter22", "type": "string", "sensitive": True}}
    body = json.dumps(json.loads(composed(ONE)) | {"outputs": outputs}).encode()
    if of == STATE:
        (workdir / STATE).write_bytes(body)
    else:
        store.states[KEY] = body
    recovered(tmp_path, store)
    kept = (tmp_path / RUNS / "run-1" / "apply.jsonl").read_text()
    assert "the word is (sensitive value)" in kept
    assert "hunter22" not in kept
