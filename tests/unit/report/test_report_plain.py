from __future__ import annotations

import io
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from pytg.model import Address
from pytg.record.run import Changes, Result, Status
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
)
from pytg.report.plain import TEXTS, PlainReport, changed, seconds
from pytg.report.table import Style

STORAGE = Address("sandbox", "us-east-1", "dev-a1", "storage")
NETWORK = Address("sandbox", "us-east-1", "dev-a1", "network")
START = datetime(2025, 1, 31, 12, 3, 4, tzinfo=UTC)
EVENTS: tuple[Event, ...] = (
    RunStarted("20250131T120304Z-abcdef", "apply-all", "composed", (NETWORK, STORAGE)),
    StageStarted(1, (NETWORK, STORAGE)),
    StagePlanned(1, (NETWORK, STORAGE), Changes(create=3, delete=1)),
    UnitStarted(NETWORK, 2),
    UnitProgress(NETWORK, "aws_vpc.main", "create", 1, 3),
    StateWritten(NETWORK, 4),
    UnitFinished(NETWORK, Status.SUCCEEDED, Changes(create=3)),
    UnitStarted(STORAGE),
    Diagnosed(STORAGE, "error", "the bucket exists", "BucketAlreadyExists:\ntry x", "main.tf", 3),
    UnitFinished(STORAGE, Status.FAILED, Changes(), "the bucket exists\nmore"),
    Recovered((STORAGE,)),
    Note("a note"),
    RunFinished(Result.FAILED, 1),
)


def shown(events: tuple[Event, ...], style: Style | None = None) -> str:
    stream = io.StringIO()
    report = PlainReport(stream, style=style or Style())
    for count, event in enumerate(events):
        report(START + timedelta(seconds=count), event)
    return stream.getvalue()


def test_in_a_plan_nothing_has_succeeded_yet() -> None:
    ends = (
        RunStarted("20250131T120304Z-abcdef", "plan", "composed", (NETWORK, STORAGE)),
        StagePlanned(1, (NETWORK,), Changes(), f"outputs change in {NETWORK}"),
        UnitFinished(NETWORK, Status.SUCCEEDED, besides="outputs change"),
        UnitFinished(STORAGE, Status.SUCCEEDED, Changes(create=1)),
    )
    assert [line[9:] for line in shown(ends).splitlines()[1:]] == [
        f"stage 1 planned: outputs change in {NETWORK}",
        f"{NETWORK}  planned: outputs change",
        f"{STORAGE}  planned: 1 create",
    ]


def test_a_run_line_by_line() -> None:
    assert shown(EVENTS).splitlines() == [
        "12:03:04 run 20250131T120304Z-abcdef: apply-all, 2 units, composed",
        "12:03:05 stage 1: 2 units",
        "12:03:06 stage 1 planned: 3 create, 1 delete",
        "12:03:07 sandbox/us-east-1/dev-a1/network  starts, attempt 2",
        "12:03:08 sandbox/us-east-1/dev-a1/network  create 1/3 aws_vpc.main",
        "12:03:10 sandbox/us-east-1/dev-a1/network  succeeded after 3s: 3 create",
        "12:03:11 sandbox/us-east-1/dev-a1/storage  starts",
        "12:03:12 sandbox/us-east-1/dev-a1/storage  error: the bucket exists (main.tf:3)",
        "    BucketAlreadyExists:",
        "    try x",
        "12:03:13 sandbox/us-east-1/dev-a1/storage  failed after 2s",
        "12:03:14 recovered the state of sandbox/us-east-1/dev-a1/storage",
        "12:03:15 a note",
        "12:03:16 run failed after 12s",
    ]


def test_every_type_of_event_has_a_text() -> None:
    assert set(TEXTS) == set(get_args(Event))


def test_colour_changes_no_letter() -> None:
    coloured = shown(EVENTS, Style(colour=True))
    assert coloured != shown(EVENTS)
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == shown(EVENTS)


def test_a_skipped_unit_says_why_and_has_no_time() -> None:
    text = shown((UnitFinished(STORAGE, Status.SKIPPED, reason=f"needs {NETWORK}"),))
    assert text.endswith(f"storage  skipped: needs {NETWORK}\n")


def test_what_aws_says_does_not_steer_the_terminal() -> None:
    assert "\033" not in shown((Diagnosed(None, "error", "\033]0;x\a", "\033[2J"),))


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def test_a_silent_unit_is_said_to_run_every_fifteen_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    report = PlainReport(stream, style=Style(), clock=clock)
    report(START, EVENTS[0])
    report(START, UnitStarted(NETWORK))
    report(START, UnitStarted(STORAGE))
    for second in range(1, 41):
        clock.now = START + timedelta(seconds=second)
        if second == 10:
            report(clock.now, UnitProgress(STORAGE, "aws_s3_bucket.a", "create", 1, 2))
        if second == 20:
            report(clock.now, UnitFinished(NETWORK, Status.SUCCEEDED))
        report.tick()

    assert [line for line in stream.getvalue().splitlines() if "still" in line] == [
        "12:03:19 sandbox/us-east-1/dev-a1/network  still running after 15s",
        "12:03:29 sandbox/us-east-1/dev-a1/storage  still running after 25s",
        "12:03:44 sandbox/us-east-1/dev-a1/storage  still running after 40s",
    ]


