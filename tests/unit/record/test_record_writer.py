from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import re
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytg.errors import Refused
from pytg.files import write_atomic
from pytg.model import Address
from pytg.record.reader import RUNS, load, mark_dead
from pytg.record.run import Changes, Outcome, Result, Status
from pytg.record.schema import SCHEMAS, run_schema
from pytg.record.writer import RunRecord, redacted
from support.process import eventually

NETWORK = Address("sandbox", "us-east-1", "dev-a1", "network")
STORAGE = Address("sandbox", "us-east-1", "dev-a1", "storage")
START = datetime(2025, 1, 31, 12, 3, 4, tzinfo=UTC)


def ticking() -> Any:
    times: Iterator[datetime] = (START + timedelta(seconds=n) for n in range(100000))
    return lambda: next(times)


def create(root: Path, **given: Any) -> RunRecord:
    values: dict[str, Any] = {
        "command": "apply-all",
        "args": ["apply-all", "--suffix", "a1"],
        "selection": "env:dev-a1",
        "units": [STORAGE, NETWORK],
        "terraform_binary": "terraform",
        "terraform_version": "1.11.4",
        "mode": "composed",
        "clock": ticking(),
    }
    return RunRecord.create(root, **{**values, **given})


def validate(path: Path) -> dict[str, Any]:
    schema = run_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document: dict[str, Any] = json.loads(path.read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


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
        "unknown_resources": [],
        "log": "logs/network.log",
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
    finished = record.finish(Result.FAILED, 1)

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


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"schema": "urn:pytg:run:2"}',
        b'{"schema": "urn:pytg:run:1"}',
    ],
)
def test_something_else_is_no_record(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "run.json").write_bytes(text)
    with pytest.raises(Refused, match=r"run\.json"):
        load(tmp_path)


def test_a_run_that_goes_on_is_not_marked_dead(tmp_path: Path) -> None:
    record = create(tmp_path)
    record.begin(NETWORK)

    assert mark_dead(load(record.run.path)) == record.run


def test_a_run_that_ended_is_not_marked_dead(tmp_path: Path) -> None:
    ended = create(tmp_path).finish(Result.SUCCEEDED, 0)
    assert mark_dead(ended) == ended


def die(root: Path, mode: str, begun: str) -> None:
    record = create(root, mode=mode)
    if begun == "unit":
        record.begin(NETWORK)
    if begun == "process":
        record.update_run(processes=1)


@pytest.mark.parametrize(
    ("mode", "begun", "network", "storage"),
    [
        ("composed", "", Status.CANCELLED, Status.CANCELLED),
        ("composed", "unit", Status.UNKNOWN, Status.UNKNOWN),
        ("composed", "process", Status.UNKNOWN, Status.UNKNOWN),
        ("per-unit", "unit", Status.UNKNOWN, Status.CANCELLED),
    ],
)
def test_the_units_of_a_dead_run(
    tmp_path: Path, mode: str, begun: str, network: Status, storage: Status
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=die, args=(tmp_path, mode, begun))
    process.start()
    process.join()
    [run] = map(load, (tmp_path / RUNS).glob("*/run.json"))
    assert run.result is Result.RUNNING

    dead = mark_dead(run, lambda _run: {NETWORK: ["aws_vpc.main"]})

    validate(dead.path)
    assert dead == load(dead.path) == mark_dead(dead)
    assert (dead.result, dead.exit_code, dead.finished_at) == (Result.INTERRUPTED, None, None)
    assert dead.units[NETWORK].status is network
    assert dead.units[NETWORK].unknown_resources == ("aws_vpc.main",)
    assert dead.units[STORAGE].status is storage


def test_no_secret_of_the_command_line_is_recorded(tmp_path: Path) -> None:
    args = ["tf", "-var", "db=hunter2", "-var=x=hunter2", "-backend-config=secret_key=hunter2=="]
    run = create(tmp_path, args=[*args, "--password=hunter2", "--suffix=a1", "-var-file=x"]).run

    assert run.args[2:] == (
        "db=***",
        "-var=x=***",
        "-backend-config=secret_key=***",
        "--password=***",
        "--suffix=a1",
        "-var-file=x",
    )
    assert "hunter2" not in run.path.read_text()


def test_plain_arguments_stay_as_they_are() -> None:
    args = ("apply-all", "--select", "+module:secrets", "--exclude=module:tokens")
    assert redacted(args) == args


def names(schema: Any) -> set[str]:
    """Every name of a property, and every word that a field is limited to."""
    if isinstance(schema, list):
        return set().union(*map(names, schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", {})) | set(schema.get("enum", []))
    found |= {schema["const"]} if "const" in schema else set()
    return found.union(*map(names, schema.values()))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_field_is_explained_in_the_reference(name: str) -> None:
    text = (Path(__file__).parents[3] / "docs/reference/record.md").read_text()
    explained = set(re.findall(r"`([^`\n]+)`", text))
    described = names(SCHEMAS[name]())

    assert len(described) > 20
    assert described <= explained
