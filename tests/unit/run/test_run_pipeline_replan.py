"""What Terraform cannot plan through an unknown is planned in later stages."""

from __future__ import annotations

from collections.abc import Callable

from run_words import at, unknown
from run_world import Person, World, events, notes, statuses

from pytg.record.run import Status
from pytg.record.run_events import Diagnosed, StagePlanned, StageStarted
from pytg.run.pipeline import apply, plan

Make = Callable[..., World]


def late(world: World) -> None:
    """The `for_each` of `b` needs `a`; `c` needs `b`."""
    world.fake.rule(
        command="plan", cwd=world.workdir("a", "b", "c").name, events=[unknown("b")], exit=1
    )


def test_what_is_not_known_yet_is_planned_in_a_later_stage(chain: World) -> None:
    late(chain)
    chain.hold("a", outputs={"arn": "x"})
    execution = chain.execution(command="plan")
    assert set(plan(execution)) == {at("a"), at("b"), at("c")}
    assert execution.record.run.stages == ((at("a"),), (at("b"), at("c")))
    assert [event.stage for event in events(execution, StagePlanned)] == [1, 2]
    assert [(event.stage, len(event.units)) for event in events(execution, StageStarted)] == [
        (1, 3),
        (1, 1),
        (2, 2),
    ]
    assert any(str(at("a")) in text for text in notes(execution))
    assert events(execution, Diagnosed) == []


def test_the_parts_of_a_stage_come_before_the_stages_after_it(make: Make) -> None:
    world = make(
        reads={"a": (), "b": ("a",), "c": ("b",), "last": ("c",)},
        traits={"last": {"isolate": True}},
    )
    late(world)
    for name in "abc":
        world.hold(name, outputs={"arn": "x"})
    execution = world.execution(command="plan")
    plan(execution)
    assert execution.record.run.stages == ((at("a"),), (at("b"), at("c")), (at("last"),))
    assert [event.stage for event in events(execution, StagePlanned)] == [1, 2, 3]


def test_what_no_later_stage_makes_known_is_an_error(chain: World) -> None:
    """`b` by itself is planned on stored outputs: nobody can be waited for."""
    chain.hold("a", outputs={"arn": "x"})
    chain.fake.rule(command="plan", events=[unknown("b")], exit=1)
    execution = chain.execution("b", command="plan")
    plan(execution)
    assert statuses(execution) == {"b": Status.FAILED}
    assert execution.record.run.stages == ((at("b"),),)


def test_what_is_not_known_yet_is_applied_in_a_later_stage(chain: World) -> None:
    chain.fake.rule(
        command="plan", cwd=chain.workdir("a", "b", "c").name, events=[unknown("b")], exit=1
    )
    chain.plans("b", cwd=chain.workdir("b", "c").name)
    chain.plans("a")
    chain.hold("a", outputs={"arn": "x"})
    person = Person("yy")
    execution = chain.execution(confirm=person)
    apply(execution)
    assert len(person.questions) == 2
    assert execution.record.run.stages == ((at("a"),), (at("b"), at("c")))
    assert [event.stage for event in events(execution, StagePlanned)] == [1, 2]
    assert statuses(execution) == {
        "a": Status.SUCCEEDED,
        "b": Status.SUCCEEDED,
        "c": Status.UNCHANGED,
    }
