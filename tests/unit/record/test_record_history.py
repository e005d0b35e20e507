"""What past runs come to is the same whether it was kept or is read anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.model import Address
from pytg.record import history
from pytg.record.history import KEPT, last_applied, last_made
from pytg.record.reader import RUNS
from pytg.record.run import Changes, Outcome, Result, Status
from pytg.record.state_changes import FILE, changes, note
from pytg.record.writer import RunRecord

ONE, TWO = Address("a", "r", "e", "one"), Address("a", "r", "e", "two")
START = datetime(2025, 1, 1, tzinfo=UTC)


def begin(root: Path, minute: int, command: str) -> RunRecord:
    return RunRecord.create(
        root,
        command=command,
        args=(),
        selection="",
        units=[ONE, TWO],
        terraform_binary="terraform",
        terraform_version="1.11.4",
        mode="composed",
        clock=lambda: START + timedelta(minutes=minute),
    )


def end(record: RunRecord, status: Status, created: int) -> None:
    record.planned({ONE: Changes(create=created, delete=1), TWO: Changes(create=1)})
    record.end({ONE: Outcome(status), TWO: Outcome(Status.SUCCEEDED)})
    record.finish(Result.SUCCEEDED, 0)


def found(root: Path) -> tuple[object, object]:
    return last_applied(root), last_made(root)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["apply", "apply-all", "destroy", "plan", "open", "close", "mv", "prune"]),
        st.sampled_from([Status.SUCCEEDED, Status.UNCHANGED, Status.FAILED, Status.UNKNOWN]),
        st.integers(0, 3),
    ),
    max_size=12,
)


@given(STEPS)
def test_what_was_kept_is_what_reading_all_gives(steps: list[tuple[str, Status, int]]) -> None:
    with TemporaryDirectory() as name:
        root, opened = Path(name), list[RunRecord]()
        for minute, (what, status, number) in enumerate(steps):
            if what == "mv":
                note(root, "pytg state mv", {ONE: number}, START + timedelta(minutes=minute))
            elif what == "prune":
                for directory in sorted((root / RUNS).glob("*/"))[:1]:
                    shutil.rmtree(directory)
                opened = [each for each in opened if each.run.path.exists()]
            elif what == "close":
                if opened:
                    end(opened.pop(0), status, number)
            else:
                record = begin(root, minute, "apply" if what == "open" else what)
                if what == "open":
                    opened.append(record)
                else:
                    end(record, status, number)
            kept = found(root)
            (root / KEPT).unlink(missing_ok=True)
            assert found(root) == kept


def test_closed_records_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute in range(3):
        end(begin(tmp_path, minute, "apply"), Status.SUCCEEDED, 2)
    opened = begin(tmp_path, 3, "apply")
    read = list[str]()
    given_to: Callable[[history._Event], history._Read] = history._read
    monkeypatch.setattr(
        history, "_read", lambda event: (read.append(event.order), given_to(event))[1]
    )
    before = found(tmp_path)
    assert read == [*sorted(set(read)), opened.run.run_id]
    read.clear()
    assert found(tmp_path) == before
    assert set(read) == {opened.run.run_id}


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"format": 2}', b'{"made": {"a": 1}}'])
def test_what_is_kept_and_damaged_is_made_anew(tmp_path: Path, body: bytes) -> None:
    end(begin(tmp_path, 0, "apply"), Status.SUCCEEDED, 3)
    before = found(tmp_path)
    whole = (tmp_path / KEPT).read_bytes()
    (tmp_path / KEPT).write_bytes(body)
    assert found(tmp_path) == before
    assert (tmp_path / KEPT).read_bytes() == whole


def test_a_line_that_a_full_disk_cut_short_is_passed_over(tmp_path: Path) -> None:
    note(tmp_path, "pytg state mv", {ONE: 1}, START)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"at": "2025')
    note(tmp_path, "pytg state restore", {TWO: 0}, START)
    assert [change.operation for change in changes(tmp_path)] == [
        "pytg state mv",
        "pytg state restore",
    ]
