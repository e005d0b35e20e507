"""Gates: lists of checks that must all hold. What was not seen, or not lately, does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

EMPTY = ("no data",)


class Rule(StrEnum):
    """How the datapoints of a check are judged."""

    AT_MOST = "at-most"
    AT_LEAST = "at-least"
    EQUAL = "equal"
    NOT_GROWING = "not-growing"


@dataclass(frozen=True, slots=True)
class Point:
    """A value and when it was measured (seconds since 1970)."""

    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Check:
    """Every point of the last `window` seconds must obey `rule`.

    There must be `points` of them, the newest not older than `max_age` seconds.
    """

    name: str
    rule: Rule
    limit: float
    window: float = 900.0
    points: int = 1
    max_age: float = 180.0


@dataclass(frozen=True, slots=True)
class Result:
    """`reasons` is empty where the check holds."""

    check: str
    reasons: tuple[str, ...]
    latest: float | None = None

    @property
    def holds(self) -> bool:
        return not self.reasons

    def as_dict(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "holds": self.holds,
            "reasons": list(self.reasons),
            "latest": self.latest,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a whole gate."""

    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """A gate without checks does not pass."""
        return bool(self.results) and all(result.holds for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "failed": [result.check for result in self.results if not result.holds],
            "results": [result.as_dict() for result in self.results],
        }


def judge(check: Check, seen: Iterable[Point] | None, now: float) -> Result:
    """Whether `check` holds at `now`."""
    points = sorted(
        (p for p in seen or () if 0 <= now - p.at <= check.window), key=lambda point: point.at
    )
    if not points:
        return Result(check.name, EMPTY)
    reasons = []
    age = now - points[-1].at
    if age > check.max_age:
        reasons.append(f"newest datapoint is {age:.0f} s old; at most {check.max_age:.0f} s")
    if len(points) < check.points:
        reasons.append(f"{len(points)} datapoints; at least {check.points}")
    reasons += _broken(check, points)
    return Result(check.name, tuple(reasons), points[-1].value)


def _broken(check: Check, points: Sequence[Point]) -> list[str]:
    values = [point.value for point in points]
    if not all(isfinite(value) for value in values):
        return ["a datapoint is no number"]
    match check.rule:
        case Rule.AT_MOST:
            worst = max(values)
            return [f"{worst:g} is more than {check.limit:g}"] if worst > check.limit else []
        case Rule.AT_LEAST:
            worst = min(values)
            return [f"{worst:g} is less than {check.limit:g}"] if worst < check.limit else []
        case Rule.EQUAL:
            wrong = [value for value in values if value != check.limit]
            return [f"{wrong[0]:g} is not {check.limit:g}"] if wrong else []
        case Rule.NOT_GROWING:
            growth = values[-1] - values[0]
            return [f"grew by {growth:g}"] if growth > check.limit else []


def evaluate(
    checks: Iterable[Check], seen: Mapping[str, Sequence[Point] | None], now: float
) -> Verdict:
    """The verdict over all checks; `seen` holds the datapoints by the check's name."""
    return Verdict(tuple(judge(check, seen.get(check.name), now) for check in checks))
