"""Unit by unit over many: who waits for whom, and how each failure ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from run_words import RESOURCE, at, creating, diagnostic, state_of
from run_world import World, events, notes, once_there, statuses

from pytg.errors import Interrupted, PytgError
from pytg.record.run import Outcome, Status
from pytg.record.run_events import Diagnosed, UnitFinished, UnitStarted
from pytg.run import per_unit_schedule
from pytg.run.approved import Approved
from pytg.run.per_unit_schedule import apply_per_unit, plan_per_unit

Make = Callable[..., World]
pytestmark = pytest.mark.timeout(60)


def changing(world: World, *names: str) -> None:
    for name in names:
        world.plans(name, cwd=f"units/{at(name)}")


def test_every_unit_is_planned_by_what_is_applied_now(chain: World) -> None:
    for name in "ab":
        chain.hold(name, outputs={"arn": name})
    changing(chain, "a")
    execution = chain.execution(command="plan", per_unit=True)
    found = plan_per_unit(execution)
    assert found[at("a")] == creating("a")
    assert set(found) == set(chain.graph)
    assert statuses(execution) == {
        "a": Status.SUCCEEDED,
        "b": Status.UNCHANGED,
        "c": Status.UNCHANGED,
    }
    (outdated,) = notes(execution)
    assert f"{at('b')}, {at('c')}" in outdated
    assert execution.record.run.units[at("a")].changes.create == 1


def test_where_nothing_changes_no_plan_is_outdated(chain: World) -> None:
    for name in "ab":
        chain.hold(name, outputs={"arn": name})
    changing(chain, "c")
    execution = chain.execution(command="plan", per_unit=True)
    plan_per_unit(execution)
    assert notes(execution) == []


def test_what_reads_a_unit_that_was_never_applied_is_skipped(chain: World) -> None:
    chain.store.states[str(at("b"))] = state_of("b", outputs={"arn": "b"})  # empty now
    execution = chain.execution(command="plan", per_unit=True)
    found = plan_per_unit(execution)
    assert set(found) == {at("a"), at("c")}
    assert statuses(execution)["b"] is Status.SKIPPED
    assert str(at("a")) in execution.record.run.units[at("b")].reason
    assert str(at("b")) not in execution.record.run.units[at("b")].reason


@pytest.mark.parametrize("changes", [True, False])
def test_a_new_output_is_awaited_where_its_unit_changes(chain: World, *, changes: bool) -> None:
    chain.hold("a")  # applied, without the output that b reads
    chain.hold("b", outputs={"arn": "b"})
    if changes:
        changing(chain, "a")
    execution = chain.execution(command="plan", per_unit=True)
    plan_per_unit(execution)
    found = statuses(execution)
    assert found["b"] is (Status.SKIPPED if changes else Status.FAILED)
    assert found["c"] is Status.UNCHANGED
    said = "planned once these are applied: " if changes else "are in no state"
    assert said in execution.record.run.units[at("b")].reason


def test_where_its_unit_cannot_be_planned_a_new_output_s_reader_is_skipped(chain: World) -> None:
    chain.hold("a")
    said = [diagnostic("No", "x.y", "modules/a/main.tf", "Why not.")]
    chain.fake.rule(command="plan", cwd=f"units/{at('a')}", events=said, exit=1)
    execution = chain.execution("a", "b", command="plan", per_unit=True)
    plan_per_unit(execution)
    assert statuses(execution) == {"a": Status.FAILED, "b": Status.SKIPPED}


def test_plans_wait_for_no_other_plan(chain: World) -> None:
    """Each of two waits until the other has begun, although one needs the other."""
    chain.hold("a", outputs={"arn": "a"})
    here, there = chain.root / "a-began", chain.root / "b-began"
    chain.fake.rule(command="plan", cwd=f"units/{at('a')}", touch=here, wait_for=there)
    chain.fake.rule(command="plan", cwd=f"units/{at('b')}", touch=there, wait_for=here)
    execution = chain.execution("a", "b", command="plan", parallelism=2)
    assert set(plan_per_unit(execution)) == {at("a"), at("b")}


def test_applies_wait_for_what_they_need(chain: World) -> None:
    for name in "ab":
        chain.hold(name, outputs={"arn": name})
    changing(chain, "a", "b", "c")
    execution = chain.execution(parallelism=3)
    assert set(apply_per_unit(execution, execution.needs, None)) == set(chain.graph)
    order = [(what, unit) for what, command, unit in chain.fake.order() if command == "apply"]
    assert order == [(what, unit) for unit in "abc" for what in ("start", "end")]
    assert [event.unit for event in events(execution, UnitStarted)] == [at(n) for n in "abc"]
    assert [(e.unit, e.status) for e in events(execution, UnitFinished)] == [
        (at(name), Status.SUCCEEDED) for name in "abc"
    ]


def test_no_more_at_a_time_than_asked(make: Make) -> None:
    world = make(reads={"a": (), "b": (), "c": ()})
    execution = world.execution(parallelism=1)
    apply_per_unit(execution, execution.needs, None)
    kinds = [what for what, _, _ in world.fake.order()]
    assert kinds == ["start", "end"] * (len(kinds) // 2)


def test_what_was_approved_holds_for_each_unit(make: Make) -> None:
    world = make(reads={"a": (), "b": ()})
    changing(world, "a", "b")
    execution = world.execution()
    apply_per_unit(execution, execution.needs, Approved({at("a"): creating("a")}))
    assert statuses(execution) == {"a": Status.SUCCEEDED, "b": Status.FAILED}
    (said,) = events(execution, Diagnosed)
    assert said.unit == at("b")
    assert f"create {RESOURCE}" in said.detail
    assert said.summary in execution.record.run.units[at("b")].reason


@pytest.mark.parametrize("fail_fast", [True, False])
def test_a_failed_plan_is_told_and_blocks_what_needs_it(make: Make, *, fail_fast: bool) -> None:
    world = make(reads={"a": (), "b": ("a",), "z": ()})
    said = [
        diagnostic("No", "x.y", "modules/a/main.tf", "Why not."),
        diagnostic("Nor"),
    ]
    world.fake.rule(command="plan", cwd=f"units/{at('a')}", events=said, exit=1)
    execution = world.execution(parallelism=1, fail_fast=fail_fast)
    apply_per_unit(execution, execution.needs, None)
    assert statuses(execution) == {
        "a": Status.FAILED,
        "b": Status.SKIPPED,
        "z": Status.CANCELLED if fail_fast else Status.UNCHANGED,
    }
    assert execution.record.run.units[at("b")].blocked_by == (at("a"),)
    first, second = events(execution, Diagnosed)
    assert first == Diagnosed(at("a"), "error", "No", "Why not.", "modules/a/main.tf", 7)
    assert (second.file, second.line) == (None, None)


@pytest.mark.parametrize("forced", [True, False])
def test_a_plan_that_is_interrupted_is_cancelled(chain: World, *, forced: bool) -> None:
    began, never = chain.root / "began", chain.root / "never"
    sigint = "ignore" if forced else "finish"
    chain.fake.rule(command="plan", events=[], touch=began, wait_for=never, on_sigint=sigint)
    execution = chain.execution("a")
    asked = execution.kill if forced else execution.cancel
    with once_there(began, asked.set):
        apply_per_unit(execution, execution.needs, None)
    assert statuses(execution) == {"a": Status.CANCELLED}
    assert events(execution, Diagnosed) == []


def test_an_init_that_is_interrupted_is_cancelled(chain: World) -> None:
    began, never = chain.root / "began", chain.root / "never"
    chain.fake.rule(command="init", events=[], touch=began, wait_for=never)
    execution = chain.execution("a")
    with once_there(began, execution.cancel.set):
        apply_per_unit(execution, execution.needs, None)
    assert statuses(execution) == {"a": Status.CANCELLED}


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (
            PytgError("one\ntwo", hint="three"),
            Outcome(Status.FAILED, "one\ntwo"),
            [Diagnosed(at("a"), "error", "one", "two\nthree")],
        ),
        (
            PytgError("one"),
            Outcome(Status.FAILED, "one"),
            [Diagnosed(at("a"), "error", "one", "")],
        ),
        (Interrupted("enough"), Outcome(Status.CANCELLED, "enough"), []),
    ],
)
def test_an_error_ends_the_unit_and_is_told(
    chain: World,
    monkeypatch: pytest.MonkeyPatch,
    error: PytgError,
    outcome: Outcome,
    said: list[Diagnosed],
) -> None:
    def failing(*_: object) -> Outcome:
        raise error

    monkeypatch.setattr(per_unit_schedule, "run_unit", failing)
    execution = chain.execution("a")
    apply_per_unit(execution, execution.needs, None)
    unit = execution.record.run.units[at("a")]
    assert Outcome(unit.status, unit.reason) == outcome
    assert events(execution, Diagnosed) == said


def test_once_cancelled_nothing_starts(chain: World) -> None:
    execution = chain.execution()
    execution.cancel.set()
    apply_per_unit(execution, execution.needs, None)
    assert set(statuses(execution).values()) == {Status.CANCELLED}
    assert chain.fake.calls() == []
