"""What was recovered, as it is reported."""

from __future__ import annotations

from pytg.recovery.recovery import Recovery
from support.dead_apply import ONE, TWO


def test_resources_in_flight_are_named_by_unit_and_in_order() -> None:
    found = Recovery.of("run-1", [ONE], {TWO: ["x.b", "x.a"], ONE: ["x.c"]})
    assert found == Recovery("run-1", (ONE,), (f"{ONE} x.c", f"{TWO} x.b", f"{TWO} x.a"))
    assert found.warnings[0] == f"run run-1 may have left {ONE} x.c without a state"
    assert len(found.warnings) == 3
