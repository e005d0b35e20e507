"""The past runs of a project: old, damaged and dead ones too, and what each left."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from record_world import NETWORK, START, STORAGE, create

from pytg.errors import Refused, UsageError
from pytg.record.reader import RUNS
from pytg.record.run import Asked, Outcome, Result, Run, Status
from pytg.record.runs import kind, left, past_runs
from pytg.record.writer import RunRecord

TWO = (NETWORK, STORAGE)


def ended(root: Path, minute: int, *statuses: Status, command: str = "apply") -> Run:
    """A run that began in that minute, in which network and storage ended so."""
    record = create(
        root, command=command, clock=lambda: START + timedelta(minutes=minute), units=TWO
    )
    record.end(dict(zip(TWO, map(Outcome, statuses), strict=True)))
    return record.finish(Result.FAILED, 1)


def test_runs_come_in_the_order_of_their_start(tmp_path: Path) -> None:
    made = [ended(tmp_path, minute, Status.FAILED, Status.SKIPPED) for minute in (3, 1, 2)]
    listed = past_runs(tmp_path)
    assert [run.run_id for run in listed.runs] == sorted(run.run_id for run in made)
    assert listed.find("latest") == made[0]
    assert listed.find(made[1].run_id) == made[1]


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"null", b"[]", b"{}", b'{"schema": "urn:pytg:run:9"}', b'"a"', b"["]
)
def test_a_damaged_record_is_named_and_hides_no_other(tmp_path: Path, content: bytes) -> None:
    run = ended(tmp_path, 0, Status.FAILED, Status.SKIPPED)
    broken = tmp_path / RUNS / "20240131T000000Z-abcdef"
    broken.mkdir()
    (broken / "run.json").write_bytes(content)
    (tmp_path / RUNS / "20240131T000000Z-000000").mkdir()
    listed = past_runs(tmp_path)
    assert listed.runs == (run,)
    assert [one.run_id for one in listed.damaged] == ["20240131T000000Z-000000", broken.name]
    assert str(broken) in listed.damaged[1].reason
    with pytest.raises(Refused, match="20240131"):
        listed.find(broken.name)
    with pytest.raises(UsageError, match="several") as raised:
        listed.find("2024")
    assert broken.name in raised.value.hint


def test_a_name_of_no_run_is_wrong_usage(tmp_path: Path) -> None:
    for text in ("latest", "x", ""):
        with pytest.raises(UsageError, match="no run"):
            past_runs(tmp_path).find(text)


def test_a_dead_run_stands_as_it_will_be_closed_and_one_that_lives_goes_on(tmp_path: Path) -> None:
    record = create(tmp_path, units=TWO)
    record.begin(NETWORK)
    assert past_runs(tmp_path).runs[0].result is Result.RUNNING
    before = record.run.path.read_bytes()
    os.close(record._lock or 0)
    record._lock = None
    run = past_runs(tmp_path).runs[0]
    assert run.result is Result.INTERRUPTED
    assert {unit.status for unit in run.units.values()} == {Status.UNKNOWN}
    assert record.run.path.read_bytes() == before


def test_left_is_what_no_later_run_of_the_kind_has_done(tmp_path: Path) -> None:
    first = ended(tmp_path, 0, Status.FAILED, Status.SKIPPED)
    plan = ended(tmp_path, 1, Status.SUCCEEDED, Status.SUCCEEDED, command="plan")
    assert set(left(first, [first, plan])) == {NETWORK, STORAGE}
    again = ended(tmp_path, 2, Status.SUCCEEDED, Status.CANCELLED, command="apply-all")
    assert set(left(first, [first, plan, again])) == {STORAGE}
    assert set(left(again, [first, plan, again])) == {STORAGE}
    last = ended(tmp_path, 3, Status.UNCHANGED, Status.UNCHANGED)
    assert not left(first, [first, plan, again, last])
    assert [kind(run) for run in past_runs(tmp_path).changing] == ["apply", "apply", "apply"]


def test_what_was_asked_is_in_the_record(tmp_path: Path) -> None:
    asked = Asked("a1", {"per_unit": True, "parallelism": 3, "allow_loss": ("a:b",)})
    record: RunRecord = create(tmp_path, asked=asked)
    record.update_run(serials={NETWORK: 7})
    run = record.finish(Result.SUCCEEDED, 0)
    found = past_runs(tmp_path).runs[0]
    assert (found.asked, found.serials) == (asked, {NETWORK: 7})
    assert found == run
