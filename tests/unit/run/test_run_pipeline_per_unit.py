"""An apply unit by unit: what was approved of the whole is what each unit may do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from run_words import at, inside
from run_world import Person, World, statuses

from pytg.errors import Refused
from pytg.model import Address
from pytg.record.run import Status
from pytg.run.pipeline import apply
from pytg.state.bootstrap_store import BootstrapStore
from support.memory_store import MemoryStore

Make = Callable[..., World]


def order_of(world: World, command: str) -> list[str]:
    """Where `command` ran, in the order of its start: a unit's root, or `composed`."""
    return [
        "composed" if "composed" in call["cwd"] else call["cwd"].rpartition("/")[2]
        for call in world.fake.calls(command)
    ]


def test_unit_by_unit_what_was_approved_is_planned_again_and_applied(chain: World) -> None:
    chain.plans("a", "c", cwd="composed")
    for name in "abc":
        chain.hold(name, outputs={"arn": name})
        chain.plans(name, cwd=f"units/{at(name)}")
    person = Person("y")
    execution = chain.execution(per_unit=True, confirm=person, parallelism=1)
    found = apply(execution)
    assert len(person.questions) == 1
    assert order_of(chain, "plan") == ["composed", "a", "c"]
    assert order_of(chain, "apply") == ["a", "c"]
    assert found[at("a")].create == 1
    assert statuses(execution)["b"] is Status.UNCHANGED


def test_unit_by_unit_nothing_beyond_what_was_approved(chain: World) -> None:
    chain.plans("a", cwd="composed")
    chain.plans("a", cwd="units", resource="terraform_data.more")
    execution = chain.execution("a", per_unit=True, confirm=Person("y"))
    apply(execution)
    assert statuses(execution) == {"a": Status.FAILED}
    assert chain.fake.calls("apply") == []


@pytest.fixture
def backed(make: Make) -> World:
    """`app`, and the unit that makes its backend."""
    return make(reads={"app": (), "backend": ()}, traits={"backend": {"bootstrap": True}})


@pytest.mark.parametrize("yes", [True, False])
def test_unit_by_unit_a_missing_backend_is_a_stage_of_its_own(backed: World, *, yes: bool) -> None:
    local = MemoryStore()
    backed.stores["backend"] = BootstrapStore(MemoryStore(there=False), local)
    backed.plans("app", cwd=f"units/{at('app')}")
    backed.plans("app", cwd=backed.workdir("app").name)
    backed.plans("backend", cwd="composed")
    execution = backed.execution(per_unit=True, yes=yes)
    apply(execution)
    assert order_of(backed, "apply") == ["composed", "app"]
    assert set(statuses(execution).values()) == {Status.SUCCEEDED}
    assert execution.record.run.stages[0] == (at("backend"),)


def test_unit_by_unit_the_backend_is_destroyed_last(backed: World) -> None:
    backed.stores["backend"] = BootstrapStore(backed.store, MemoryStore())
    backed.hold("app")
    backed.hold("backend")
    backed.plans("app", cwd="units")
    backed.plans("backend", cwd="composed")
    apply(backed.execution(per_unit=True, yes=True, destroy=True))
    assert order_of(backed, "apply") == ["app", "composed"]


def test_unit_by_unit_what_is_gone_is_not_destroyed_again(chain: World) -> None:
    chain.hold("a")
    chain.plans("a", cwd="units")
    execution = chain.execution(per_unit=True, yes=True, destroy=True)
    found: set[Address] = set(apply(execution))
    assert found == set(chain.graph)
    assert order_of(chain, "plan") == ["a"]
    assert statuses(execution) == {
        "a": Status.SUCCEEDED,
        "b": Status.UNCHANGED,
        "c": Status.UNCHANGED,
    }


def test_a_failed_backend_keeps_the_others_from_being_tried(make: Make) -> None:
    world = make(
        reads={"app": ("backend",), "backend": ()}, traits={"backend": {"bootstrap": True}}
    )
    world.stores["backend"] = BootstrapStore(MemoryStore(there=False), MemoryStore())
    world.fake.rule(command="plan", events=[], exit=1)
    for per_unit in (True, False):
        execution = world.execution(per_unit=per_unit, yes=True)
        apply(execution)
        assert statuses(execution) == {"app": Status.SKIPPED, "backend": Status.FAILED}
    assert order_of(world, "plan") == ["composed"] * 2


@pytest.mark.parametrize("yes", [True, False])
def test_a_loss_is_refused_before_any_unit_is_applied(make: Make, *, yes: bool) -> None:
    world = make(
        reads={"a": (), "b": ()},
        traits={"a": {"protected": True}},
        stateful=frozenset({"terraform_data"}),
    )
    world.hold("a")
    subject = {"addr": inside("a"), "resource_type": "terraform_data"}
    gone = {"type": "planned_change", "change": {"resource": subject, "action": "delete"}}
    world.fake.rule(command="plan", cwd="composed", events=[gone], resources=[inside("a")])
    world.plans("b", cwd="units")
    with pytest.raises(Refused, match="would be deleted"):
        apply(world.execution(per_unit=True, yes=yes))
    assert "apply" not in world.commands()
