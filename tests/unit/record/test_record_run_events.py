from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_world import (
    ADDRESSES,
    CHANGES,
    COUNTS,
    MOMENTS,
    RUN_IDS,
    SCHEMAS,
    SEVERAL,
    TEXT,
)

from pytg.errors import Refused
from pytg.model import Address
from pytg.record.run import OPEN, Changes, Result, Status
from pytg.record.run_events import (
    Diagnosed,
    Event,
    EventLog,
    Note,
    Recovered,
    RunFinished,
    RunStarted,
    StagePlanned,
    StageStarted,
    StateWritten,
    UnitFinished,
    UnitProgress,
    UnitStarted,
    read,
)

UNIT = Address("sandbox", "us-east-1", "dev-a1", "storage")
NOW = datetime(2025, 1, 31, 12, 3, 4, 567000, tzinfo=UTC)
EVERY: tuple[Event, ...] = (
    RunStarted("20250131T120304Z-abcdef", "apply-all", "composed", (UNIT,)),
    StageStarted(1, (UNIT,)),
    StagePlanned(1, (UNIT,), Changes(create=3, delete=1)),
    UnitStarted(UNIT, 2),
    UnitProgress(UNIT, "aws_s3_bucket.documents", "create", 1, 3),
    UnitFinished(UNIT, Status.FAILED, Changes(create=1), "bucket exists"),
    Diagnosed(UNIT, "error", "bucket exists", "it does", "main.tf", 3),
    Diagnosed(None, "warning", "deprecated"),
    StateWritten(UNIT, 7),
    Recovered((UNIT,)),
    Note("two\nlines and ünicode"),
    RunFinished(Result.FAILED, 1),
)


def log_of(directory: Path, *subscribers: Any) -> EventLog:
    return EventLog(directory, *subscribers, clock=lambda: NOW)


def lines(directory: Path) -> list[Any]:
    return [json.loads(line) for line in (directory / "events.jsonl").read_text().splitlines()]


def test_every_type_of_event_is_in_this_file() -> None:
    assert {type(event) for event in EVERY} == set(get_args(Event))


def test_events_are_one_line_each_and_come_back_as_they_were(tmp_path: Path) -> None:
    with log_of(tmp_path) as log:
        for event in EVERY:
            log.emit(event)

    assert list(read(tmp_path / "events.jsonl")) == [(NOW, event) for event in EVERY]
    assert lines(tmp_path)[3] == {
        "at": "2025-01-31T12:03:04.567Z",
        "type": "unit_started",
        "unit": "sandbox/us-east-1/dev-a1/storage",
        "attempt": 2,
    }


def test_lines_match_the_schema(tmp_path: Path) -> None:
    with log_of(tmp_path) as log:
        for event in EVERY:
            log.emit(event)

    for line in lines(tmp_path):
        SCHEMAS["event"].validate(line)
        assert not SCHEMAS["event"].is_valid({**line, "more": 1})
        for field in line:
            assert not SCHEMAS["event"].is_valid({k: v for k, v in line.items() if k != field})


def test_a_line_is_on_disk_when_subscribers_see_the_event(tmp_path: Path) -> None:
    seen: list[tuple[int, Event]] = []
    log = log_of(tmp_path, lambda _at, event: seen.append((len(lines(tmp_path)), event)))
    for event in EVERY[:3]:
        log.emit(event)
    log.close()

    assert seen == [(1, EVERY[0]), (2, EVERY[1]), (3, EVERY[2])]


def test_a_display_that_fails_is_off_and_the_others_go_on(tmp_path: Path) -> None:
    calls: list[Event] = []
    seen: list[Event] = []

    def broken(_at: datetime, event: Event) -> None:
        calls.append(event)
        raise BrokenPipeError

    with log_of(tmp_path, broken, lambda _at, event: seen.append(event)) as log:
        log.emit(EVERY[0])
        log.emit(EVERY[1])

    off = Note("a display failed and is off: BrokenPipeError()")
    assert calls == [EVERY[0]]
    assert seen == [EVERY[0], off, EVERY[1]]
    assert [line["type"] for line in lines(tmp_path)] == ["run_started", "note", "stage_started"]


def test_threads_do_not_mix_their_lines_and_displays_see_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    seen: list[Event] = []
    log = log_of(tmp_path, lambda _at, event: seen.append(event))
    together = threading.Barrier(8)

    def work(name: int) -> None:
        together.wait(10)
        for count in range(50):
            log.emit(Note(f"{name} {count} " + "x" * 5000))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    assert [event for _, event in read(tmp_path / "events.jsonl")] == seen
    assert len(seen) == 400


