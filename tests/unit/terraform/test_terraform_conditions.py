"""The results of conditions, in the forms of a plan and of a state."""

from __future__ import annotations

from typing import Any

import pytest

from pytg.terraform.conditions import Condition, of_plan, of_state

MODULE = "module.a"


def in_plan(kind: str, name: str, status: str, *problems: str) -> dict[str, Any]:
    """As Terraform 1.11 writes it, with the problems in the last of two instances."""
    to_display = f"{MODULE}.{name}"
    instances = [
        {"address": {"to_display": f"{to_display}[0]"}, "status": "pass"},
        {
            "address": {"to_display": f"{to_display}[1]"},
            "status": status,
            "problems": [{"message": text} for text in problems],
        },
    ]
    address = {"kind": kind, "module": MODULE, "to_display": to_display}
    return {"address": address, "status": status, "instances": instances}


def in_state(kind: str, name: str, status: str, *problems: str) -> dict[str, Any]:
    address = f"{MODULE}.{name}"
    objects = [
        {"object_addr": f"{address}[0]", "status": "pass"},
        {"object_addr": f"{address}[1]", "status": status, "failure_messages": [*problems]},
    ]
    return {"object_kind": kind, "config_addr": address, "status": status, "objects": objects}


GIVEN = [("check", "check.c", "fail", "one", "two"), ("resource", "x.y", "unknown")]


def test_a_plan_and_a_state_say_the_same() -> None:
    expected = (
        Condition("check", "module.a.check.c", "fail", ("one", "two")),
        Condition("resource", "module.a.x.y", "unknown"),
    )
    assert of_plan({"checks": [in_plan(*given) for given in GIVEN]}) == expected
    assert of_state({"check_results": [in_state(*given) for given in GIVEN]}) == expected


@pytest.mark.parametrize("nothing", [{}, {"checks": None, "check_results": None}])
def test_without_conditions_there_are_no_results(nothing: dict[str, Any]) -> None:
    assert of_plan(nothing) == of_state(nothing) == ()


def test_what_was_never_expanded_has_no_instances() -> None:
    address = {"kind": "check", "to_display": "check.c"}
    assert of_plan({"checks": [{"address": address, "status": "unknown"}]}) == (
        Condition("check", "check.c", "unknown"),
    )
    result = {"object_kind": "check", "config_addr": "check.c", "status": "error", "objects": None}
    assert of_state({"check_results": [result]}) == (Condition("check", "check.c", "error"),)
