from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytg.model import Address
from pytg.record.run import Changes, Result, Status
from pytg.record.run_events import (
    TYPES,
    Diagnostic,
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
from pytg.record.schema import event_schema

UNIT = Address("sandbox", "us-east-1", "dev-a1", "storage")
NOW = datetime(2025, 1, 31, 12, 3, 4, 567000, tzinfo=UTC)
EVERY: tuple[Event, ...] = (
    RunStarted("20250131T120304Z-abcdef", "apply-all", "composed", (UNIT,)),
    StageStarted(1, (UNIT,)),
    StagePlanned(1, (UNIT,), Changes(create=3, delete=1)),
    UnitStarted(UNIT, 2),
    UnitProgress(UNIT, "aws_s3_bucket.documents", "create", 1, 3),
    UnitFinished(UNIT, Status.FAILED, Changes(create=1), "bucket exists"),
    Diagnostic(UNIT, "error", "bucket exists", "it does", "main.tf", 3),
    Diagnostic(None, "warning", "deprecated"),
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
    assert {type(event) for event in EVERY} == set(TYPES.values())


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
    schema = event_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with log_of(tmp_path) as log:
        for event in EVERY:
            log.emit(event)

    for line in lines(tmp_path):
        validator.validate(line)
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**line, "more": 1})
    assert {ref["$ref"] for ref in schema["oneOf"]} == {f"#/$defs/{name}" for name in TYPES}


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
