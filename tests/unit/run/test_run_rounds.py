"""What is planned together, asked once, and applied: rounds of stages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from run_words import RESOURCE, at, diagnostic, hook, inside
from run_world import Person, World, events, notes, statuses

from pytg.errors import Interrupted, Refused
from pytg.record.run import Status
from pytg.record.run_events import StagePlanned, StageStarted
from pytg.recovery.composed_directory import LOCK
from pytg.run.pipeline import apply, plan
from pytg.terraform.workdir import locked, locked_if_free

Make = Callable[..., World]
ALONE = {"isolate": True}
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def wide(make: Make) -> World:
    """`x` and `y` are alone and read `a`, `z` is alone and reads nothing; `last` reads `x`."""
    return make(
        reads={"a": (), "x": ("a",), "y": ("a",), "z": (), "last": ("x",)},
        traits={"x": ALONE, "y": ALONE, "z": ALONE},
    )


def applied(world: World) -> list[str]:
    """The roots of the applies in their order: a unit's, or `composed`."""
    return [
        "composed" if "composed" in call["cwd"] else call["cwd"].rpartition("/")[2]
        for call in world.fake.calls("apply")
    ]


def test_units_that_are_alone_and_ready_are_one_stage(wide: World) -> None:
    for name in "xyz":
        wide.plans(name, cwd=f"units/{at(name)}")
    wide.hold("a", outputs={"arn": "x"})
    wide.hold("x", outputs={"arn": "x"})
    person = Person("y")
    execution = wide.execution(confirm=person)
    apply(execution)
    assert person.questions == ["Apply 3 creates in 3 of 4 units (stages 1 and 2 of 3)?"]
    assert sorted(applied(wide)) == ["x", "y", "z"]
    assert execution.record.run.stages == (
        (at("a"),),
        (at("x"), at("y"), at("z")),
        (at("last"),),
    )
    assert [len(event.units) for event in events(execution, StagePlanned)] == [1, 3, 1]
    assert set(statuses(execution).values()) == {Status.SUCCEEDED, Status.UNCHANGED}


def test_all_stages_are_named_before_the_first_is_planned(wide: World) -> None:
    execution = wide.execution(yes=True)
    wide.hold("a", outputs={"arn": "x"})
    wide.hold("x", outputs={"arn": "x"})
    apply(execution)
    assert notes(execution) == [
        "stage 1 of 3: 1 unit",
        "stage 2 of 3: 3 units; each in a process of its own; isolate: true; after stage 1",
        "stage 3 of 3: 1 unit; after stage 2",
    ]
    first = next(iter(events(execution, StageStarted)))
    lines = (execution.directory / "events.jsonl").read_text().splitlines()
    started = next(i for i, line in enumerate(lines) if "stage_started" in line)
    assert first.stage == 1
    assert all("stage 3 of 3" not in line for line in lines[started:])


def test_only_what_needs_a_change_is_asked_for_later(wide: World) -> None:
    """`z` needs nothing of what `a` creates: it is planned, shown and asked for with it."""
    wide.hold("a", outputs={"arn": "x"})
    wide.plans("a", cwd="composed")
    for name in "xyz":
        wide.plans(name, cwd=f"units/{at(name)}")
    person = Person("yyn")
    execution = wide.execution("a", "x", "y", "z", confirm=person)
    apply(execution)
    assert person.questions == [
        "Apply 2 creates in 2 units (stages 1 and 2 of 3)?",
        "Apply 2 creates in 2 units (stage 3 of 3)?",
    ]
    assert applied(wide)[:2] == ["composed", "z"]
    assert sorted(applied(wide)[2:]) == ["x", "y"]


def test_a_destroy_is_one_question(wide: World) -> None:
    for name in ("a", "x", "y", "z", "last"):
        wide.hold(name, outputs={"arn": "x"})
    for name in "xyz":
        wide.plans(name, cwd=f"units/{at(name)}")
    wide.plans("a", "last", cwd="composed")
    person = Person("y")
    execution = wide.execution(confirm=person, destroy=True)
    apply(execution)
    (question,) = person.questions
    assert question.startswith("Destroy ")
    assert question.endswith(" of 5 units (stages 1, 2 and 3 of 3)?")
    assert set(statuses(execution).values()) == {Status.SUCCEEDED}
    assert (applied(wide)[0], applied(wide)[-1]) == ("composed", "composed")


def test_what_a_failed_destroy_blocks_is_left_and_the_rest_asked_for_anew(make: Make) -> None:
    """A saved plan is applied whole or not at all: `b` is planned again without `a`."""
    world = make(
        reads={"a": (), "b": (), "x": ("a",), "y": ("b",)}, traits={"x": ALONE, "y": ALONE}
    )
    for name in "abxy":
        world.hold(name, outputs={"arn": "x"})
    for name in "xy":
        world.plans(name, cwd=f"units/{at(name)}")
    world.plans("a", "b", cwd=world.workdir("a", "b").name)
    world.plans("b", cwd=world.workdir("b").name)
    failing = [hook(kind, f"module.x.{RESOURCE}") for kind in ("apply_start", "apply_errored")]
    world.fake.rule(command="apply", cwd=f"units/{at('x')}", events=failing, exit=1)
    person = Person("yy")
    execution = world.execution(confirm=person, destroy=True)
    apply(execution)
    assert len(person.questions) == 2
    assert statuses(execution) == {
        "a": Status.SKIPPED,
        "b": Status.SUCCEEDED,
        "x": Status.FAILED,
        "y": Status.SUCCEEDED,
    }


