"""The door: everything that dead runs left, what concerns one unit, what holds one lock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytg.errors import Refused
from pytg.generate.unit import unit_directory
from pytg.processes import ProcessId
from pytg.record.run_events import Event, EventLog, Note, Recovered
from pytg.record.writer import RunRecord
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import APPLYING, JOURNAL, LOCKING, WRITTEN
from pytg.recovery.recover import (
    Recovery,
    Use,
    recover_all,
    recover_directory,
    recover_lock,
    recover_unit,
    refuse_unfinished,
    report,
)
from pytg.recovery.unpushed_state import ERRORED_STATE
from pytg.recovery.written import begin
from pytg.terraform.spawn import record_start
from support.dead_apply import ONE, TWO, died, estate_at, states_in
from support.memory_store import MemoryStore, composed

LIVING = ProcessId.of(os.getpid())
# a run in a process of its own, which dies with it
PER_UNIT = """
import json, sys
from pathlib import Path
from pytg.model import Address
from pytg.record.writer import RunRecord
unit = Address("acc", "us-east-1", "dev", "two")
record = RunRecord.create(Path(sys.argv[1]), command="apply", args=[], selection="", units=[unit],
    terraform_binary="terraform", terraform_version="1.11.4", mode="per-unit")
hook = {"action": "create", "resource": {"addr": "module.two.x.y"}}
(record.run.directory / "log").write_text(json.dumps({"type": "apply_start", "hook": hook}))
record.begin(unit)
record.logged(unit, "log")
"""


def journals(root: Path) -> list[Path]:
    return sorted((root / COMPOSED).glob(f"*/{JOURNAL}"))


def test_everything_is_recovered_by_run_and_what_names_no_run_comes_last(
    tmp_path: Path, store: MemoryStore
) -> None:
    subprocess.run([sys.executable, "-c", PER_UNIT, tmp_path], check=True)
    died(tmp_path, ONE)
    estate = estate_at(tmp_path)
    directory = unit_directory(estate, estate.units[TWO])
    directory.mkdir(parents=True)
    (directory / ERRORED_STATE).write_bytes(composed(TWO))
    found = recover_all(estate, states_in(store), lambda _: None, threading.Event())
    run_id = (tmp_path / ".pytg" / "runs" / "latest").read_text().strip()
    assert found == [
        Recovery("run-1", (ONE,)),
        Recovery(run_id, (), (f"{TWO} x.y",)),
        Recovery(None, (TWO,)),
    ]
    assert set(store.states) == {str(ONE), str(TWO)}
    assert recover_all(estate, states_in(store), lambda _: None, threading.Event()) == []


def test_for_one_unit_only_what_concerns_it(tmp_path: Path, store: MemoryStore) -> None:
    died(tmp_path, ONE, key="0")
    other = died(tmp_path, TWO, key="1", run_id="run-2") / JOURNAL
    estate = estate_at(tmp_path)
    found = recover_unit(estate, estate.units[ONE], states_in(store), lambda _: None)
    assert found == [Recovery("run-1", (ONE,))]
    assert journals(tmp_path) == [other]


def moved(root: Path, store: MemoryStore) -> None:
    """A run died that left both units, and somebody else wrote the state of ONE since."""
    begin(died(root, ONE, TWO, versions={str(ONE): None, str(TWO): None}))
    store.states[str(ONE)] = composed()


def test_what_is_selected_has_to_be_recovered_and_the_rest_is_all_the_same(
    tmp_path: Path, store: MemoryStore
) -> None:
    moved(tmp_path, store)
    estate, cancel = estate_at(tmp_path), threading.Event()
    given = (estate, states_in(store), lambda _: None, cancel)
    with pytest.raises(Refused, match=f"the state of {ONE} moved"):
        recover_all(*given, selected=[ONE, TWO])
    assert str(TWO) in store.states
    (found,) = recover_all(*given, selected=[TWO])
    assert list(found.refused) == [ONE]
    (found,) = recover_all(*given, use={ONE: Use.LEFT})
    assert found.written == (ONE,)
    assert recover_all(*given) == []


def test_a_command_on_that_unit_is_refused_and_on_another_one_is_not(
    tmp_path: Path, store: MemoryStore
) -> None:
    moved(tmp_path, store)
    estate = estate_at(tmp_path)
    with pytest.raises(Refused, match=f"the state of {ONE} moved"):
        recover_unit(estate, estate.units[ONE], states_in(store), lambda _: None)
    assert recover_unit(estate, estate.units[TWO], states_in(store), lambda _: None) == []
    with pytest.raises(Refused, match=f"the state of {ONE} moved"):
        unlock(tmp_path, store)


def unlock(root: Path, store: MemoryStore, lock_id: str = "dead-1") -> list[Recovery]:
    estate = estate_at(root)
    return recover_lock(estate, estate.units[ONE], lock_id, states_in(store), lambda _: None)


def test_only_the_run_that_holds_the_lock_is_recovered(tmp_path: Path, store: MemoryStore) -> None:
    died(tmp_path, ONE, key="0", lock_id="other", pytg=LIVING)
    died(tmp_path, ONE, key="1")
    assert unlock(tmp_path, store) == [Recovery("run-1", (ONE,))]
    assert [path.parent.name for path in journals(tmp_path)] == ["0"]


def test_the_lock_of_a_run_that_lives_stays(tmp_path: Path, store: MemoryStore) -> None:
    died(tmp_path, ONE, pytg=LIVING)
    with pytest.raises(Refused, match=rf"run run-1 \(pid {os.getpid()}\) still works"):
        unlock(tmp_path, store)
    assert unlock(tmp_path, store, "another lock") == []
    assert len(journals(tmp_path)) == 1


def test_so_does_that_of_a_terraform_that_works_on_the_unit(
    tmp_path: Path, store: MemoryStore
) -> None:
    estate = estate_at(tmp_path)
    record = RunRecord.create(
        tmp_path,
        command="apply",
        args=[],
        selection="",
        units=[ONE, TWO],
        terraform_binary="terraform",
        terraform_version="1.11.4",
        mode="per-unit",
    )
    started = record.run.directory / "processes.jsonl"
    record_start(started, ["tf", "apply"], unit_directory(estate, estate.units[TWO]), os.getpid())
    assert unlock(tmp_path, store) == []
    record_start(started, ["tf", "apply"], unit_directory(estate, estate.units[ONE]), os.getpid())
    with pytest.raises(Refused, match=f"{record.run.run_id} still works on {ONE}"):
        unlock(tmp_path, store)


def test_in_its_own_directory_a_stage_finds_what_died_there_late(
    tmp_path: Path, store: MemoryStore
) -> None:
    workdir = died(tmp_path, ONE, pytg=LIVING)
    died(tmp_path, TWO, key="1")
    given = (tmp_path, workdir, states_in(store), lambda _: None, threading.Event())
    assert recover_directory(*given) == [Recovery("run-1", (ONE,))]
    assert len(journals(tmp_path)) == 1


def test_units_of_an_unfinished_apply_are_refused(tmp_path: Path) -> None:
    workdir = died(tmp_path, ONE)
    with pytest.raises(Refused, match="run run-1 of the same units died"):
        refuse_unfinished(tmp_path, [TWO, ONE], workdir=tmp_path)
    refuse_unfinished(tmp_path, [TWO], workdir=tmp_path)
    refuse_unfinished(tmp_path, [ONE], workdir=workdir)


@pytest.mark.parametrize(
    ("phase", "refused"), [(LOCKING, False), (APPLYING, True), (WRITTEN, False)]
)
def test_an_apply_that_left_no_state_is_not_in_the_way(
    tmp_path: Path, phase: str, *, refused: bool
) -> None:
    died(tmp_path, ONE, key="0", phase=phase)
    died(tmp_path, ONE, key="1", phase=APPLYING, run_id="run-2")
    with pytest.raises(Refused, match="run run-1" if refused else "run run-2"):
        refuse_unfinished(tmp_path, [ONE], workdir=tmp_path)


def test_what_was_recovered_is_reported_in_the_log_of_the_run(tmp_path: Path) -> None:
    seen: list[Event] = []
    found = [Recovery("run-1", (ONE,), (f"{TWO} x.y",)), Recovery("run-2"), Recovery(None, (TWO,))]
    with EventLog(tmp_path, lambda _at, event: seen.append(event)) as log:
        report(log, found)
    warning = f"run run-1 may have left {TWO} x.y without a state"
    assert seen == [Recovered((ONE,)), Note(warning), Recovered((TWO,))]