NUMBERS = st.integers(1, 2**40)
EVENTS = st.one_of(
    st.builds(RunStarted, RUN_IDS, TEXT, st.sampled_from(("composed", "per-unit")), SEVERAL),
    st.builds(StageStarted, NUMBERS, SEVERAL),
    st.builds(StagePlanned, NUMBERS, SEVERAL, CHANGES),
    st.builds(UnitStarted, ADDRESSES, NUMBERS),
    st.builds(UnitProgress, ADDRESSES, TEXT, TEXT, COUNTS, COUNTS),
    st.builds(
        UnitFinished, ADDRESSES, st.sampled_from(sorted(set(Status) - {*OPEN})), CHANGES, TEXT
    ),
    st.builds(
        Diagnosed,
        st.none() | ADDRESSES,
        st.sampled_from(("error", "warning")),
        TEXT,
        TEXT,
        st.none() | TEXT,
        st.none() | NUMBERS,
    ),
    st.builds(StateWritten, ADDRESSES, COUNTS),
    st.builds(Recovered, SEVERAL),
    st.builds(Note, TEXT),
    st.builds(
        RunFinished, st.sampled_from(sorted(set(Result) - {Result.RUNNING})), st.integers(0, 255)
    ),
)


@given(st.lists(st.tuples(MOMENTS, EVENTS), max_size=4))
def test_events_come_back_from_their_lines_as_they_were(told: list[tuple[datetime, Event]]) -> None:
    times = iter([at for at, _ in told])
    with tempfile.TemporaryDirectory() as directory:
        with EventLog(Path(directory), clock=lambda: next(times)) as log:
            for _, event in told:
                log.emit(event)
        assert list(read(Path(directory) / "events.jsonl")) == told
        for line in lines(Path(directory)):
            SCHEMAS["event"].validate(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"\0\0\0",
        b'{"at": "2025-01-31T12:03:04.567Z"}',
        b'{"at": "2025-01-31T12:03:04.567Z", "type": "lock_wait"}',
        b'{"at": "2025-01-31T12:03:04.567Z", "type": []}',
        b'{"at": "2025-01-31T12:03:04.567Z", "type": "note"}',
        b'{"at": "2025-01-31T12:03:04.567Z", "type": "note", "text": 1}',
        b'{"at": "yesterday", "type": "note", "text": ""}',
        b'{"type": "note", "text": ""}',
        b'{"at": "2025-01-31T12:03:04.567Z", "type": "state_written", "unit": "a", "serial": 1}',
        (
            b'{"at": "2025-01-31T12:03:04.567Z", "type": "run_finished", "result": "running", '
            b'"exit_code": 0}'
        ),
    ],
)
def test_a_line_that_is_no_event_is_refused_by_its_place(tmp_path: Path, line: bytes) -> None:
    with log_of(tmp_path) as log:
        log.emit(EVERY[0])
    path = tmp_path / "events.jsonl"
    path.write_bytes(path.read_bytes() + line + b"\n")

    events = read(path)
    assert next(events) == (NOW, EVERY[0])
    with pytest.raises(Refused, match=r"events\.jsonl:2: not an event"):
        next(events)


def test_a_field_that_is_new_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"at": "2025-01-31T12:03:04.567Z", "type": "note", "text": "a", "b": 1}\n')
    assert list(read(path)) == [(NOW, Note("a"))]


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    with log_of(tmp_path) as log:
        log.emit(EVERY[0])
        log.emit(EVERY[1])
    path = tmp_path / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-5])

    assert [event for _, event in read(path)] == [EVERY[0]]


def test_a_closed_log_takes_no_more(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.close()
    with pytest.raises(ValueError, match="closed"):
        log.emit(EVERY[0])


def test_on_a_full_disk_a_line_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from pytg.record.run_events import EventLog, Note\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "log = EventLog(Path(sys.argv[1]))\n"
        "log.emit(Note('first'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 1000))\n"
        "try:\n"
        "    log.emit(Note('second'))\n"
        "except OSError:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "    log.emit(Note('third'))\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)
    notes = [event for _, event in read(tmp_path / "events.jsonl")]
    assert notes == [Note("first"), Note("third")]
