"""Runs that died without a journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytg.generate.unit import STATES, local_states
from pytg.model import Address
from pytg.record.reader import RUNS, load
from pytg.record.run import Result
from pytg.record.writer import RunRecord
from pytg.recovery.dead_runs import at_work, close_dead_runs
from pytg.recovery.unrecorded import remembered
from pytg.state.local_store import LocalStore
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import StateStore
from pytg.terraform.spawn import record_start
from support.dead_apply import states_in
from support.estate_in_memory import estate_of
from support.memory_store import MemoryStore, composed
from support.process import in_a_child

ONE = Address("acc", "us-east-1", "dev", "one")
LEFT = Address("acc", "us-east-1", "dev-pr1", "one")  # of another suffix, not in the estate
LOG = "apply.jsonl"


def created(root: Path, mode: str) -> RunRecord:
    """The record of a run of both units."""
    return RunRecord.create(
        root,
        command="apply",
        args=[],
        selection="",
        units=[ONE, LEFT],
        terraform_binary="terraform",
        terraform_version="1.11.4",
        mode=mode,
    )


def begin(root: Path) -> RunRecord:
    """A per-unit run that has begun to make a resource in each of two units."""
    record = created(root, "per-unit")
    event = {
        "type": "apply_start",
        "hook": {"action": "create", "resource": {"addr": "module.one.terraform_data.this"}},
    }
    (record.run.directory / LOG).write_text(json.dumps(event) + "\n")
    for unit in (ONE, LEFT):
        record.begin(unit)
        record.logged(unit, LOG)
    return record


def died(root: Path) -> None:
    in_a_child(begin, root)


def close(root: Path) -> list[str]:
    """What was said; the resources that were found are noted as `may have left`."""

    def store_of(_unit: StateLocation) -> StateStore:
        return MemoryStore()

    said: list[str] = []
    estate = replace(estate_of([str(ONE)]), root=root)
    found = close_dead_runs(estate, StateReader(store_of), said.append)
    return said + [f"may have left {name}" for recovery in found for name in recovery.in_flight]


def test_what_a_dead_run_had_begun_is_remembered_also_of_units_not_in_this_estate(
    tmp_path: Path,
) -> None:
    died(tmp_path)
    assert close(tmp_path) == [f"may have left {u} terraform_data.this" for u in (ONE, LEFT)]
    assert remembered(tmp_path) == {u: {"terraform_data.this": ""} for u in (ONE, LEFT)}
    [run] = map(load, (tmp_path / RUNS).glob("*/run.json"))
    assert run.result is Result.INTERRUPTED
    assert close(tmp_path) == []


def test_what_is_in_the_state_of_a_unit_whose_provisioner_was_killed_is_told_as_that(
    tmp_path: Path,
) -> None:
    died(tmp_path)
    (directory,) = (tmp_path / RUNS).glob("*/")
    resource = {"addr": "module.one.terraform_data.this"}
    planned = {"type": "planned_change", "change": {"action": "create", "resource": resource}}
    (directory / "plan.jsonl").write_text(json.dumps(planned))
    with (directory / LOG).open("a") as log:
        log.write(json.dumps({"type": "provision_start", "hook": {"resource": resource}}) + "\n")
    store = MemoryStore()
    store.states[str(ONE)] = composed(ONE).replace(ONE.slug.encode(), b"one")
    estate = replace(estate_of([str(ONE)]), root=tmp_path)
    (found,) = close_dead_runs(estate, StateReader(lambda _unit: store), lambda _text: None)
    assert found.half_made == (f"{ONE} terraform_data.this",)
    assert found.in_flight == (f"{LEFT} terraform_data.this",)


@pytest.mark.parametrize("mode", ["per-unit", "composed"])
@pytest.mark.parametrize("body", [b'{"version": 4, "seri', b"[]", b'{"resources": [{}]}', b"\xff"])
def test_a_state_that_is_damaged_holds_nothing_of_what_was_begun(
    tmp_path: Path, body: bytes, mode: str
) -> None:
    in_a_child(begin if mode == "per-unit" else begin_composed, tmp_path)
    store = MemoryStore()
    store.states[str(ONE)] = body
    estate = replace(estate_of([str(ONE)]), root=tmp_path)
    close_dead_runs(estate, states_in(store), lambda _text: None)
    assert remembered(tmp_path)[ONE] == {"terraform_data.this": ""}


@pytest.mark.parametrize(
    ("state", "before", "restored"),
    [(b"", composed(ONE), True), (b"", b"{", False), (b"{", composed(ONE), False)],
)
def test_a_state_that_terraform_had_emptied_when_it_was_killed_is_the_one_before_again(
    tmp_path: Path, state: bytes, before: bytes, *, restored: bool
) -> None:
    died(tmp_path)
    estate = replace(estate_of([str(ONE)]), root=tmp_path)
    there, beside = local_states(estate, estate.units[ONE])
    there.parent.mkdir(parents=True)
    there.write_bytes(state)
    beside.write_bytes(before)
    store = LocalStore(tmp_path / STATES)
    (found,) = close_dead_runs(estate, StateReader(lambda _unit: store), lambda _text: None)
    assert found.written == ((ONE,) if restored else ())
    assert there.read_bytes() == (before if restored else state)


def begin_composed(root: Path) -> None:
    """A composed run that has begun one of the two units that it was to create."""
    record = created(root, "composed")
    events = [
        {
            "type": "planned_change",
            "change": {
                "action": "create",
                "resource": {"addr": f"module.{unit.slug}.terraform_data.this"},
            },
        }
        for unit in (ONE, LEFT)
    ]
    (record.run.directory / "plan-1.jsonl").write_text("\n".join(map(json.dumps, events)))
    record.begin(ONE)


def test_of_a_composed_run_whose_journal_is_gone_all_that_it_was_to_create_is_remembered(
    tmp_path: Path,
) -> None:
    in_a_child(begin_composed, tmp_path)
    assert close(tmp_path) == [f"may have left {ONE} terraform_data.this"]
    assert remembered(tmp_path) == {ONE: {"terraform_data.this": ""}}
    assert close(tmp_path) == []


def test_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    record = begin(tmp_path)
    assert close(tmp_path) == []
    assert remembered(tmp_path) == {}
    record.finish(Result.SUCCEEDED, 0)


def test_a_dead_run_whose_terraform_still_works_stays_open(tmp_path: Path) -> None:
    died(tmp_path)
    [run] = map(load, (tmp_path / RUNS).glob("*/run.json"))
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE) as terraform:
        record_start(run.directory / "processes.jsonl", ["tf", "apply"], tmp_path, terraform.pid)
        [said] = close(tmp_path)
        assert f"{run.run_id} still works in {tmp_path}" in said
        assert remembered(tmp_path) == {}
        terraform.communicate(b"\n")
    assert len(close(tmp_path)) == 2


@pytest.mark.parametrize(
    "line",
    [
        b'{"argv": ["tf", "app',
        b"[]",
        b"null",
        b"\xff",
        b'{"argv": []}',
        b"{}",
        # as pytg before 0.2 wrote it, of a process that lives
        b'{"argv": ["tf", "apply"], "cwd": "/", "started": "2026-11-22T18:59:33Z", "pid": 1}',
    ],
)
def test_what_is_no_process_is_not_at_work(tmp_path: Path, line: bytes) -> None:
    run = begin(tmp_path).run
    (run.directory / "processes.jsonl").write_bytes(line)
    assert at_work(run) == []


def test_a_number_that_was_given_to_another_process_is_no_terraform(tmp_path: Path) -> None:
    run = begin(tmp_path).run
    file = run.directory / "processes.jsonl"
    record_start(file, ["tf", "apply"], tmp_path, os.getpid())
    assert at_work(run) == [tmp_path.resolve()]
    process = json.loads(file.read_text())
    file.write_text(json.dumps(process | {"started": process["started"] - 100}))
    assert at_work(run) == []


def test_what_a_state_marks_is_taken_out_of_the_log_of_a_dead_run(tmp_path: Path) -> None:
    died(tmp_path)
    run_id = (tmp_path / RUNS / "latest").read_text().strip()
    log = tmp_path / RUNS / run_id / LOG
    said = {"type": "provision_progress", "hook": {"output": "the word is hunter22"}}
    log.write_text(f"{log.read_text()}{json.dumps(said)}\n")
    store = MemoryStore()
    outputs = {"o": {"value": "hunter22", "type": "string", "sensitive": True}}
    body = json.loads(composed()) | {"outputs": outputs}
    store.states[str(ONE)] = json.dumps(body).encode()
    estate = replace(estate_of([str(ONE)]), root=tmp_path)
    close_dead_runs(estate, states_in(store), lambda _text: None)
    assert "hunter22" not in log.read_text()
    assert "the word is (sensitive value)" in log.read_text()
