"""What failed on an error that comes and goes is tried again; what was approved is not exceeded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from run_words import at, diagnostic, hook, inside
from run_world import Person, World, events, notes, statuses

from pytg.compose.changes import ResourceAction, UnitChanges, exceeds
from pytg.model import Retry
from pytg.record.run import Status
from pytg.record.run_events import Diagnosed
from pytg.run.pipeline import apply, plan

BUSY = "ThrottlingException: Rate exceeded"


def patient(world: World, attempts: int = 3) -> World:
    retry = Retry(attempts=attempts, pause=0.0)
    world.estate = replace(world.estate, terraform=replace(world.estate.terraform, retry=retry))
    return world


def busy(world: World, command: str, name: str, *, once: bool = True) -> None:
    """Terraform is throttled at the unit `name`, the first time only."""
    failing: list[dict[str, Any]] = [diagnostic(BUSY, address=inside(name))]
    if command == "apply":
        failing = [hook("apply_start", inside(name)), hook("apply_errored", inside(name)), *failing]
    was = world.root / "was-busy"
    only = {"unless": was} if once else {}
    world.fake.rule(command=command, events=failing, exit=1, touch=was, **only)


def test_an_apply_goes_on_without_a_question_within_what_was_approved(chain: World) -> None:
    """`c` needs what failed: it was skipped, and is applied after all."""
    patient(chain)
    busy(chain, "apply", "a")
    chain.plans("a", "c")
    chain.hold("b", outputs={"arn": "x"})
    person = Person("y")
    execution = chain.execution(confirm=person)
    apply(execution)
    assert len(person.questions) == 1
    assert statuses(execution) == {
        "a": Status.SUCCEEDED,
        "b": Status.UNCHANGED,
        "c": Status.SUCCEEDED,
    }
    told = notes(execution)
    assert any(f"{at('a')}: ThrottlingException comes and goes; attempt 2" in n for n in told)
    assert any("within what was approved" in note for note in told)
    assert execution.record.run.units[at("a")].attempts == 2


def test_a_plan_beyond_what_was_approved_is_asked_for(chain: World) -> None:
    patient(chain)
    busy(chain, "apply", "a")
    more = [inside("a"), inside("a", "terraform_data.more")]
    chain.fake.rule(command="plan", resources=[inside("a")], unless=chain.root / "was-busy")
    chain.fake.rule(command="plan", resources=more)
    person = Person("yn")
    with pytest.raises(Exception, match="not approved"):
        apply(chain.execution(confirm=person))
    assert len(person.questions) == 2


def creates(world: World, value: str, *, more: Any = (), **rule: Any) -> None:
    """Terraform plans to create `a` with this input, and what else is in `more`."""
    subject = {"addr": inside("a"), "resource_type": "terraform_data"}
    change = {"type": "planned_change", "change": {"resource": subject, "action": "create"}}
    world.fake.rule(
        command="plan",
        events=[change, *more],
        resources=[inside("a")],
        after={inside("a"): {"input": value}},
        **rule,
    )


IMPORTED = {
    "type": "planned_change",
    "change": {
        "resource": {"addr": inside("a", "x.y"), "resource_type": "x"},
        "action": "noop",
        "importing": {"id": "1"},
    },
}
OUTPUT = {"type": "outputs", "outputs": {f"{at('a').slug}__arn": {"action": "update"}}}


@pytest.mark.parametrize(
    ("value", "more", "questions"),
    [("one", [], 1), ("two", [], 2), ("one", [IMPORTED], 2), ("one", [OUTPUT], 2)],
)
def test_another_value_import_or_output_than_was_approved_is_asked_for(
    chain: World, value: str, more: list[Any], questions: int
) -> None:
    patient(chain)
    busy(chain, "apply", "a")
    creates(chain, "one", unless=chain.root / "was-busy")
    creates(chain, value, more=more)
    person = Person("yy")
    execution = chain.execution("a", confirm=person)
    apply(execution)
    assert statuses(execution) == {"a": Status.SUCCEEDED}
    assert len(person.questions) == questions
    assert not list(chain.root.rglob("*.tfplan"))


def test_every_attempt_is_held_against_what_was_approved_first(chain: World) -> None:
    """Nothing is asked of the second, which is the same; the third is not."""
    patient(chain, attempts=4)
    first, second = chain.root / "was-busy", chain.root / "was-busy-again"
    failing = [hook("apply_start", inside("a")), hook("apply_errored", inside("a"))]
    failing.append(diagnostic(BUSY, address=inside("a")))
    chain.fake.rule(command="apply", events=failing, exit=1, touch=first, unless=first)
    chain.fake.rule(command="apply", events=failing, exit=1, touch=second, unless=second)
    creates(chain, "one", unless=second)
    creates(chain, "two")
    person = Person("yy")
    execution = chain.execution("a", confirm=person)
    apply(execution)
    assert statuses(execution) == {"a": Status.SUCCEEDED}
    assert len(person.questions) == 2


@pytest.mark.parametrize(("attempts", "fail_fast"), [(3, False), (1, False), (3, True)])
def test_it_is_tried_a_few_times_and_then_has_failed(
    chain: World, attempts: int, *, fail_fast: bool
) -> None:
    patient(chain, attempts)
    busy(chain, "apply", "a", once=False)
    chain.plans("a", "c")
    chain.hold("b", outputs={"arn": "x"})
    execution = chain.execution(yes=True, fail_fast=fail_fast)
    apply(execution)
    assert statuses(execution)["a"] is Status.FAILED
    assert statuses(execution)["c"] in {Status.SKIPPED, Status.CANCELLED}
    assert len(chain.fake.calls("apply")) == (1 if fail_fast else attempts)


@pytest.mark.parametrize("per_unit", [True, False])
def test_what_may_exist_is_not_tried_again_and_its_error_stays_one(
    chain: World, *, per_unit: bool
) -> None:
    patient(chain)
    name = "module.a.terraform_data.this" if per_unit else inside("a")
    failing = [hook("apply_start", name), diagnostic(BUSY, address=name)]
    chain.fake.rule(command="apply", events=failing, exit=1)
    chain.plans("a", cwd="units" if per_unit else "composed")
    execution = chain.execution("a", yes=True, per_unit=per_unit)
    apply(execution)
    assert statuses(execution) == {"a": Status.UNKNOWN}
    assert len(chain.fake.calls("apply")) == 1
    assert [each.severity for each in events(execution, Diagnosed)] == ["error"]


@pytest.mark.parametrize("per_unit", [True, False])
def test_a_plan_is_tried_again(chain: World, *, per_unit: bool) -> None:
    patient(chain)
    for name in "abc":
        chain.hold(name, outputs={"arn": "x"})
    busy(chain, "plan", "a")
    execution = chain.execution(command="plan", per_unit=per_unit, parallelism=1)
    plan(execution)
    assert set(statuses(execution).values()) == {Status.UNCHANGED}
    assert any("attempt 2 of 3" in note for note in notes(execution))


@pytest.mark.parametrize(
    ("before", "after", "within"),
    [
        ("create", "create", True),
        ("create", "replace", True),
        ("replace", "create", True),
        ("update", "replace", False),
        ("update", "delete", False),
        ("create", "delete", False),
    ],
)
def test_what_an_apply_that_failed_half_way_may_have_left(
    before: str, after: str, *, within: bool
) -> None:
    approved, planned = (
        UnitChanges(at("a"), resources=(ResourceAction("x.y", action, "x"),))
        for action in (before, after)
    )
    assert (not exceeds(planned, approved, again=True)) is within
