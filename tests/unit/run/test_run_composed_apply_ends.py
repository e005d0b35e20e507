"""How a composed apply ends that did not go well, and one of the state backend itself."""

from __future__ import annotations

import errno
import json
import shutil
import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from run_words import at, hook, inside, state_of
from run_world import World, once_there, planned

from pytg.errors import PytgError
from pytg.model import Address
from pytg.record.run import Outcome, Status
from pytg.record.run_events import Event, EventLog, UnitProgress, UnitStarted
from pytg.recovery.journal import APPLYING, ERRORED_STATE, JOURNAL, STATE, Journal
from pytg.recovery.unrecorded import remember, remembered
from pytg.run.composed_apply import apply_composed
from pytg.state.bootstrap_store import BootstrapStore
from support.memory_store import MemoryStore, composed

Make = Callable[..., World]
pytestmark = pytest.mark.timeout(60)
THIS = "terraform_data.this"


@pytest.fixture
def two(chain: World) -> World:
    """The plan touches `a` and `c`."""
    chain.plans("a", "c")
    return chain


def ended(outcomes: dict[Address, Outcome]) -> dict[str, Status]:
    return {unit.module: outcome.status for unit, outcome in outcomes.items()}


@pytest.mark.parametrize("fail_fast", [True, False])
def test_fail_fast_interrupts_terraform_once_a_unit_has_failed(
    two: World, *, fail_fast: bool
) -> None:
    """Without it Terraform goes on with the others: here until it is told to end."""
    failing = [hook("apply_start", inside("a")), hook("apply_errored", inside("a"))]
    began, go = two.root / "began", two.root / "go"
    two.fake.rule(command="apply", events=failing, touch=began, wait_for=go, exit=3)
    plan = planned(two, "a", "b", "c", fail_fast=fail_fast)
    execution = plan.root.execution
    with once_there(began, lambda: None if fail_fast else go.touch()):
        outcomes = dict(apply_composed(plan))
    assert ended(outcomes) == {"a": Status.FAILED, "c": Status.SKIPPED}
    assert outcomes[at("c")].blocked_by == (at("a"),)
    assert [call["exit"] for call in two.fake.calls("apply")] == [1 if fail_fast else 3]
    assert not execution.cancel.is_set()
    assert not execution.kill.is_set()
    assert two.store.locks == {}


def test_fail_fast_lets_go_on_what_goes_well(two: World) -> None:
    plan = planned(two, "a", "b", "c", fail_fast=True)
    assert ended(dict(apply_composed(plan))) == {"a": Status.SUCCEEDED, "c": Status.SUCCEEDED}
    assert [call["exit"] for call in two.fake.calls("apply")] == [0]


def test_a_cancelled_run_interrupts_terraform(two: World) -> None:
    made = [hook("apply_start", inside("a")), hook("apply_complete", inside("a"))]
    state = {STATE: composed(at("a")).decode()}
    two.fake.rule(command="apply", events=made, writes=state, wait_for=two.root / "never")
    cancel = threading.Event()
    plan = planned(two, "a", "b", "c", cancel=cancel)

    def press(_at: datetime, event: Event) -> None:
        if isinstance(event, UnitStarted):
            cancel.set()

    plan.root.execution.log._subscribers.append(press)
    assert ended(dict(apply_composed(plan))) == {"a": Status.SUCCEEDED, "c": Status.CANCELLED}
    assert two.store.locks == {}


def crash(world: World) -> None:
    """Terraform is killed: `a` was made and is in no state, `c` was being made."""
    kinds = [("apply_start", "a"), ("apply_complete", "a"), ("apply_start", "c")]
    world.fake.rule(
        command="apply", events=[hook(kind, inside(name)) for kind, name in kinds], kill=True
    )


def test_what_a_killed_terraform_made_is_unknown_and_remembered(two: World) -> None:
    crash(two)
    plan = planned(two, "a", "b", "c")
    outcomes = apply_composed(plan)
    assert {unit.module: found.unknown_resources for unit, found in outcomes.items()} == {
        "a": (THIS,),
        "c": (THIS,),
    }
    assert ended(dict(outcomes)) == {"a": Status.UNKNOWN, "c": Status.UNKNOWN}
    assert remembered(two.estate.root) == {at("a"): {THIS: ""}, at("c"): {THIS: ""}}
    assert two.store.locks == {}
    assert not (plan.root.workdir / JOURNAL).exists()