def test_one_that_cannot_be_planned_does_not_stop_the_others_of_its_stage(wide: World) -> None:
    wide.hold("a", outputs={"arn": "x"})
    said = diagnostic("No", f"module.x.{RESOURCE}")
    wide.fake.rule(command="plan", cwd=f"units/{at('x')}", events=[said], exit=1)
    wide.plans("y", cwd=f"units/{at('y')}")
    person = Person("y")
    execution = wide.execution(confirm=person)
    apply(execution)
    assert person.questions == ["Apply 1 create in 1 of 3 units (stages 1 and 2 of 2)?"]
    assert statuses(execution) == {
        "a": Status.UNCHANGED,
        "x": Status.FAILED,
        "y": Status.SUCCEEDED,
        "z": Status.UNCHANGED,
        "last": Status.SKIPPED,
    }


def test_a_guard_of_a_later_stage_speaks_before_anybody_is_asked(make: Make) -> None:
    world = make(
        reads={"a": (), "x": ()},
        traits={"x": ALONE | {"protected": True}},
        stateful=frozenset({"aws_s3_bucket"}),
    )
    world.plans("a", cwd="composed")
    gone = {"addr": "module.x.aws_s3_bucket.this", "resource_type": "aws_s3_bucket"}
    event = {"type": "planned_change", "change": {"resource": gone, "action": "delete"}}
    world.fake.rule(command="plan", cwd="units", resources=[gone["addr"]], events=[event])
    with pytest.raises(Refused, match=r"aws_s3_bucket\.this"):
        apply(world.execution(confirm=Person()))
    assert applied(world) == []


def is_held(lock: Path) -> bool:
    with locked_if_free(lock) as free:
        return not free


def test_roots_are_kept_from_others_while_the_question_stands(wide: World) -> None:
    wide.plans("z", cwd="units")
    asked: list[list[bool]] = []

    def confirm(_question: str) -> bool:
        plans = (wide.estate.root / ".pytg").glob("**/pytg-*.tfplan")
        asked.append([is_held(plan.parent / LOCK) for plan in plans])
        return False

    with pytest.raises(Interrupted):
        apply(wide.execution("a", "z", confirm=confirm))
    assert asked == [[True, True]]
    assert not list((wide.estate.root / ".pytg").glob("**/pytg-*.tfplan"))


def test_a_directory_that_another_has_is_waited_for_as_long_as_a_lock(wide: World) -> None:
    with (
        locked(wide.workdir("a") / LOCK),
        pytest.raises(Refused, match="has held"),
    ):
        apply(wide.execution("a", lock_timeout=0.1))
    assert wide.commands() == []


def test_a_plan_shows_those_of_one_stage_together(wide: World) -> None:
    wide.hold("a", outputs={"arn": "x"})
    for name in "xyz":
        wide.plans(name, cwd=f"units/{at(name)}")
    shown: list[list[str]] = []
    execution = wide.execution(
        command="plan",
        show=lambda _stage, _changes, _calls, details: shown.append(
            [change.address for change in details().changes]
        ),
    )
    plan(execution)
    assert shown[1] == [inside("x"), inside("y"), inside("z")]


def test_a_plan_stands_aside_where_another_works_on_the_same_units(wide: World) -> None:
    execution = wide.execution("a", command="plan", lock_timeout=0.1)
    with locked(wide.workdir("a") / LOCK):
        plan(execution)
    assert statuses(execution)["a"] is Status.UNCHANGED
    assert any("may be outdated" in text for text in notes(execution))
    again = wide.execution("a", command="plan")
    plan(again)
    assert notes(again) == []
    assert [Path(call["cwd"]) for call in wide.fake.calls("plan")] == [
        wide.workdir("a").with_name(f"{wide.workdir('a').name}-beside"),
        wide.workdir("a"),
    ]


@pytest.mark.parametrize("applying", [True, False])
def test_a_root_that_cannot_be_initialised_stops_what_needs_it_alone(
    wide: World, *, applying: bool
) -> None:
    wide.fake.rule(command="init", cwd=f"units/{at('x')}", exit=1, stderr="no such provider")
    for name in "yz":
        wide.plans(name, cwd=f"units/{at(name)}")
    wide.hold("a", outputs={"arn": "x"})
    execution = wide.execution(yes=True, command="apply" if applying else "plan")
    (apply if applying else plan)(execution)
    assert statuses(execution) == {
        "a": Status.UNCHANGED,
        "x": Status.FAILED,
        "y": Status.SUCCEEDED,
        "z": Status.SUCCEEDED,
        "last": Status.SKIPPED,
    }
    assert "no such provider" in execution.record.run.units[at("x")].reason
