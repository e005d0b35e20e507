"""A plan stage by stage: what is planned, in how many stages, and how an error ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from run_words import RESOURCE, at, diagnostic, inside, state_of
from run_world import World, events, notes, once_there, statuses

from pytg.compose.changes import Calls, UnitChanges
from pytg.compose.stage import Stage
from pytg.errors import Interrupted
from pytg.model import Address
from pytg.record.run import Changes, Finding, Status
from pytg.record.run_events import Diagnosed, StagePlanned, StageStarted, UnitFinished
from pytg.run import pipeline, planned_stage
from pytg.run.pipeline import plan
from pytg.run.root import Root

pytestmark = pytest.mark.timeout(60)

Make = Callable[..., World]


@pytest.fixture
def parted(make: Make) -> World:
    """`alone` is isolated and reads `a`; `b` reads that."""
    return make(
        reads={"a": (), "alone": ("a",), "b": ("alone",)}, traits={"alone": {"isolate": True}}
    )


def test_a_plan_of_one_stage_is_one_process(chain: World) -> None:
    chain.plans("a", "b")
    execution = chain.execution(command="plan")
    found = plan(execution)
    assert {unit.module: change.create for unit, change in found.items()} == {
        "a": 1,
        "b": 1,
        "c": 0,
    }
    assert statuses(execution) == {
        "a": Status.SUCCEEDED,
        "b": Status.SUCCEEDED,
        "c": Status.UNCHANGED,
    }
    assert execution.record.run.stages == ((at("a"), at("b"), at("c")),)
    (planned,) = events(execution, StagePlanned)
    assert planned.changes == Changes(create=2)
    assert execution.record.run.changes == Changes(create=2)
    assert chain.commands() == ["plan"]


def test_every_stage_is_planned_where_nothing_changes(parted: World) -> None:
    parted.hold("a", outputs={"arn": "x"})
    parted.hold("alone", outputs={"arn": "x"})
    execution = parted.execution(command="plan")
    assert set(plan(execution)) == set(parted.graph)
    assert set(statuses(execution).values()) == {Status.UNCHANGED}
    assert execution.record.run.stages == ((at("a"),), (at("alone"),), (at("b"),))
    for kind in (StageStarted, StagePlanned):
        assert [event.stage for event in events(execution, kind)] == [1, 2, 3]
    assert notes(execution) == [
        "stage 1 of 3: 1 unit",
        "stage 2 of 3: 1 unit; each in a process of its own; isolate: true; after stage 1",
        "stage 3 of 3: 1 unit; after stage 2",
    ]
    assert parted.commands() == ["plan"] * 3


def test_what_waits_for_an_earlier_stage_is_skipped(parted: World) -> None:
    parted.plans("a")
    execution = parted.execution(command="plan")
    assert set(plan(execution)) == {at("a")}
    assert statuses(execution) == {
        "a": Status.SUCCEEDED,
        "alone": Status.SKIPPED,
        "b": Status.SKIPPED,
    }
    assert parted.commands() == ["plan"]


def test_a_destroy_is_planned_by_what_is_there_now(parted: World) -> None:
    for name in ("a", "alone", "b"):
        parted.hold(name, outputs={"arn": "x"})
    parted.plans("alone", cwd="units")
    parted.plans("b")
    execution = parted.execution(command="plan", destroy=True)
    assert list(plan(execution)) == [at("b"), at("alone"), at("a")]
    assert Status.SKIPPED not in statuses(execution).values()


def test_an_error_is_that_of_the_unit_it_names(chain: World) -> None:
    said = diagnostic("Missing name", inside("b"), "modules/b/main.tf", "Say it.")
    whole = chain.workdir("a", "b", "c").name
    chain.fake.rule(command="plan", cwd=whole, events=[said], exit=1)
    execution = chain.execution(command="plan")
    assert set(plan(execution)) == {at("a")}
    units = execution.record.run.units
    assert units[at("b")].status is Status.FAILED
    assert units[at("b")].reason == "Missing name (modules/b/main.tf:7)\nSay it."
    assert units[at("a")].status is Status.UNCHANGED
    assert units[at("c")].status is Status.SKIPPED
    assert units[at("c")].blocked_by == (at("b"),)
    assert units[at("b")].diagnostics == (
        Finding("error", "Missing name", "Say it.", "modules/b/main.tf", 7),
    )
    assert execution.record.run.stages == ((at("a"), at("b"), at("c")), (at("a"),))
    assert events(execution, Diagnosed) == [
        Diagnosed(at("b"), "error", "Missing name", "Say it.", "modules/b/main.tf", 7)
    ]


def test_an_error_without_a_place_has_none(chain: World) -> None:
    whole = chain.workdir("a", "b", "c").name
    chain.fake.rule(command="plan", cwd=whole, events=[diagnostic("No", inside("b"))], exit=1)
    execution = chain.execution(command="plan")
    plan(execution)
    (found,) = events(execution, Diagnosed)
    assert (found.file, found.line) == (None, None)
    assert execution.record.run.units[at("b")].reason == "No"


def test_an_error_of_nobody_is_that_of_all(chain: World) -> None:
    chain.fake.rule(command="plan", events=[], stderr="out of memory", exit=1)
    execution = chain.execution(command="plan")
    plan(execution)
    assert {(u.status, u.reason) for u in execution.record.run.units.values()} == {
        (Status.FAILED, "out of memory")
    }
    assert [found.unit for found in events(execution, Diagnosed)] == [None]


def test_a_stage_that_cannot_be_planned_does_not_stop_the_others(make: Make) -> None:
    world = make(reads={"a": (), "b": ()}, traits={"b": {"isolate": True}})
    world.fake.rule(command="plan", cwd="composed", events=[], exit=1)
    execution = world.execution(command="plan")
    assert set(plan(execution)) == {at("b")}
    assert statuses(execution) == {"a": Status.FAILED, "b": Status.UNCHANGED}


@pytest.mark.parametrize("said", [[], [diagnostic("No", inside("b"))]])
def test_an_interrupted_plan_ends_the_run(chain: World, said: list[dict[str, Any]]) -> None:
    began = chain.root / "began"
    never = chain.root / "never"
    chain.fake.rule(command="plan", events=said, touch=began, wait_for=never)
    execution = chain.execution(command="plan")
    with once_there(began, execution.cancel.set), pytest.raises(Interrupted):
        plan(execution)
    assert statuses(execution)["a"] is Status.PENDING


def test_each_plan_is_shown(parted: World) -> None:
    parted.hold("a", outputs={"arn": "x"})
    parted.hold("alone", outputs={"arn": "x"})
    parted.plans("alone", cwd="units")
    shown: list[tuple[int, dict[str, int], list[str]]] = []

    def show(
        stage: Stage,
        changes: dict[Address, UnitChanges],
        calls: Calls,
        details: Callable[[], Any],
    ) -> None:
        counts = {unit.module: change.create for unit, change in changes.items()}
        assert set(calls.units.values()) == set(stage.units)
        shown.append((stage.number, counts, [c.address for c in details().changes]))

    plan(parted.execution(command="plan", show=show))
    assert shown[:2] == [(1, {"a": 0}, []), (2, {"alone": 1}, [inside("alone")])]


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_root_is_built_once_a_stage(
    parted: World, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []
    roots_of = planned_stage.roots_of

    def counting(execution: Any, stage: Stage) -> tuple[Root, ...]:
        built.append(stage.number)
        return roots_of(execution, stage)

    monkeypatch.setattr(planned_stage, "roots_of", counting)
    parted.hold("a", outputs={"arn": "x"})
    parted.hold("alone", outputs={"arn": "x"})
    asked: list[int] = []
    execution = parted.execution(command=command, yes=True)
    environment = execution.environment

    def counted(units: Any) -> Any:
        asked.append(len(units))
        return environment(units)

    object.__setattr__(execution, "environment", counted)
    getattr(pipeline, command)(execution)
    assert built == [1, 2, 3]
    assert asked == [1, 1, 1]


def test_units_that_a_destroy_finds_gone_are_in_no_stage(chain: World) -> None:
    chain.hold("a")
    execution = chain.execution(command="plan", destroy=True)
    assert set(plan(execution)) == set(chain.graph)
    assert execution.record.run.stages == ((at("a"),),)
    assert [e.unit for e in events(execution, UnitFinished)] == [at("c"), at("b"), at("a")]


def test_what_left_the_configuration_is_named(chain: World) -> None:
    gone = at("gone")
    chain.store.states[f"{gone}/terraform.tfstate"] = state_of("gone", RESOURCE)
    execution = chain.execution(command="plan")
    plan(execution)
    assert any(str(gone) in text for text in notes(execution))
