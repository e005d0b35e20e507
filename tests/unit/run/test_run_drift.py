"""What counts as changed outside of Terraform, and how it is shown."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_words import RESOURCE, at
from run_world import World, statuses

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.errors import UsageError
from pytg.model import Address
from pytg.record.run import Changes, Status
from pytg.report.drift import differences_of, drift_document, drift_table
from pytg.run.drift import outside
from pytg.run.options import Request
from pytg.terraform.plan import Plan, ResourceChange, read_plan

APP = Address("lab", "us-east-1", "dev", "app")
WEB = Address("lab", "us-east-1", "dev", "web")
CALLS = Calls({APP.slug: APP, WEB.slug: WEB})
INNER = f"module.{APP.slug}.aws_x.y"


def plan(before: Any, after: Any, *actions: str, address: str = INNER, **more: Any) -> Plan:
    change = {"actions": actions or ("update",), "before": before, "after": after, **more}
    drift = [{"address": address, "type": "aws_x", "change": change}]
    return read_plan({"format_version": "1.2", "resource_drift": drift})


def resources(found: Plan, unit: Address = APP) -> list[tuple[str, str]]:
    return [(one.address, one.action) for one in outside(found, CALLS)[unit].resources]


def test_what_changed_and_what_is_gone_counts_for_its_unit() -> None:
    assert resources(plan({"n": 1}, {"n": 2})) == [("aws_x.y", "update")]
    gone = outside(plan({"n": 1}, None, "delete"), CALLS)
    assert gone[APP].counts == {"create": 0, "update": 0, "replace": 0, "delete": 1}
    assert not gone[WEB].changed
    assert resources(plan({"n": 1}, {"n": 2}, address=f"module.{APP.slug}[0].aws_x.y"))


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        ({"tags": None}, {"tags": {}}, "update"),
        ({"tags": {}}, {}, "update"),
        ({"text": ""}, {"text": None}, "update"),
        ({"rule": [{"ids": []}]}, {"rule": [{"ids": None}]}, "update"),
        ({"n": 1}, {"n": 1}, "no-op"),
        ({"n": 1}, {"n": 1}, "read"),
    ],
)
def test_what_says_nothing_is_no_drift(before: Any, after: Any, action: str) -> None:
    assert resources(plan(before, after, action)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [({"n": None}, {"n": 0}), ({"b": None}, {"b": False}), ({"l": []}, {"l": [""]})],
)
def test_zero_and_false_are_something(before: Any, after: Any) -> None:
    assert resources(plan(before, after))


def test_a_number_differs_in_its_last_digit_and_a_secret_is_masked_wherever_it_stands() -> None:
    third = "0." + "3" * 60
    before, after = exact_json.loads(f'[{{"n": {third}}}, {{"n": {third}4}}]')
    assert isinstance(before["n"], Decimal)
    texts = differences_of(plan(before, after), CALLS)[APP, "aws_x.y"]
    assert texts == (f"~ n: {third} -> {third}4",)
    before = {"value": "hunter2", "copy": "hunter2"}
    after = {"value": "hunter3", "copy": "hunter3"}
    marked = {"before_sensitive": {"value": True}, "after_sensitive": {"value": True}}
    found = plan(before, after, **marked)
    table = drift_table([outside(found, CALLS)[APP]], differences_of(found, CALLS))
    assert "hunter" not in table
    assert table.count("(sensitive value) -> (sensitive value)") == 2


def test_the_table_and_the_object_say_the_same() -> None:
    found = plan({"n": "\x1b[31m"}, {"n": 2})
    units = list(outside(found, CALLS).values())
    lines = drift_table(units, differences_of(found, CALLS)).splitlines()
    assert lines[1].split() == [str(APP), "aws_x.y", "changed"]
    assert lines[2] == '    ~ n: "\\u001b[31m" -> 2'
    assert lines[3] == "No drift in 1 other unit."
    assert drift_table(units[1:], {}) == "No drift: 1 unit."
    document = drift_document(units[0], differences_of(found, CALLS))
    assert json.loads(json.dumps(document)) == {
        "address": str(APP),
        "resources": [
            {
                "address": "aws_x.y",
                "type": "aws_x",
                "outside": "changed",
                "differences": ['~ n: "\\u001b[31m" -> 2'],
            }
        ],
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_drift_is_never_more_than_what_differs(before: Any, after: Any) -> None:
    change = ResourceChange(INNER, "aws_x", ("update",), before={"v": before}, after={"v": after})
    assert bool(change.outside) <= bool(change.differences)
    same = ResourceChange(INNER, "aws_x", ("update",), before={"v": before}, after={"v": before})
    assert same.outside == ()


def test_a_drift_changes_nothing() -> None:
    assert not Request("drift").applies
    with pytest.raises(UsageError):
        Request("drifts")


@pytest.mark.parametrize("per_unit", [False, True])
def test_a_run_looks_at_what_is_applied_and_writes_nothing(tmp_path: Path, per_unit: bool) -> None:  # noqa: FBT001 - a parameter of the test
    world = World(tmp_path, {"a": [], "b": ["a"], "c": []})
    world.hold("a", outputs={"arn": "x"})
    world.hold("b", outputs={"arn": "y"})
    call = "a" if per_unit else at("a").slug
    address = f"module.{call}.{RESOURCE}"
    resource = {"addr": address, "resource_type": "terraform_data"}
    event = {"type": "resource_drift", "change": {"resource": resource, "action": "update"}}
    change = {"actions": ["update"], "before": {"n": 1}, "after": {"n": 2}}
    drift = [{"address": address, "type": "terraform_data", "change": change}]
    cwd = str(at("a")) if per_unit else ""
    shown = {"format_version": "1.2", "resource_drift": drift}
    world.fake.rule(command="plan", cwd=cwd, events=[event])
    world.fake.rule(command="show", cwd=cwd, events=[shown])
    before = dict(world.store.states)
    done = world.run("drift", per_unit=per_unit)
    assert (done.run.exit_code, done.ok) == (2, True)
    assert statuses(done) == {
        "a": Status.SUCCEEDED,
        "b": Status.UNCHANGED,
        "c": Status.UNCHANGED,
    }
    assert done.run.units[at("a")].changes == Changes(update=1)
    assert world.store.states == before
    plans = world.fake.calls("plan")
    assert len(plans) == (2 if per_unit else 1)
    assert all("-refresh-only=true" in call["argv"] for call in plans)
    assert world.run("drift", "b", "c", per_unit=per_unit).run.exit_code == 0
