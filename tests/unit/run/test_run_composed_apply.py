"""A composed apply: exactly that plan, under the locks of what it touches, or not at all."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from run_words import at, hook, inside
from run_world import World, events, once_there, planned, statuses

from pytg.compose.shape import shape_of
from pytg.errors import LockHeld, PytgError, Refused, StalePlan
from pytg.record.run import Outcome, Status
from pytg.record.run_events import Event, StateWritten, UnitProgress, UnitStarted
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import (
    APPLYING,
    JOURNAL,
    LOCKING,
    SNAPSHOT,
    STATE,
    WRITTEN,
    Journal,
    Locked,
    ProcessId,
)
from pytg.run.composed_apply import apply_composed
from pytg.run.composed_plan import ComposedPlan, recover_late
from pytg.state.state_store import LockInfo, version_of
from support.memory_store import MemoryStore, composed

Make = Callable[..., World]
BOB = LockInfo("bob-1", "pytg apply", "bob@desktop", "now")
pytestmark = pytest.mark.timeout(60)


def journal_of(plan: ComposedPlan) -> Path:
    return plan.root.workdir / JOURNAL


def refused(world: World, plan: ComposedPlan, error: type[PytgError]) -> str:
    """It is, and nothing is left: no lock, no journal, no state, and no Terraform was started."""
    before = dict(world.store.locks)
    with pytest.raises(error) as caught:
        apply_composed(plan)
    assert world.store.locks == before
    assert not journal_of(plan).exists()
    assert not (plan.root.workdir / STATE).exists()
    assert not plan.root.plan_file.exists()
    assert world.fake.calls("apply") == []
    return caught.value.message


@pytest.fixture
def two(chain: World) -> World:
    """The plan of `a`, `b` and `c` touches `a` and `c`."""
    chain.plans("a", "c")
    return chain


def test_what_was_planned_is_applied_and_nothing_is_left(two: World) -> None:
    plan = planned(two, "a", "b", "c")
    assert apply_composed(plan) == {
        at("a"): Outcome(Status.SUCCEEDED, made=1),
        at("c"): Outcome(Status.SUCCEEDED, made=1),
    }
    assert two.store.locks == {}
    left = {path.name for path in plan.root.workdir.iterdir()}
    assert not left & {JOURNAL, STATE, SNAPSHOT, plan.root.plan_file.name}
    assert statuses(plan.root.execution)["b"] is Status.PENDING
    (call,) = two.fake.calls("apply")
    assert "-lock-timeout=30s" in call["argv"]  # what a dead run left there may still plan


def test_while_it_works_it_holds_the_locks_of_what_it_touches(two: World) -> None:
    two.hold("a", serial=5)
    plan = planned(two, "a", "b", "c")
    seen: list[tuple[set[str], Journal, bytes]] = []

    def look(_at: datetime, event: Event) -> None:
        if isinstance(event, UnitStarted):
            workdir = plan.root.workdir
            journal = Journal.read(workdir)
            seen.append((set(two.store.locks), journal, (workdir / SNAPSHOT).read_bytes()))
            assert {lock.id for lock in two.store.locks.values()} == {journal.lock_id}

    plan.root.execution.log._subscribers.append(look)
    apply_composed(plan)
    locks, journal, snapshot = seen[0]
    assert locks == {str(at("a")), str(at("c"))}
    assert journal.phase == APPLYING
    assert [unit.address for unit in journal.locked] == [at("a"), at("c")]
    assert journal.units == tuple(str(at(name)) for name in "abc")
    version = version_of(two.store.states[str(at("a"))])
    assert journal.versions == {str(at("a")): version, str(at("c")): None}
    assert journal.creates == {str(at(name)): ("terraform_data.this",) for name in "ac"}
    assert journal.run_id == plan.root.execution.record.run.run_id
    assert journal.events == plan.root.log("apply").name
    assert journal.terraform is not None
    assert json.loads(snapshot)["serial"] == 5


def test_each_unit_starts_once_and_its_progress_is_told(chain: World) -> None:
    chain.plans("a")
    other = inside("a", "terraform_data.other")
    both = [inside("a"), other]
    chain.fake.rule(
        command="apply",
        events=[hook(kind, a) for kind in ("apply_start", "apply_complete") for a in both],
    )
    plan = planned(chain, "a")
    apply_composed(plan)
    execution = plan.root.execution
    assert events(execution, UnitStarted) == [UnitStarted(at("a"))]
    assert events(execution, UnitProgress) == [
        UnitProgress(at("a"), "terraform_data.this", "create", 1, 1),
        UnitProgress(at("a"), "terraform_data.other", "create", 1, 1),
    ]


@contextmanager
def growing(world: World, plan: ComposedPlan, *names: str) -> Iterator[None]:
    """Terraform writes the state of these units, and ends once that was seen."""
    workdir = plan.root.workdir

    def write() -> None:
        (workdir / STATE).write_bytes(composed(*map(at, names)))
        (world.root / "go").touch()

    with once_there(world.root / "began", write):
        yield


def waiting(world: World, **more: object) -> None:
    """An apply that waits until its state was written."""
    world.fake.rule(command="apply", touch=world.root / "began", wait_for=world.root / "go", **more)


def test_each_touched_unit_gets_its_part_of_the_state(two: World) -> None:
    waiting(two)
    plan = planned(two, "a", "b", "c")
    with growing(two, plan, "a", "b", "c"):
        apply_composed(plan)
    assert set(two.store.states) == {str(at("a")), str(at("c"))}
    assert json.loads(two.store.states[str(at("a"))])["resources"][0]["module"] == "module.a"
    written = events(plan.root.execution, StateWritten)
    assert sorted((event.unit, event.serial) for event in written) == [(at("a"), 1), (at("c"), 1)]


class Broken(MemoryStore):
    def write(self, key: str, body: bytes) -> str:
        raise PytgError(f"{key} cannot be written: {len(body)}")


def test_what_cannot_be_written_stays_for_the_next_run(two: World) -> None:
    two.store = Broken()
    waiting(two)
    plan = planned(two, "a", "b", "c")
    with growing(two, plan, "a"), pytest.raises(PytgError):
        apply_composed(plan)
    assert Journal.read(plan.root.workdir).phase == APPLYING
    assert set(two.store.locks) == {str(at("a")), str(at("c"))}
    assert json.loads((plan.root.workdir / STATE).read_text())["resources"]


class Stuck(MemoryStore):
    stuck = True

    def unlock(self, key: str, lock_id: str) -> None:
        if self.stuck:
            raise PytgError("the backend is gone")
        super().unlock(key, lock_id)


@pytest.mark.parametrize("applied", [True, False])
def test_a_lock_that_cannot_be_left_is_left_by_the_next_run(two: World, *, applied: bool) -> None:
    two.store = store = Stuck()
    plan = planned(two, "a", "b", "c")
    if applied:
        apply_composed(plan)
    else:
        plan.root.plan_file.write_text("another")
        with pytest.raises(StalePlan):
            apply_composed(plan)
    assert set(store.locks) == {str(at("a")), str(at("c"))}
    assert not {STATE, SNAPSHOT} & {path.name for path in plan.root.workdir.iterdir()}
    store.stuck = False
    recover_late(plan.root)
    assert store.locks == {}
    assert not (plan.root.workdir / JOURNAL).exists()


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_state_that_moved_makes_the_plan_stale(two: World, name: str) -> None:
    """Also that of a unit which the plan leaves alone: it was made from it."""
    plan = planned(two, "a", "b", "c")
    two.hold(name, serial=2)
    assert str(at(name)) in refused(two, plan, StalePlan)


def test_a_state_outside_that_moved_makes_the_plan_stale(chain: World) -> None:
    chain.hold("a", outputs={"arn": "one"})
    chain.plans("b")
    plan = planned(chain, "b")
    chain.hold("a", outputs={"arn": "two"})
    assert str(at("a")) in refused(chain, plan, StalePlan)


def test_a_plan_file_that_changed_is_not_applied(two: World) -> None:
    plan = planned(two, "a", "b", "c")
    plan.root.plan_file.write_text("another plan")
    refused(two, plan, StalePlan)


def test_under_a_foreign_lock_nothing_is_applied(two: World) -> None:
    plan = planned(two, "a", "b", "c", lock_timeout=0)
    two.store.locks[str(at("c"))] = BOB
    assert "bob@desktop" in refused(two, plan, LockHeld)


def test_the_lock_of_what_is_not_touched_is_of_no_matter(two: World) -> None:
    plan = planned(two, "a", "b", "c", lock_timeout=0)
    two.store.locks[str(at("b"))] = BOB
    assert set(apply_composed(plan)) == {at("a"), at("c")}
    assert two.store.locks == {str(at("b")): BOB}


def other_run(world: World, name: str, phase: str) -> Path:
    """Another apply of the unit that has a journal of its own."""
    workdir = world.estate.root / COMPOSED / "other"
    workdir.mkdir(parents=True)
    unit = world.estate.units[at(name)]
    locked = (Locked.of(unit, shape_of(world.estate, unit)),)
    dead = ProcessId(os.getpid(), 1.0, socket.gethostname())
    Journal("run-1", "id-1", (str(at(name)),), locked, dead, phase=phase).write(workdir)
    return workdir / JOURNAL


def test_what_another_apply_left_of_these_units_comes_first(two: World) -> None:
    plan = planned(two, "a", "b", "c")
    journal = other_run(two, "c", APPLYING)
    assert "run-1" in refused(two, plan, Refused)
    assert journal.exists()


@pytest.mark.parametrize(("name", "phase"), [("b", APPLYING), ("a", LOCKING), ("a", WRITTEN)])
def test_what_another_apply_left_is_of_no_matter(two: World, name: str, phase: str) -> None:
    """It is of other units, or holds no state."""
    plan = planned(two, "a", "b", "c")
    journal = other_run(two, name, phase)
    assert set(apply_composed(plan)) == {at("a"), at("c")}
    assert journal.exists()


@pytest.mark.parametrize(("asked", "shown"), [(None, 30), (4, 4)])
def test_so_many_operations_at_a_time(two: World, asked: int | None, shown: int) -> None:
    apply_composed(planned(two, "a", "b", "c", parallelism=asked))
    (call,) = two.fake.calls("apply")
    assert f"-parallelism={shown}" in call["argv"]
