"""Schedule expressions of EventBridge: rate(), cron() and at(). Pure.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
RATE = re.compile(r"rate\((\d+) (second|minute|hour|day)s?\)")
CRON = re.compile(r"cron\(\s*(\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\s*\)")
AT = re.compile(r"at\(([-0-9T:]+)\)")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = tuple(name.upper() for name in calendar.month_abbr[1:])
MINUTE = 60
LONGEST_GAP_MINUTES = 1440
Matches = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is due. Times are seconds since 1970."""

    every: int = 0
    once: float = 0.0
    cron: tuple[str, ...] = ()
    zone: str = "UTC"

    def due(self, last: float, now: float) -> bool:
        """Whether there is a time to fire after `last` and not after `now`.

        last: when it fired last, or when it was made.
        """
        if self.every:
            return now - last >= self.every
        if self.once:
            return last < self.once <= now
        first = int(last // MINUTE) + 1
        latest = int(now // MINUTE)
        zone = ZoneInfo(self.zone)
        return any(
            self._fires(datetime.fromtimestamp(minute * MINUTE, zone))
            for minute in range(max(first, latest - LONGEST_GAP_MINUTES), latest + 1)
        )

    def _fires(self, time: datetime) -> bool:
        minute, hour, day, month, weekday, year = self.cron
        return (
            _field(minute, 0, 59)(time.minute)
            and _field(hour, 0, 23)(time.hour)
            and _field(month, 1, 12, MONTHS, 1)(time.month)
            and _field(year, 1970, 2199)(time.year)
            and _day_of_month(day, time)
            and _day_of_week(weekday, time)
        )


def parse(expression: str, zone: str = "UTC") -> Schedule:
    """A schedule from an expression. Raises ValueError for what it is not."""
    if found := RATE.fullmatch(expression):
        return Schedule(every=int(found[1]) * SECONDS[found[2]])
    if found := AT.fullmatch(expression):
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=ZoneInfo(zone))
        return Schedule(once=moment.timestamp())
    if found := CRON.fullmatch(expression):
        schedule = Schedule(cron=found.groups(), zone=zone)
        schedule._fires(datetime.now(UTC))  # noqa: SLF001 - raises for what it cannot read
        return schedule
    raise ValueError(f"not a schedule: {expression}")


def _field(
    text: str, lowest: int, highest: int, names: tuple[str, ...] = (), first: int = 0
) -> Matches:
    allowed: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in {"*", "?"}:
            begin, end = lowest, highest
        else:
            low, _, high = span.partition("-")
            begin = _number(low, names, first)
            end = _number(high, names, first) if high else (highest if step else begin)
        allowed.update(range(begin, end + 1, int(step) if step else 1))
    return allowed.__contains__


def _number(text: str, names: tuple[str, ...], first: int) -> int:
    return names.index(text.upper()) + first if text.upper() in names else int(text)


def _day_of_month(text: str, time: datetime) -> bool:
    if text == "L":
        return (time + timedelta(days=1)).day == 1
    if text.endswith("W"):
        return time.day == _weekday_nearest(int(text[:-1]), time)
    return _field(text, 1, 31)(time.day)


def _weekday_nearest(day: int, time: datetime) -> int:
    last = calendar.monthrange(time.year, time.month)[1]
    near = (0, -1, 1, -2, 2)
    days = [day + shift for shift in near if 1 <= day + shift <= last]
    return next(found for found in days if time.replace(day=found).weekday() < calendar.SATURDAY)


def _day_of_week(text: str, time: datetime) -> bool:
    today = time.isoweekday() % 7 + 1  # Sunday is 1
    if "#" in text:
        day, _, number = text.partition("#")
        return today == _number(day, DAYS, 1) and (time.day - 1) // 7 + 1 == int(number)
    if text.endswith("L"):
        last = (time + timedelta(days=7)).month != time.month
        return last and today == _number(text[:-1] or "7", DAYS, 1)
    return _field(text, 1, 7, DAYS, 1)(today)
