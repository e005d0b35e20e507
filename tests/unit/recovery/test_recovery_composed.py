"""What a dead run left is written under its own lock, and under nobody else's."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from pytg.compose.shape import shape_of
from pytg.errors import LockHeld, Refused
from pytg.model import Address
from pytg.processes import ProcessId
from pytg.recovery.composed import recover_composed
from pytg.recovery.journal import APPLYING, JOURNAL, LOCKING, STATE, Journal, Locked
from pytg.recovery.recovery import Recovery
from pytg.state.states import Kept, States
from pytg.state.store import LockInfo, StateStore
from support.estate_in_memory import estate_of
from support.memory_store import MemoryStore, composed

ONE = Address("acc", "us-east-1", "dev", "one")
KEY = str(ONE)  # as `estate_of` has it
OWN = LockInfo("dead-1", "pytg apply", "alice@laptop", "now")
BOB = LockInfo("bob-1", "pytg apply", "bob@desktop", "now")
DEAD = ProcessId(os.getpid(), 1.0, socket.gethostname())


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def died(root: Path, phase: str = APPLYING, process: ProcessId = DEAD) -> Path:
    """A run that died after Terraform had made the resource of ONE."""
    workdir = root / ".pytg" / "composed" / "0"
    workdir.mkdir(parents=True)
    (workdir / STATE).write_bytes(composed(ONE))
    estate = estate_of([str(ONE)])
    unit = estate.units[ONE]
    locked = (Locked.of(unit, shape_of(estate, unit)),)
    Journal("run-1", OWN.id, (str(ONE),), locked, process, phase=phase).write(workdir)
    return workdir / JOURNAL


def recovered(root: Path, store: MemoryStore, *, concerned: bool = True) -> list[Recovery]:
    def store_of(_unit: Kept) -> StateStore:
        return store

    return recover_composed(
        root,
        States(store_of),
        lambda _: None,
        threading.Event(),
        concerns=lambda journal: concerned and journal.run_id == "run-1",
    )


@pytest.mark.parametrize("holder", [OWN, None])
def test_it_is_written_and_the_lock_released(
    tmp_path: Path, store: MemoryStore, holder: LockInfo | None
) -> None:
    journal = died(tmp_path)
    if holder:
        store.lock(KEY, holder)
    (found,) = recovered(tmp_path, store)
    assert found == Recovery("run-1", (ONE,), ())
    assert json.loads(store.states[KEY])["resources"][0]["module"] == "module.one"
    assert store.locks == {}
    assert not journal.exists()


def test_under_the_lock_of_somebody_else_nothing_is_written(
    tmp_path: Path, store: MemoryStore
) -> None:
    journal = died(tmp_path)
    store.lock(KEY, BOB)
    with pytest.raises(LockHeld, match=r"bob@desktop.*run run-1 left newer state"):
        recovered(tmp_path, store)
    assert store.states == {}
    assert store.locks == {KEY: BOB}
    assert journal.exists()


def test_a_state_that_moved_since_is_not_overwritten(tmp_path: Path, store: MemoryStore) -> None:
    journal = died(tmp_path)
    newer = json.loads(composed()) | {"serial": 7}
    store.states[KEY] = json.dumps(newer).encode()
    with pytest.raises(Refused, match="moved since run run-1 died"):
        recovered(tmp_path, store)
    assert json.loads(store.states[KEY]) == newer
    assert journal.exists()


def test_a_run_that_only_waited_for_a_lock_leaves_that_to_its_holder(
    tmp_path: Path, store: MemoryStore
) -> None:
    journal = died(tmp_path, LOCKING)
    store.lock(KEY, BOB)
    (found,) = recovered(tmp_path, store)
    assert found.written == ()
    assert store.locks == {KEY: BOB}
    assert not journal.exists()


def test_a_run_that_lives_is_left_alone(tmp_path: Path, store: MemoryStore) -> None:
    journal = died(tmp_path, process=ProcessId.of(os.getpid()))
    assert recovered(tmp_path, store) == []
    assert store.states == {}
    assert journal.exists()


def test_a_run_of_no_concern_is_left_alone_wherever_it_was(
    tmp_path: Path, store: MemoryStore
) -> None:
    journal = died(tmp_path, process=ProcessId(1, 1.0, "elsewhere"))
    assert recovered(tmp_path, store, concerned=False) == []
    assert journal.exists()


def test_a_run_on_another_machine_may_live(
    tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(tmp_path, process=ProcessId(1, 1.0, "elsewhere"))
    with pytest.raises(Refused, match="host elsewhere"):
        recovered(tmp_path, store)
    monkeypatch.setenv("PYTG_TAKE_OVER", "elsewhere")
    assert recovered(tmp_path, store)