def test_a_unit_whose_changes_are_all_made_is_not_said_to_run() -> None:
    stream, clock = io.StringIO(), Clock()
    report = PlainReport(stream, style=Style(), clock=clock)
    report(START, EVENTS[0])
    report(START, UnitStarted(NETWORK))
    report(START, UnitStarted(STORAGE))
    report(START, UnitProgress(NETWORK, "aws_vpc.a", "create", 12, 12))
    report(START, UnitProgress(STORAGE, "aws_s3_bucket.a", "create", 1, 2))
    before = stream.getvalue()
    clock.now = START + timedelta(seconds=15)
    report.tick()
    report(clock.now, UnitProgress(STORAGE, "aws_s3_bucket.b", "create", 2, 2))
    clock.now = START + timedelta(seconds=30)
    report.tick()
    report(clock.now, UnitStarted(NETWORK, 2))
    clock.now = START + timedelta(seconds=45)
    report.tick()
    assert [
        line for line in stream.getvalue().removeprefix(before).splitlines() if "still" in line
    ] == [
        "12:03:19 sandbox/us-east-1/dev-a1/storage  still running after 15s",
        "12:03:34 still running after 30s",
        "12:03:49 sandbox/us-east-1/dev-a1/network  still running after 15s",
    ]


def test_a_silent_run_in_which_no_unit_has_started_is_said_to_run() -> None:
    stream, clock = io.StringIO(), Clock()
    report = PlainReport(stream, style=Style(), clock=clock)
    report.tick()
    report(START, EVENTS[0])
    report(START + timedelta(seconds=1), UnitFinished(STORAGE, Status.UNCHANGED))
    clock.now = START + timedelta(seconds=15)
    report.tick()
    clock.now = START + timedelta(seconds=16)
    report.tick()
    report(clock.now, EVENTS[-1])
    clock.now = START + timedelta(seconds=99)
    report.tick()

    assert stream.getvalue().splitlines()[2:] == [
        "12:03:20 still running after 16s",
        "12:03:20 run failed after 16s",
    ]


def test_nothing_ticks_while_a_question_stands() -> None:
    stream, clock = io.StringIO(), Clock()
    report = PlainReport(stream, style=Style(), clock=clock)
    report(START, EVENTS[0])
    before = stream.getvalue()
    with report.asking():
        clock.now = START + timedelta(seconds=40)
        report.tick()
    report.tick()
    clock.now = START + timedelta(seconds=54)
    report.tick()
    assert stream.getvalue() == before

    clock.now = START + timedelta(seconds=55)
    report.tick()
    assert stream.getvalue().removeprefix(before) == "12:03:59 still running after 55s\n"


def test_as_a_context_it_ticks_by_itself_and_ends_its_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticked = threading.Event()
    monkeypatch.setattr(PlainReport, "tick", lambda _self: ticked.set())
    before = threading.active_count()
    with PlainReport(io.StringIO()):
        assert ticked.wait(20)
    assert threading.active_count() == before


def test_it_subscribes_to_an_event_log(tmp_path: Path) -> None:
    stream = io.StringIO()
    with EventLog(tmp_path, PlainReport(stream, style=Style())) as log:
        log.emit(Note("hello"))
    assert stream.getvalue().endswith(" hello\n")


@pytest.mark.parametrize(
    ("duration", "text"), [(0.9, "0s"), (59, "59s"), (125, "2m05s"), (3600, "1h00m")]
)
def test_durations(duration: float, text: str) -> None:
    assert seconds(START + timedelta(seconds=duration), START) == text


def test_changes_in_words() -> None:
    assert changed(Changes(1, 2, 3, 4)) == "1 create, 2 update, 3 replace, 4 delete"
    assert changed(Changes()) == "no changes"


def test_of_many_resources_one_a_second_is_named_and_the_last() -> None:
    stream = io.StringIO()
    report = PlainReport(stream, style=Style())
    report(START, EVENTS[0])
    report(START, UnitStarted(STORAGE))
    for count in range(1, 21):
        at = START + timedelta(seconds=count / 8)
        report(at, UnitProgress(STORAGE, f"aws_s3_bucket.b{count}", "create", count, 20))
    named = [line.split()[3] for line in stream.getvalue().splitlines() if " create " in line]
    assert named == ["8/20", "16/20", "20/20"]


def test_why_a_unit_failed_is_said_once() -> None:
    failed = UnitFinished(STORAGE, Status.FAILED, reason="the bucket exists")
    said = Diagnosed(STORAGE, "error", "the bucket exists", "try x", "main.tf", 3)
    assert shown((said, failed)).count("the bucket exists") == 1
    assert shown((Diagnosed(None, "error", "No"), failed)).count("the bucket exists") == 1
    again = (said, failed, UnitStarted(STORAGE, 2), failed)
    assert shown(again).count("the bucket exists") == 2
