"""Schedule expressions and the clock they go by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytg_sandbox.pace import Pace
from pytg_sandbox.schedules import parse

DAY = 86400


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 days)", 2 * DAY)],
)
def test_rates(expression: str, seconds: int) -> None:
    schedule = parse(expression)
    assert not schedule.due(1000, 1000 + seconds - 1)
    assert schedule.due(1000, 1000 + seconds)


@pytest.mark.parametrize(
    ("expression", "time"),
    [
        ("cron(0 10 * * ? *)", "2030-05-03T10:00:00"),
        ("cron(15/30 * * * ? *)", "2030-05-03T10:45:00"),
        ("cron(0 18 ? * MON-FRI *)", "2030-05-03T18:00:00"),
        ("cron(0 8 1 * ? *)", "2030-06-01T08:00:00"),
        ("cron(0 8 L * ? *)", "2030-02-28T08:00:00"),
        ("cron(0 8 ? * 6#3 *)", "2030-05-17T08:00:00"),
        ("cron(0 8 ? * FRIL *)", "2030-05-31T08:00:00"),
        ("cron(0 8 1W JUN ? 2030)", "2030-06-03T08:00:00"),
        ("at(2030-05-03T10:00:00)", "2030-05-03T10:00:00"),
    ],
)
def test_times(expression: str, time: str) -> None:
    schedule = parse(expression)
    assert schedule.due(at(time) - 1, at(time))
    assert not schedule.due(at(time), at(time) + 59)
    assert not schedule.due(at(time) - 61, at(time) - 1)


def test_a_time_zone() -> None:
    schedule = parse("cron(0 10 * * ? *)", "Europe/Dublin")
    assert schedule.due(at("2030-07-01T08:59:30"), at("2030-07-01T09:00:30"))


@pytest.mark.parametrize("expression", ["", "rate(x)", "cron(* * *)", "cron(a b c d e f)"])
def test_no_schedule(expression: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(expression)


def test_a_faster_clock_goes_on_from_where_it_was() -> None:
    now = [1000.0]
    pace = Pace(lambda: now[0])
    now[0] = 1010
    pace.set(60)
    now[0] = 1011
    assert pace.now() == 1070
    pace.set(1)
    now[0] = 1012
    assert pace.now() == 1071
    pace.reset()
    assert pace.now() == 1012
    with pytest.raises(ValueError, match="between 1 and 600"):
        pace.set(0.5)
