"""What was recovered, as it is reported."""

from __future__ import annotations

import pytest

from pytg.errors import PytgError, Refused
from pytg.recovery.recovery import Recovery, require_recovered
from support.dead_apply import ONE, TWO


def test_resources_in_flight_are_named_by_unit_and_in_order() -> None:
    found = Recovery.of("run-1", [ONE], {TWO: ["x.b", "x.a"], ONE: ["x.c"]})
    assert found == Recovery("run-1", (ONE,), (f"{ONE} x.c", f"{TWO} x.b", f"{TWO} x.a"))
    assert found.warnings[0] == f"run run-1 may have left {ONE} x.c without a state"
    assert len(found.warnings) == 3


def test_what_is_refused_is_told_with_what_says_more() -> None:
    found = Recovery.of("run-1", [], {}, {ONE: Refused("it moved", hint="look")})
    assert found.warnings == (f"not recovered, and kept: {ONE}: it moved (`pytg recover {ONE}`)",)


def test_why_it_was_refused_is_raised_for_those_who_want_that_unit() -> None:
    errors = {ONE: Refused("it moved"), TWO: PytgError("no network")}
    found = [Recovery("run-1"), Recovery("run-2", (), (), errors)]
    require_recovered(found, [])
    for unit, error in errors.items():
        with pytest.raises(type(error)) as raised:
            require_recovered(found, {unit})
        assert raised.value is error
