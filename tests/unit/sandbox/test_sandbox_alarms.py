"""States of alarms, rules of composite ones, and metric math."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg_sandbox.alarms import ALARM, OK, UNKNOWN, composite, state_of, statistic_of
from pytg_sandbox.metric_math import evaluate

N = None


@pytest.mark.parametrize(
    ("points", "needed", "missing", "state"),
    [
        ([5.0, 5.0, 5.0], 3, "missing", ALARM),
        ([5.0, 1.0, 5.0], 3, "missing", OK),
        ([5.0, 1.0, 5.0], 2, "missing", ALARM),
        ([N, N, N], 2, "missing", UNKNOWN),
        ([N, N, N], 2, "ignore", "before"),
        ([N, N, N], 2, "breaching", ALARM),
        ([N, N, N], 2, "notBreaching", OK),
        ([5.0, N, N], 2, "breaching", ALARM),
        ([5.0, N, N], 2, "notBreaching", OK),
        ([5.0, N, N], 1, "ignore", ALARM),
        ([1.0, N, N], 1, "ignore", OK),
    ],
)
def test_states(points: list[float | None], needed: int, missing: str, state: str) -> None:
    assert state_of(points, lambda value: value > 2, needed, missing, "before") == state


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("Average", 2), ("Sum", 6), ("Minimum", 1), ("Maximum", 3), ("SampleCount", 3), ("p99", 3)],
)
def test_statistics(statistic: str, value: float) -> None:
    assert statistic_of([1, 2, 3], statistic) == value
    assert statistic_of([], statistic) is None


STATES = {"on": ALARM, "off": OK, "arn:aws:cloudwatch:r:1:alarm:a b": UNKNOWN}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(on)", True),
        ('ALARM("off")', False),
        ("ALARM(off) OR ALARM(on)", True),
        ("ALARM(on) AND NOT OK(on)", True),
        ("NOT (ALARM(on) OR ALARM(off))", False),
        ('INSUFFICIENT_DATA("arn:aws:cloudwatch:r:1:alarm:a b")', True),
        ("FALSE OR TRUE AND FALSE", False),
        ("ALARM(nobody)", False),
        ("NOT ALARM(nobody)", True),
    ],
)
def test_rules(rule: str, *, holds: bool) -> None:
    assert composite(rule, STATES.get) is holds


@pytest.mark.parametrize("rule", ["", "ALARM", "ALARM(", "ALARM(a) ALARM(b)", "NOISE(a)", "(TRUE"])
def test_no_rules(rule: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        composite(rule, STATES.get)


@given(st.text())
def test_any_text_is_a_rule_or_refused(rule: str) -> None:
    try:
        composite(rule, STATES.get)
    except ValueError:
        return


SERIES = {"a": [1.0, N], "b": [2.0, 4.0]}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a + b * 2", [5, N]),
        ("100 * (a / b)", [50, N]),
        ("FILL(a, 0) - b", [-1, -4]),
        ("SUM([a, b])", [3, 4]),
        ("MAX(METRICS())", [2, 4]),
        ("IF(b > 3, 1, 0)", [0, 1]),
        ("b / 0", [N, N]),
    ],
)
def test_metric_math(expression: str, values: list[float | None]) -> None:
    assert evaluate(expression, SERIES, 2) == values


@pytest.mark.parametrize("expression", ["", "x", "__import__('os')", "a.b", "ANOMALY(a)", "'t'"])
def test_what_is_not_evaluated(expression: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        evaluate(expression, SERIES, 2)
