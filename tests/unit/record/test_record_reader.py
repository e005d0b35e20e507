"""Reading records: old ones, damaged ones, and those of runs that died."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from record_world import NETWORK, STORAGE, create, validate

from pytg.errors import Refused
from pytg.record.reader import RUNS, load, mark_dead, running
from pytg.record.run import Changes, Result, Run, Selected, Status, Tool, UnitRecord
from support.process import in_a_child

OLD = """\
{
  "schema": "urn:pytg:run:1",
  "pytg_version": "0.1.0",
  "run_id": "20250131T120304Z-1f9c3a",
  "command": "apply-all",
  "args": ["apply-all", "--suffix", "a1"],
  "selection": {"canonical": "env:dev-a1", "units": ["sandbox/us-east-1/dev-a1/network"]},
  "terraform": {"binary": "terraform", "version": "1.11.4"},
  "mode": "composed",
  "started_at": "2025-01-31T12:03:04.567Z",
  "finished_at": "2025-01-31T12:05:00.000Z",
  "result": "failed",
  "exit_code": 1,
  "stages": [["sandbox/us-east-1/dev-a1/network"]],
  "processes": 2,
  "weather": "fine",
  "units": {
    "sandbox/us-east-1/dev-a1/network": {"status": "failed", "started_at": \
"2025-01-31T12:03:05.001Z", "finished_at": "2025-01-31T12:04:59.000Z", "reason": "it exists", \
"blocked_by": [], "attempts": 1, "changes": {"create": 1, "update": 0, "replace": 0, \
"delete": 0}, "unknown_resources": [], "mood": 3}
  }
}
"""


def test_a_record_of_another_version_is_read_where_fields_are_missing_or_new(
    tmp_path: Path,
) -> None:
    (tmp_path / "run.json").write_text(OLD)

    assert load(tmp_path) == Run(
        directory=tmp_path,
        pytg_version="0.1.0",
        run_id="20250131T120304Z-1f9c3a",
        parent_run_id=None,
        command="apply-all",
        args=("apply-all", "--suffix", "a1"),
        selection=Selected("env:dev-a1", (NETWORK,)),
        terraform=Tool("terraform", "1.11.4"),
        mode="composed",
        started_at=datetime(2025, 1, 31, 12, 3, 4, 567000, UTC),
        finished_at=datetime(2025, 1, 31, 12, 5, tzinfo=UTC),
        result=Result.FAILED,
        exit_code=1,
        stages=((NETWORK,),),
        processes=2,
        units={
            NETWORK: UnitRecord(
                Status.FAILED,
                datetime(2025, 1, 31, 12, 3, 5, 1000, UTC),
                datetime(2025, 1, 31, 12, 4, 59, tzinfo=UTC),
                "it exists",
                attempts=1,
                changes=Changes(create=1),
            )
        },
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"schema": "urn:pytg:run:1", "units": "\xff"}',
        b'{"schema": []}',
        b'{"schema": "urn:pytg:run:2"}',
        b'{"schema": "urn:pytg:run:1"}',
    ],
)
def test_something_else_is_no_record(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "run.json").write_bytes(text)
    with pytest.raises(Refused, match=r"run\.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pytg_version", None),
        ("pytg_version", ""),
        ("run_id", "x"),
        ("command", 1),
        ("args", "apply"),
        ("selection", {"canonical": "all"}),
        ("terraform", {"binary": "", "version": "1"}),
        ("mode", "sideways"),
        ("started_at", "2025-01-31"),
        ("started_at", 1738325000),
        ("result", "fine"),
        ("exit_code", 256),
        ("exit_code", "1"),
        ("stages", [["network"]]),
        ("processes", -1),
        ("processes", True),
        ("processes", 1.0),
        ("units", []),
        ("units", {"a/b/c": {}}),
        ("units", {"a/b/c/d": {"status": "asleep"}}),
        ("units", {"a/b/c/d": {"attempts": "1"}}),
        ("units", {"a/b/c/d": {"blocked_by": [None]}}),
        ("units", {"a/b/c/d": {"unknown_resources": "x"}}),
    ],
)
def test_a_field_of_another_shape_is_refused_by_its_name(
    tmp_path: Path, field: str, value: Any
) -> None:
    document = json.loads(OLD) | {field: value}
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(Refused, match=rf"run\.json: not a run record: {field}.*: [^\n]+$"):
        load(tmp_path)


@pytest.mark.parametrize("field", ["pytg_version", "run_id", "args", "result", "units"])
def test_what_every_record_has_may_not_be_missing(tmp_path: Path, field: str) -> None:
    document = json.loads(OLD)
    del document[field]
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(Refused, match=f"{field}: Field required"):
        load(tmp_path)


def test_where_a_record_lies_is_not_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(json.loads(OLD) | {"directory": "/elsewhere"}))
    assert load(tmp_path).directory == tmp_path


def test_runs_that_go_on_are_found_among_ended_and_damaged_ones(tmp_path: Path) -> None:
    create(tmp_path).finish(Result.SUCCEEDED, 0)
    record = create(tmp_path)
    for name, more in (("half", b"{"), ("bytes", b"\xff\n"), ("lost", b'  "result": "running"\n')):
        (tmp_path / RUNS / name).mkdir()
        (tmp_path / RUNS / name / "run.json").write_bytes(more)
    (tmp_path / RUNS / "20250131T120304Z-000000").mkdir()

    assert list(running(tmp_path)) == [record.run]


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
    in_a_child(die, tmp_path, mode, begun)
    [run] = map(load, (tmp_path / RUNS).glob("*/run.json"))
    assert run.result is Result.RUNNING

    dead = mark_dead(run, lambda _run: {NETWORK: ["aws_vpc.main"]})

    validate(dead.path)
    assert dead == load(dead.path) == mark_dead(dead)
    assert (dead.result, dead.exit_code, dead.finished_at) == (Result.INTERRUPTED, None, None)
    assert dead.units[NETWORK].status is network
    assert dead.units[NETWORK].unknown_resources == ("aws_vpc.main",)
    assert dead.units[STORAGE].status is storage
