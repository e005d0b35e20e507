"""Writing a record: whole at any time, stamped, locked while the run goes on."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from record_world import NETWORK, START, STORAGE, create, validate

from pytg.files import write_atomic
from pytg.model import Address
from pytg.record.reader import load
from pytg.record.run import Changes, Check, Finding, Outcome, Result, Status
from pytg.record.writer import redacted
from support.process import eventually


def test_a_record_is_on_disk_with_all_units_pending_before_anything_runs(tmp_path: Path) -> None:
    run = create(tmp_path).run

    document = validate(run.path)
    assert run.path == tmp_path / ".pytg" / "runs" / run.run_id / "run.json"
    assert run.run_id.startswith("20250131T120304Z-")
    assert stat.S_IMODE(run.directory.stat().st_mode) == 0o700
    assert (tmp_path / ".pytg/runs/latest").read_text().strip() == run.run_id
    assert document["result"] == "running"
    assert document["selection"] == {
        "canonical": "env:dev-a1",
        "units": [str(NETWORK), str(STORAGE)],
    }
    assert {u["status"] for u in document["units"].values()} == {"pending"}


def test_a_unit_is_stamped_when_it_starts_and_ends(tmp_path: Path) -> None:
    record = create(tmp_path)

    record.begin(NETWORK)
    record.end({NETWORK: Outcome(Status.SUCCEEDED)})
    record.end({STORAGE: Outcome(Status.SKIPPED, blocked_by=(NETWORK,))})
    record.logged(NETWORK, "logs/network.log")
    record.planned({NETWORK: Changes(create=3)})

    units = validate(record.run.path)["units"]
    assert units[str(NETWORK)] == {
        "status": "succeeded",
        "started_at": "2025-01-31T12:03:05.000Z",
        "finished_at": "2025-01-31T12:03:06.000Z",
        "reason": "",
        "blocked_by": [],
        "attempts": 1,
        "changes": {"create": 3, "update": 0, "replace": 0, "delete": 0},
        "besides": "",
        "made": 0,
        "unknown_resources": [],
        "log": "logs/network.log",
        "diagnostics": [],
        "checks": [],
    }
    assert units[str(STORAGE)]["started_at"] is units[str(STORAGE)]["finished_at"] is None


def test_another_attempt_counts_and_keeps_the_first_start(tmp_path: Path) -> None:
    record = create(tmp_path)
    for status in (Status.FAILED, Status.SUCCEEDED):
        record.begin(NETWORK)
        record.end({NETWORK: Outcome(status)})

    unit = record.run.units[NETWORK]
    assert (unit.attempts, unit.started_at) == (2, START + timedelta(seconds=1))
    assert unit.finished_at == START + timedelta(seconds=4)


def test_what_is_loaded_is_what_was_written(tmp_path: Path) -> None:
    record = create(tmp_path, parent_run_id="20250130T000000Z-abcdef")
    record.update_run(stages=[[STORAGE, NETWORK]], processes=2)
    unknown = Outcome(Status.UNKNOWN, unknown_resources=("aws_s3_bucket.a",))
    record.end({STORAGE: unknown})
    finished = record.finish(Result.FAILED, 1, "it is why")

    validate(finished.path)
    assert load(finished.path) == load(finished.directory) == finished
    assert finished.stages == ((NETWORK, STORAGE),)


def test_nothing_is_open_after_finish(tmp_path: Path) -> None:
    record = create(tmp_path)
    record.begin(NETWORK)

    units = record.finish(Result.INTERRUPTED, 130).units

    assert units[NETWORK].status is Status.UNKNOWN
    assert units[STORAGE].status is Status.CANCELLED


def test_the_directory_is_locked_until_the_run_is_finished(tmp_path: Path) -> None:
    record = create(tmp_path)
    directory = os.open(record.run.directory, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(directory, fcntl.LOCK_SH | fcntl.LOCK_NB)
        record.finish(Result.SUCCEEDED, 0)
        fcntl.flock(directory, fcntl.LOCK_SH | fcntl.LOCK_NB)
    finally:
        os.close(directory)


def test_readers_always_see_a_whole_record_while_threads_write(tmp_path: Path) -> None:
    units = [Address("a", "r", "e", f"m{n}") for n in range(20)]
    record = create(tmp_path, units=units)

    def work(unit: Address) -> None:
        record.begin(unit)
        record.end({unit: Outcome(Status.SUCCEEDED)})

    threads = [threading.Thread(target=work, args=(unit,)) for unit in units]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(load(record.run.path).units) == len(units)
    assert {u.status for u in load(record.run.path).units.values()} == {Status.SUCCEEDED}
    assert [p.name for p in record.run.directory.iterdir()] == ["run.json"]


def test_a_write_that_fails_leaves_the_last_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = create(tmp_path)
    before = record.run

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        record.begin(NETWORK)

    assert load(before.path) == record.run == before
    assert [p.name for p in before.directory.iterdir()] == ["run.json"]


def test_changes_that_come_many_at_a_time_are_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = [Address("a", "r", "e", f"m{n}") for n in range(20)]
    record = create(tmp_path, units=units)
    writes: list[Path] = []

    def counted(path: Path, *rest: Any, **more: Any) -> None:
        writes.append(path)
        write_atomic(path, *rest, **more)

    monkeypatch.setattr("pytg.record.reader.write_atomic", counted)
    monkeypatch.setattr("pytg.record.writer.SOON_S", 3600.0)
    for unit in units:
        record.begin(unit, soon=True)
    assert len(writes) == 1  # the first at once
    assert load(record.run.path).units[units[0]].status is Status.RUNNING
    assert load(record.run.path).units[units[1]].status is Status.PENDING
    assert record.run.units[units[19]].status is Status.RUNNING
    record.end(dict.fromkeys(units, Outcome(Status.SUCCEEDED)))
    assert len(writes) == 2
    assert validate(record.run.path)["units"][str(units[19])]["attempts"] == 1


def test_what_may_come_late_comes_all_the_same(tmp_path: Path) -> None:
    record = create(tmp_path)
    for unit in (NETWORK, STORAGE):
        record.begin(unit, soon=True)
    eventually(lambda: load(record.run.path).units[STORAGE].status is Status.RUNNING)


def test_no_secret_of_the_command_line_is_recorded(tmp_path: Path) -> None:
    args = ["plan", "tag:secret_key=hunter2==", "--password=hunter2", "--suffix=a1"]
    run = create(tmp_path, args=args).run

    assert run.args == ("plan", "tag:secret_key=***", "--password=***", "--suffix=a1")
    assert "hunter2" not in run.path.read_text()


def test_plain_arguments_stay_as_they_are() -> None:
    args = ("apply-all", "--select", "+module:secrets", "--exclude=module:tokens")
    assert redacted(args) == args


def test_another_attempt_does_not_keep_what_the_last_one_said(tmp_path: Path) -> None:
    record = create(tmp_path)
    record.begin(NETWORK)
    record.end({NETWORK: Outcome(Status.UNKNOWN, "killed", (STORAGE,), ("aws_vpc.main",))})
    record.begin(NETWORK)
    record.end({NETWORK: Outcome(Status.SUCCEEDED)})

    unit = load(record.run.path).units[NETWORK]
    assert (unit.reason, unit.blocked_by, unit.unknown_resources) == ("", (), ())


def test_a_unit_that_is_not_in_the_run_is_an_error(tmp_path: Path) -> None:
    record = create(tmp_path, units=[STORAGE])
    before = record.run
    with pytest.raises(KeyError):
        record.begin(NETWORK)
    with pytest.raises(KeyError):
        record.end({STORAGE: Outcome(Status.SUCCEEDED), NETWORK: Outcome(Status.SUCCEEDED)})
    with pytest.raises(KeyError):
        record.planned({NETWORK: Changes(create=1)})
    with pytest.raises(KeyError):
        record.logged(NETWORK, "logs/network.log")

    assert record.run == load(before.path) == before


def test_what_was_said_is_kept_and_checks_are_those_of_now(tmp_path: Path) -> None:
    record = create(tmp_path)
    old, new = Finding("warning", "Old", "so", "config.yaml", 3), Finding("error", "No")
    record.found({NETWORK: [old]})
    record.found({NETWORK: [new], None: [new]})
    record.found({None: []})
    record.checked({NETWORK: [Check("check.c", "unknown")], STORAGE: []})
    record.checked({NETWORK: [Check("check.c", "fail", "too late")]})

    document = validate(record.run.path)
    place = {"file": None, "line": None}
    unit = document["units"][str(NETWORK)]
    assert [said["summary"] for said in unit["diagnostics"]] == ["Old", "No"]
    assert unit["checks"] == [{"address": "check.c", "status": "fail", "message": "too late"}]
    assert document["diagnostics"] == [
        {"severity": "error", "summary": "No", "detail": "", **place}
    ]
    assert load(record.run.path) == record.run
