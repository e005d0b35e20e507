"""An apply stage by stage: what is asked, what is applied, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from run_words import RESOURCE, at, hook, inside, state_of
from run_world import Person, World, events, notes, statuses

from pytg.errors import Interrupted, Refused
from pytg.record.run import Status
from pytg.record.run_events import StagePlanned, StageStarted, UnitFinished, UnitStarted
from pytg.recovery.unrecorded import remember
from pytg.run.pipeline import apply
from pytg.state.bootstrap_store import BootstrapStore
from support.memory_store import MemoryStore

Make = Callable[..., World]
BUCKET = "aws_s3_bucket.this"
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def two(make: Make) -> World:
    """Two stages: `a` and `b` that reads it, then `alone`, which stands by itself."""
    world = make(reads={"a": (), "alone": (), "b": ("a",)}, traits={"alone": {"isolate": True}})
    world.plans("alone", cwd="units")
    world.plans("a", cwd="composed")
    return world


def test_what_can_be_planned_now_is_approved_at_once_and_applied_in_turn(two: World) -> None:
    person = Person("y")
    execution = two.execution(confirm=person)
    found = apply(execution)
    assert {unit.module for unit, change in found.items() if change.changed} == {"a", "alone"}
    assert two.commands() == ["plan", "plan", "apply", "apply"]
    assert person.questions == ["Apply 2 creates in 2 of 3 units (stages 1 and 2 of 2)?"]
    assert execution.record.run.stages == ((at("a"), at("b")), (at("alone"),))
    assert [event.stage for event in events(execution, StagePlanned)] == [1, 2]
    assert statuses(execution) == {
        "a": Status.SUCCEEDED,
        "alone": Status.SUCCEEDED,
        "b": Status.UNCHANGED,
    }
    assert [event.unit for event in events(execution, UnitStarted)] == [at("a"), at("alone")]
    ended = [(event.unit.module, event.status) for event in events(execution, UnitFinished)]
    assert ended == [
        ("b", Status.UNCHANGED),
        ("a", Status.SUCCEEDED),
        ("alone", Status.SUCCEEDED),
    ]


def test_with_yes_nobody_is_asked(two: World) -> None:
    person = Person()
    apply(two.execution(confirm=person, yes=True))
    assert person.questions == []
    assert two.commands() == ["plan", "plan", "apply", "apply"]


def test_nobody_is_asked_about_a_plan_that_changes_nothing(chain: World) -> None:
    person = Person()
    execution = chain.execution(confirm=person)
    apply(execution)
    assert person.questions == []
    assert chain.commands() == ["plan"]
    assert set(statuses(execution).values()) == {Status.UNCHANGED}


def test_what_is_not_approved_is_not_applied(two: World) -> None:
    execution = two.execution(confirm=Person("n"))
    with pytest.raises(Interrupted):
        apply(execution)
    assert two.commands() == ["plan", "plan"]
    assert set(statuses(execution).values()) == {Status.PENDING}
    assert two.store.locks == {}


def test_the_question_says_what_is_done(chain: World) -> None:
    asked: list[str] = []
    for destroy in (False, True):
        chain.hold("a")
        chain.plans("a")
        person = Person("n")
        with pytest.raises(Interrupted):
            apply(chain.execution("a", destroy=destroy, confirm=person))
        asked += [question.split()[0] for question in person.questions]
    assert asked == ["Apply", "Destroy"]


def test_once_cancelled_no_stage_begins(make: Make) -> None:
    two = make(reads={"a": (), "alone": ()}, traits={"alone": {"isolate": True}})
    cancel = threading.Event()
    execution = two.execution(yes=True, cancel=cancel, show=lambda *_: cancel.set())
    apply(execution)
    assert [event.stage for event in events(execution, StageStarted)] == [1]


@pytest.mark.parametrize("fail_fast", [False, True])
def test_with_fail_fast_a_failure_is_the_last_stage(two: World, *, fail_fast: bool) -> None:
    failing = [hook("apply_start", inside("a")), hook("apply_errored", inside("a"))]
    two.fake.rule(command="apply", cwd="composed", events=failing, exit=1)
    execution = two.execution(yes=True, fail_fast=fail_fast)
    apply(execution)
    assert statuses(execution) == {
        "a": Status.FAILED,
        "alone": Status.PENDING if fail_fast else Status.SUCCEEDED,
        "b": Status.UNCHANGED,
    }
    assert not execution.cancel.is_set()


def test_a_protected_table_is_refused_before_anybody_is_asked(make: Make) -> None:
    gone = {"addr": inside("a", BUCKET), "resource_type": "aws_s3_bucket"}
    event = {"type": "planned_change", "change": {"resource": gone, "action": "delete"}}
    world = make(
        reads={"a": ()},
        traits={"a": {"protected": True}},
        stateful=frozenset({"aws_s3_bucket"}),
    )
    world.fake.rule(command="plan", resources=[gone["addr"]], events=[event])
    with pytest.raises(Refused, match=f"{at('a')}:{BUCKET}"):
        apply(world.execution(confirm=Person()))
    assert world.commands() == ["plan"]
    apply(world.execution(yes=True, allow_loss=frozenset({f"{at('a')}:{BUCKET}"})))
    assert world.commands()[-1] == "apply"


def test_a_destroy_is_refused_where_others_need_it(chain: World) -> None:
    chain.hold("a")
    chain.hold("b")
    with pytest.raises(Refused, match=str(at("b"))):
        apply(chain.execution("a", destroy=True, yes=True))
    assert chain.commands() == []
    apply(chain.execution("a", yes=True))  # an apply harms nobody


def test_a_destroy_is_refused_where_the_backend_holds_other_states(make: Make) -> None:
    world = make(reads={"backend": ()}, traits={"backend": {"bootstrap": True}})
    world.stores["backend"] = BootstrapStore(world.store, MemoryStore())
    other = "acc/us-east-1/dev-a1/app"
    world.hold("backend")
    world.store.states[other] = world.store.states[str(at("backend"))]
    with pytest.raises(Refused, match=other):
        apply(world.execution(destroy=True, yes=True))
    assert world.commands() == []


def test_a_destroy_names_what_may_exist_in_no_state(chain: World) -> None:
    remember(chain.estate.root, {at("a"): {"x.lost": ""}, at("b"): {"x.far": ""}})
    execution = chain.execution("a", destroy=True, yes=True)
    apply(execution)
    assert [text for text in notes(execution) if "x.lost" in text]
    assert not [text for text in notes(execution) if "x.far" in text]
    execution = chain.execution("a", yes=True)
    apply(execution)
    assert not [text for text in notes(execution) if "x.lost" in text]


def test_a_unit_by_itself_is_applied_in_its_own_root(make: Make) -> None:
    world = make(reads={"alone": ()}, traits={"alone": {"isolate": True}})
    world.plans("alone", cwd="units")
    execution = world.execution(yes=True)
    apply(execution)
    assert {call["cwd"].rpartition("/dev/")[2] for call in world.fake.calls()} == {"alone"}
    assert execution.record.run.units[at("alone")].log == f"units/{at('alone')}/apply.jsonl"


def test_what_left_the_configuration_is_named_before_anything_is_done(chain: World) -> None:
    gone = at("gone")
    chain.store.states[f"{gone}/terraform.tfstate"] = state_of("gone", RESOURCE)
    execution = chain.execution()
    apply(execution)
    assert any(str(gone) in text for text in notes(execution))
