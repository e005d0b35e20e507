"""What Terraform cannot plan through an unknown is planned in later stages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from run_words import at, diagnostic, inside, unknown
from run_world import Person, World, events, notes, statuses

from pytg.errors import Interrupted
from pytg.record.run import Status
from pytg.record.run_events import Diagnosed, StagePlanned, StageStarted
from pytg.run.culprits import MOST
from pytg.run.pipeline import apply, plan
from support.process import eventually

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


FAILED, UNCHANGED, SKIPPED = Status.FAILED, Status.UNCHANGED, Status.SKIPPED
SHARED = diagnostic("No", file="modules/a/main.tf")


def alike(make: Make, reads: dict[str, Sequence[str]], *names: str) -> World:
    """A world in which the units `names` are of the module of `a`."""
    world = make(reads=reads)
    units = dict(world.estate.units)
    for name in names:
        units[at(name)] = replace(units[at(name)], module=units[at("a")].module)
    world.estate = replace(world.estate, units=units)
    return world


def test_what_does_not_need_a_unit_that_fails_is_planned_in_a_stage_of_its_own(make: Make) -> None:
    world = make(reads={"a": (), "b": ("a",), "c": ("b",), "z": ()})
    whole = world.workdir("a", "b", "c", "z").name
    said = [diagnostic("No", inside("b")), diagnostic("Nor", inside("z")), unknown("c")]
    world.fake.rule(command="plan", cwd=whole, events=said, exit=1)
    execution = world.execution(command="plan")
    assert set(plan(execution)) == {at("a")}
    assert statuses(execution) == {"a": UNCHANGED, "b": FAILED, "c": SKIPPED, "z": FAILED}
    assert execution.record.run.stages[1:] == ((at("a"),),)
    assert f"stage 2 of 2: 1 unit; {at('b')}, {at('z')} could not be planned" in notes(execution)
    assert [said.summary for said in events(execution, Diagnosed)] == ["No", "Nor"]


def test_fail_fast_plans_nothing_more(make: Make) -> None:
    world = make(reads={"a": (), "b": (), "z": ()}, traits={"z": {"isolate": True}})
    whole = world.workdir("a", "b").name
    world.fake.rule(command="plan", cwd=whole, events=[diagnostic("No", inside("b"))], exit=1)
    execution = world.execution(command="plan", fail_fast=True)
    assert plan(execution) == {}
    assert statuses(execution) == {"a": Status.PENDING, "b": FAILED, "z": Status.PENDING}


def test_units_of_one_module_are_planned_apart_where_nothing_says_which_it_is(make: Make) -> None:
    """`d` needs the culprit and is not tried; `c` needs the innocent."""
    reads = {"a": (), "b": (), "c": ("a",), "d": ("b",)}
    world = alike(make, reads, "b", "c", "d")
    for names in (("a", "b", "c", "d"), ("b",)):
        world.fake.rule(command="plan", cwd=world.workdir(*names).name, events=[SHARED], exit=1)
    execution = world.execution(command="plan")
    assert set(plan(execution)) == {at("a"), at("c")}
    assert statuses(execution) == {"a": UNCHANGED, "b": FAILED, "c": UNCHANGED, "d": SKIPPED}
    assert len(world.commands()) == 5
    assert [said.unit for said in events(execution, Diagnosed)] == [at("b")]


def test_an_error_is_of_the_unit_that_says_it_in_the_same_words(make: Make) -> None:
    world = alike(make, {"a": (), "b": ()}, "b")
    mine, yours = (diagnostic("No", file="modules/a/main.tf", detail=text) for text in "ab")
    whole = world.workdir("a", "b").name
    world.fake.rule(command="plan", cwd=whole, events=[mine, yours], exit=1)
    for name, said in (("a", mine), ("b", yours)):
        world.fake.rule(command="plan", cwd=world.workdir(name).name, events=[said], exit=1)
    execution = world.execution(command="plan")
    plan(execution)
    told = [(found.unit, found.detail) for found in events(execution, Diagnosed)]
    assert told == [(at("a"), "a"), (at("b"), "b")]


def test_of_many_units_of_one_module_all_are_to_blame(make: Make) -> None:
    names = [f"n{number}" for number in range(MOST + 1)]
    world = alike(make, {"a": (), **dict.fromkeys(names, ()), "z": ()}, *names)
    whole = world.workdir("a", *names, "z").name
    world.fake.rule(command="plan", cwd=whole, events=[SHARED], exit=1)
    execution = world.execution(command="plan")
    assert set(plan(execution)) == {at("z")}
    assert len(world.commands()) == 2
    assert "in one of" in execution.record.run.units[at("a")].reason
    assert [said.unit for said in events(execution, Diagnosed)] == [None]


def test_beside_a_sure_error_an_unsure_one_fails_nobody_else(make: Make) -> None:
    world = alike(make, {"a": (), "b": ()}, "b")
    whole = world.workdir("a", "b").name
    said = [diagnostic("Nor", inside("a")), SHARED]
    world.fake.rule(command="plan", cwd=whole, events=said, exit=1)
    execution = world.execution(command="plan")
    assert set(plan(execution)) == {at("b")}
    assert statuses(execution) == {"a": FAILED, "b": UNCHANGED}


def test_a_trial_that_is_interrupted_says_nothing_of_its_unit(make: Make) -> None:
    world = alike(make, {"a": (), "b": ()}, "b")
    execution = world.execution(command="plan")
    stopped = world.estate.root / "stopped"
    whole = world.workdir("a", "b").name
    world.fake.rule(command="plan", cwd=whole, events=[SHARED], exit=1)
    world.fake.rule(command="plan", touch=stopped, wait_for=world.estate.root / "never")

    def interrupt() -> None:
        eventually(stopped.exists)
        execution.cancel.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted):
        plan(execution)
    thread.join()
    assert [found.summary for found in events(execution, Diagnosed)] == ["No"]