@pytest.mark.parametrize(("saved", "unknown"), [(True, set()), (False, {"a"})])
def test_an_error_leaves_unknown_what_is_in_no_state(
    two: World, *, saved: bool, unknown: set[str]
) -> None:
    """Terraform ends so too where it cannot save its state; what it then leaves is the newest."""
    kinds = [("apply_start", "a"), ("apply_complete", "a")]
    events = [hook(kind, inside(name)) for kind, name in kinds]
    left = {ERRORED_STATE: composed(at("a")).decode()} if saved else {}
    two.fake.rule(command="apply", events=events, writes=left, exit=1)
    plan = planned(two, "a", "b", "c")
    outcomes = dict(apply_composed(plan))
    assert {unit.module for unit in remembered(two.estate.root)} == unknown
    assert ended(outcomes)["a"] is (Status.SUCCEEDED if saved else Status.UNKNOWN)
    assert ended(outcomes)["c"] is Status.FAILED
    assert (str(at("a")) in two.store.states) is saved
    assert not (plan.root.workdir / ERRORED_STATE).exists()


def test_what_was_applied_whole_is_no_longer_in_doubt(two: World) -> None:
    remember(two.estate.root, {at("a"): {"x.lost": ""}, at("b"): {"x.far": ""}})
    apply_composed(planned(two, "a", "b", "c"))
    assert remembered(two.estate.root) == {at("b"): {"x.far": ""}}


def test_a_destroy_leaves_in_doubt_what_is_in_no_state(two: World) -> None:
    remember(two.estate.root, {at("a"): {"x.lost": ""}})
    apply_composed(planned(two, "a", "b", "c", destroy=True))
    assert remembered(two.estate.root) == {at("a"): {"x.lost": ""}}


class Watched(BootstrapStore):
    """Says what is done with it, and where its state lies when Terraform begins."""

    def __init__(self, remote: MemoryStore, local: MemoryStore) -> None:
        super().__init__(remote, local)
        self.done: list[str] = []

    def retreat(self, key: str) -> None:
        self.done.append("retreat")
        super().retreat(key)

    def settle(self, key: str) -> None:
        self.done.append("settle")
        super().settle(key)


@pytest.mark.parametrize("destroy", [True, False])
@pytest.mark.parametrize("bootstrap", [True, False])
def test_the_state_of_a_backend_that_is_destroyed_is_kept_outside_of_it(
    make: Make, *, destroy: bool, bootstrap: bool
) -> None:
    world = make(reads={"backend": ()}, traits={"backend": {"bootstrap": bootstrap}})
    remote, local = MemoryStore(), MemoryStore()
    store = Watched(remote, local)
    world.stores["backend"] = store
    key = str(at("backend"))
    remote.states[key] = state_of("backend", THIS)
    world.plans("backend")
    plan = planned(world, "backend", destroy=destroy)
    seen: list[bool] = []

    def look(_at: datetime, event: Event) -> None:
        if isinstance(event, UnitStarted):
            seen.append(key in local.states)

    plan.root.execution.log._subscribers.append(look)
    apply_composed(plan)
    retreats = destroy and bootstrap
    assert seen == [retreats]
    assert store.done == (["retreat", "settle"] if retreats else ["settle"])
    assert key in remote.states
    assert key not in local.states
    assert remote.locks == local.locks == {}


def full(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Event]:
    """The log of the run finds no room the first `times` it is told of progress; what it got."""
    got: list[Event] = []
    emit = EventLog.emit

    def failing(log: EventLog, event: Event) -> None:
        if isinstance(event, UnitProgress):
            got.append(event)
            if len(got) <= times:
                raise OSError(errno.ENOSPC, "No space left on device")
        emit(log, event)

    monkeypatch.setattr(EventLog, "emit", failing)
    return got


def made(*names: str) -> list[dict[str, object]]:
    return [hook(kind, inside(n)) for n in names for kind in ("apply_start", "apply_complete")]


