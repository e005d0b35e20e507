"""Which units run together, in what order, and what is left of a stage when its turn comes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_words import at, creating, stage, state_of
from run_world import World, events, statuses

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.model import Address
from pytg.record.run import Outcome, Status
from pytg.record.run_events import UnitFinished
from pytg.run.stages import not_yet_destroyed, ready_to_plan, stages_of, without_blocked
from pytg.state.bootstrap_store import BootstrapStore
from support.memory_store import MemoryStore

Make = Callable[..., World]


def names(stages: list[Stage]) -> list[list[str]]:
    return [[unit.module for unit in each.units] for each in stages]


@st.composite
def plans(draw: st.DrawFn) -> tuple[dict[str, list[str]], set[str], set[str]]:
    """Units with what they read, those that are isolated, and those that are selected."""
    every = draw(st.permutations("abcdefg"[: draw(st.integers(1, 7))]))
    reads = {
        name: [up for up in every[:place] if draw(st.booleans())]
        for place, name in enumerate(every)
    }
    chosen = {name for name in every if draw(st.booleans())} or set(every)
    return reads, {name for name in every if draw(st.booleans())}, chosen


@settings(max_examples=25)
@given(plans(), st.booleans())
def test_every_unit_is_in_one_stage_and_after_all_that_it_needs(
    drawn: tuple[dict[str, list[str]], set[str], set[str]],
    destroy: bool,  # noqa: FBT001 - hypothesis passes it
) -> None:
    reads, isolated, chosen = drawn
    with tempfile.TemporaryDirectory() as root:
        traits = {name: {"isolate": True} for name in isolated}
        execution = World(Path(root), reads, traits).execution(*chosen, destroy=destroy)
        execution.log.close()
        stages = stages_of(execution, applying=True)
        order = [unit for each in stages for unit in each.units]
        assert sorted(order) == sorted(map(at, chosen))
        for before, after in nx.transitive_closure_dag(execution.needs).edges:
            assert order.index(before) < order.index(after)
        for each in stages:
            alone = {unit.module for unit in each.units} & isolated
            assert each.composed is not bool(alone)
            assert not nx.transitive_closure_dag(execution.needs).subgraph(each.units).edges or (
                each.composed
            )


BACKEND = {"backend": {"bootstrap": True, "isolate": True}}


@pytest.fixture
def guarded(make: Make) -> World:
    """Two units and the one that makes their backend, which is not there yet."""
    world = make(reads={"app": ("zone",), "backend": (), "zone": ()}, traits=BACKEND)
    world.stores["backend"] = BootstrapStore(MemoryStore(there=False), MemoryStore())
    return world


def test_a_missing_backend_is_made_first(guarded: World) -> None:
    stages = stages_of(guarded.execution(), applying=True)
    assert names(stages) == [["backend"], ["zone", "app"]]
    assert [each.composed for each in stages] == [True, True]


def test_a_plan_shows_a_missing_backend_with_all_others(guarded: World) -> None:
    assert names(stages_of(guarded.execution(), applying=False)) == [["backend", "zone", "app"]]


def test_a_backend_that_is_there_is_a_unit_like_others(guarded: World) -> None:
    guarded.stores["backend"] = BootstrapStore(MemoryStore(), MemoryStore())
    stages = stages_of(guarded.execution(), applying=True)
    assert names(stages) == [["backend", "zone", "app"]]


@pytest.mark.parametrize("applying", [True, False])
def test_a_backend_is_destroyed_last(guarded: World, *, applying: bool) -> None:
    stages = stages_of(guarded.execution(destroy=True), applying=applying)
    assert names(stages) == [["app", "zone"], ["backend"]]
    assert stages[-1].reason


def test_a_destroy_without_a_backend_has_no_empty_stage(chain: World) -> None:
    assert names(stages_of(chain.execution(destroy=True), applying=True)) == [["c", "b", "a"]]


def test_a_plan_leaves_out_what_waits_for_a_change(chain: World) -> None:
    execution = chain.execution()
    changes = {at("a"): creating("a")}
    left = ready_to_plan(execution, stage("b", "c"), changes)
    assert left.units == ()
    assert statuses(execution) == {
        "a": Status.PENDING,
        "b": Status.SKIPPED,
        "c": Status.SKIPPED,
    }
    assert execution.record.run.units[at("b")].blocked_by == (at("a"),)
    assert execution.record.run.units[at("c")].blocked_by == (at("b"),)


def test_a_plan_goes_on_where_nothing_changes_above(chain: World) -> None:
    execution = chain.execution()
    changes = {at("a"): UnitChanges(at("a"))}
    assert ready_to_plan(execution, stage("b", "c", number=2), changes) == stage("b", "c", number=2)
    assert set(statuses(execution).values()) == {Status.PENDING}
    assert events(execution, UnitFinished) == []


def test_a_plan_waits_for_what_was_not_planned_at_all(chain: World) -> None:
    assert ready_to_plan(chain.execution(), stage("c"), {}).units == ()


def ended(world: World, status: Status, **options: bool) -> tuple[Stage, dict[str, Status], object]:
    """What is left of `b`, `c` and `lone` after `a` ended so."""
    execution = world.execution(**options)
    execution.end({at("a"): Outcome(status)})
    left = without_blocked(execution, stage("b", "c", "lone"))
    return left, statuses(execution), execution.record.run.units[at("c")].blocked_by


@pytest.fixture
def wide(make: Make) -> World:
    return make(reads={"a": (), "b": ("a",), "c": ("b",), "lone": ()})


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.SKIPPED, Status.CANCELLED, Status.UNKNOWN]
)
def test_what_needs_a_unit_that_went_wrong_is_skipped(wide: World, status: Status) -> None:
    left, found, blocked_by = ended(wide, status)
    assert left == stage("lone")
    assert found == {
        "a": status,
        "b": Status.SKIPPED,
        "c": Status.SKIPPED,
        "lone": Status.PENDING,
    }
    assert blocked_by == (at("a"),)


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.UNCHANGED, Status.RUNNING])
@pytest.mark.parametrize("fail_fast", [True, False])
def test_what_needs_a_unit_that_went_well_is_kept(
    wide: World, status: Status, *, fail_fast: bool
) -> None:
    left, found, _ = ended(wide, status, fail_fast=fail_fast)
    assert left == stage("b", "c", "lone")
    assert Status.SKIPPED not in found.values()


def test_with_fail_fast_nothing_is_left_after_a_failure(wide: World) -> None:
    left, found, _ = ended(wide, Status.FAILED, fail_fast=True)
    assert left.units == ()
    assert (found["b"], found["lone"]) == (Status.SKIPPED, Status.PENDING)


def test_in_a_destroy_upstream_waits_for_downstream(wide: World) -> None:
    execution = wide.execution(destroy=True)
    execution.end({at("c"): Outcome(Status.FAILED)})
    assert without_blocked(execution, stage("b", "a", "lone")) == stage("lone")


def test_what_holds_nothing_is_destroyed_already(chain: World) -> None:
    chain.hold("a")
    chain.store.states[str(at("b"))] = state_of("b")
    chain.store.states[str(at("c"))] = state_of("c", outputs={"arn": "c"})
    execution = chain.execution(destroy=True)
    changes: dict[Address, UnitChanges] = {}
    assert not_yet_destroyed(execution, stage("c", "b", "a"), changes) == stage("c", "a")
    assert changes == {at("b"): UnitChanges(at("b"))}
    assert statuses(execution)["b"] is Status.UNCHANGED
    assert [event.unit for event in events(execution, UnitFinished)] == [at("b")]


def test_an_apply_looks_at_units_without_a_state_too(chain: World) -> None:
    changes: dict[Address, UnitChanges] = {}
    assert not_yet_destroyed(chain.execution(), stage("a", "b"), changes) == stage("a", "b")
    assert changes == {}
