"""Alarms of CloudWatch: what a state follows from. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
MISSING = {"breaching": True, "notBreaching": False}
TOKEN = re.compile(r'\s*(\(|\)|"[^"]*"|[^\s()"]+)')
STATES = {"ALARM": ALARM, "OK": OK, "INSUFFICIENT_DATA": UNKNOWN}


def state_of(
    points: Sequence[float | None],
    compare: Callable[[float], bool],
    needed: int,
    missing: str,
    before: str,
) -> str:
    """The state after an evaluation.

    points: one a period, None where there is no data.
    needed: how many of them must breach (datapoints to alarm).
    missing: breaching, notBreaching, ignore or missing.
    before: the state until now.
    """
    known = [compare(point) for point in points if point is not None]
    if not known and missing == "ignore":
        return before
    if not known and missing not in MISSING:
        return UNKNOWN
    absent = len(points) - len(known)
    breaching = sum(known) + (absent if missing == "breaching" else 0)
    return ALARM if breaching >= needed else OK


def statistic_of(values: Sequence[float], statistic: str) -> float | None:
    """A statistic (Average, Maximum, Minimum, Sum, SampleCount, p99) of a period's values."""
    if not values:
        return None
    if statistic.lower().startswith("p"):
        ordered = sorted(values)
        rank = float(statistic[1:]) / 100 * (len(ordered) - 1)
        return ordered[round(rank)]
    functions: Mapping[str, Callable[[Sequence[float]], float]] = {
        "Average": lambda found: sum(found) / len(found),
        "Maximum": max,
        "Minimum": min,
        "Sum": sum,
        "SampleCount": len,
    }
    return functions[statistic](values)


def composite(rule: str, state: Callable[[str], str | None]) -> bool:
    """Whether a composite alarm's rule holds.

    state: of another alarm, by name or ARN; None when there is none, which is in no state.
    Raises ValueError for what is not a rule.
    """
    tokens = TOKEN.findall(rule)
    if "".join(tokens) != re.sub(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', "", rule):
        raise ValueError(f"not a rule: {rule}")
    parser = _Rule(tokens, state)
    value = parser.any_of()
    if parser.left:
        raise ValueError(f"not a rule from {parser.left[0]!r} on: {rule}")
    return value


class _Rule:
    def __init__(self, tokens: list[str], state: Callable[[str], str | None]) -> None:
        self.left = tokens
        self._state = state

    def any_of(self) -> bool:
        value = self._all_of()
        while self._accept("OR"):
            other = self._all_of()
            value = value or other
        return value

    def _all_of(self) -> bool:
        value = self._one()
        while self._accept("AND"):
            other = self._one()
            value = value and other
        return value

    def _one(self) -> bool:
        if self._accept("NOT"):
            return not self._one()
        if self._accept("("):
            value = self.any_of()
            self._expect(")")
            return value
        word = self._next()
        if word in {"TRUE", "FALSE"}:
            return word == "TRUE"
        if word not in STATES:
            raise ValueError(f"not a part of a rule: {word!r}")
        self._expect("(")
        name = self._next().strip('"')
        self._expect(")")
        return self._state(name) == STATES[word]

    def _next(self) -> str:
        if not self.left:
            raise ValueError("the rule ends too early")
        return self.left.pop(0)

    def _accept(self, word: str) -> bool:
        if self.left and self.left[0] == word:
            del self.left[0]
            return True
        return False

    def _expect(self, word: str) -> None:
        if self._next() != word:
            raise ValueError(f"the rule lacks {word!r}")