def test_on_a_full_disk_the_room_that_was_kept_is_used(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.fake.rule(command="apply", events=made("a", "c"))
    got = full(monkeypatch, 1)
    assert ended(dict(apply_composed(planned(two, "a", "b", "c"))))["a"] is Status.SUCCEEDED
    assert len(got) == 3


def test_where_that_does_not_do_what_may_exist_is_named_and_the_error_told(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.fake.rule(command="apply", events=made("a"), exit=1)
    full(monkeypatch, 2)
    plan = planned(two, "a", "b", "c")
    with pytest.raises(OSError, match="No space left"):
        apply_composed(plan)
    # the room was needed: some of what Terraform told may be lost
    assert remembered(two.estate.root) == {at("a"): {THIS: ""}, at("c"): {THIS: ""}}
    units = plan.root.execution.record.run.units
    assert units[at("a")].unknown_resources == units[at("c")].unknown_resources == (THIS,)
    assert Journal.read(plan.root.workdir).phase == APPLYING


def test_what_may_exist_is_known_at_once_where_nothing_more_can_be_written(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what Terraform told, nor the record, nor what is remembered finds any room."""
    crash(two)
    plan = planned(two, "a", "b", "c")

    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill(_at: datetime, event: Event) -> None:
        if isinstance(event, UnitProgress):
            for place in ("record.writer.write", "recovery.unrecorded.write_atomic"):
                monkeypatch.setattr(f"pytg.{place}", no_room)
            monkeypatch.setattr("pytg.run.root_directory.has_words", no_room)

    plan.root.execution.log._subscribers.append(fill)
    with pytest.raises(OSError, match="No space left"):
        apply_composed(plan)
    units = plan.root.execution.record.run.units
    assert units[at("a")].unknown_resources == units[at("c")].unknown_resources == (THIS,)
    assert units[at("a")].status is units[at("c")].status is Status.UNKNOWN
    assert Journal.read(plan.root.workdir).phase == APPLYING


def test_what_the_state_holds_though_its_provisioner_was_killed_is_not_in_no_state(
    two: World,
) -> None:
    events = [hook("apply_start", inside("a")), hook("provision_start", inside("a"))]
    state = {STATE: composed(at("a")).decode()}
    two.fake.rule(command="apply", events=events, writes=state, kill=True)
    plan = planned(two, "a", "b", "c")
    outcomes = dict(apply_composed(plan))
    assert ended(outcomes) == {"a": Status.FAILED, "c": Status.FAILED}
    assert outcomes[at("a")].unknown_resources == ()
    assert remembered(two.estate.root) == {}
    (found,) = plan.root.execution.record.run.units[at("a")].diagnostics
    assert "its provisioner was cut off" in found.summary


def test_where_the_directory_is_removed_meanwhile_what_was_made_is_named_with_its_id(
    two: World,
) -> None:
    events = [hook("apply_start", inside("a")), hook("apply_complete", inside("a"))]
    events[1]["hook"] |= {"id_key": "id", "id_value": "i-1"}
    go = two.root / "go"
    two.fake.rule(command="apply", events=events, touch=two.root / "began", wait_for=go, exit=1)
    plan = planned(two, "a", "b", "c")

    def remove() -> None:
        shutil.rmtree(two.estate.root / ".pytg" / "composed")
        go.touch()

    with once_there(two.root / "began", remove):
        outcomes = apply_composed(plan)
    assert outcomes[at("a")].unknown_resources == (THIS,)
    assert remembered(two.estate.root)[at("a")] == {THIS: "i-1"}
    assert two.store.locks == {}


def test_a_state_that_was_removed_meanwhile_is_written_again(two: World) -> None:
    two.hold("a")
    plan = planned(two, "a", "b", "c")

    def look(_at: datetime, event: Event) -> None:
        if isinstance(event, UnitStarted):
            two.store.states.pop(str(at("a")), None)

    plan.root.execution.log._subscribers.append(look)
    apply_composed(plan)
    assert str(at("a")) in two.store.states
    (found,) = plan.root.execution.record.run.units[at("a")].diagnostics
    assert "was removed while it was applied" in found.summary


def test_what_somebody_else_wrote_stays_where_outputs_were_yet_to_be_written(two: World) -> None:
    """Of an apply that failed they are written last: not over what was found a moment before."""
    state = json.loads(composed())
    state["outputs"] = {f"{at('a').slug}__known": {"value": "x", "type": "string"}}
    failing = [hook("apply_start", inside("a")), hook("apply_errored", inside("a"))]
    began, go = two.root / "began", two.root / "go"
    rule = {"writes": {STATE: json.dumps(state)}, "touch": began, "wait_for": go, "exit": 3}
    two.fake.rule(command="apply", events=failing, **rule)
    foreign = state_of("a")
    plan = planned(two, "a", "b", "c")

    def write() -> None:
        two.store.states[str(at("a"))] = foreign
        go.touch()

    with once_there(began, write), pytest.raises(PytgError, match="somebody else wrote"):
        apply_composed(plan)
    assert two.store.states[str(at("a"))] == foreign
