"""What is refused, and what its hint says to do."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace

import pytest
from run_words import at, state_of
from run_world import World

from pytg.compose.changes import ResourceAction, UnitChanges
from pytg.errors import Refused
from pytg.run.guards import (
    refuse_losing_stateful,
    refuse_losing_states,
    refuse_missing_upstream,
    refuse_orphaning,
    unguarded,
)
from pytg.state.bootstrap_store import BootstrapStore
from support.memory_store import MemoryStore

Make = Callable[..., World]
TABLE = "aws_dynamodb_table.this"


@pytest.fixture
def stateful(make: Make) -> World:
    """`prod` and `other` are protected, `dev` is not."""
    protected = {"protected": True}
    return make(
        reads={"prod": (), "other": (), "dev": ()},
        traits={"prod": protected, "other": protected},
        stateful=frozenset({"aws_dynamodb_table", "aws_s3_bucket"}),
    )


def losing(name: str, action: str = "delete", resource: str = TABLE) -> UnitChanges:
    change = ResourceAction(resource, action, resource.partition(".")[0])
    return UnitChanges(at(name), resources=(change,))


@pytest.mark.parametrize("action", ["delete", "replace"])
def test_a_protected_unit_keeps_what_is_stateful(stateful: World, action: str) -> None:
    with pytest.raises(Refused) as caught:
        refuse_losing_stateful(stateful.estate, [losing("prod", action)], ())
    assert shlex.split(caught.value.hint)[-2:] == ["--allow-loss", f"{at('prod')}:{TABLE}"]


@pytest.mark.parametrize(
    "changes",
    [
        losing("dev"),
        losing("prod", "create"),
        losing("prod", "update"),
        losing("prod", "delete", "aws_iam_role.this"),
    ],
)
def test_everything_else_may_go(stateful: World, changes: UnitChanges) -> None:
    refuse_losing_stateful(stateful.estate, [changes], ())
    with pytest.raises(Refused) as caught:
        refuse_losing_stateful(stateful.estate, [changes, losing("other")], ())
    assert caught.value.hint.count("--allow-loss") == 1


def test_a_name_that_is_not_lost_is_told(stateful: World) -> None:
    with pytest.raises(Refused) as caught:
        refuse_losing_stateful(stateful.estate, [losing("prod")], {f"{at('prod')}:other.x"})
    assert caught.value.hint.endswith(f"nothing that this plan loses: {at('prod')}:other.x")


def test_a_protection_that_guards_nothing_is_warned_of(stateful: World) -> None:
    assert unguarded(stateful.estate, stateful.graph) == ""
    bare = replace(stateful.estate, stateful=frozenset())
    assert str(at("prod")) in unguarded(bare, stateful.graph)
    assert unguarded(bare, [at("dev")]) == ""


def test_what_was_named_may_go_in_the_unit_that_was_named(stateful: World) -> None:
    both = [losing("prod"), losing("other", "replace"), losing("dev")]
    with pytest.raises(Refused) as caught:
        refuse_losing_stateful(stateful.estate, both, {f"{at('prod')}:{TABLE}"})
    assert f"{at('other')}:{TABLE}" in caught.value.hint
    assert str(at("prod")) not in caught.value.hint
    assert str(at("prod")) not in caught.value.message
    every = {f"{at(name)}:{TABLE}" for name in ("prod", "other")}
    refuse_losing_stateful(stateful.estate, both, every)
    with pytest.raises(Refused):
        refuse_losing_stateful(stateful.estate, both, {TABLE})


def orphaned(world: World, *selected: str) -> None:
    refuse_orphaning(world.graph, world.estate, [at(name) for name in selected], world.states)


def test_what_a_living_unit_needs_is_not_destroyed(chain: World) -> None:
    chain.hold("b")
    chain.hold("c")
    with pytest.raises(Refused) as caught:
        orphaned(chain, "a", "b")
    assert str(at("c")) in caught.value.message
    assert str(at("b")) not in caught.value.message
    with pytest.raises(Refused) as caught:
        orphaned(chain, "a")
    assert caught.value.message.index(str(at("b"))) < caught.value.message.index(str(at("c")))


@pytest.mark.parametrize("selected", ["c", "abc"])
def test_what_nobody_outside_needs_is_destroyed(chain: World, selected: str) -> None:
    for name in "abc":
        chain.hold(name)
    orphaned(chain, *selected)
    with pytest.raises(Refused):
        orphaned(chain, "a")


def test_what_is_gone_already_needs_nothing(chain: World) -> None:
    chain.store.states[str(at("b"))] = state_of("b")  # it holds no resource any more
    orphaned(chain, "a")
    chain.hold("c")
    with pytest.raises(Refused):
        orphaned(chain, "a")


@pytest.fixture
def backed(make: Make) -> World:
    """The unit `backend` makes the store of all states, and `app` has one there."""
    world = make(reads={"app": (), "backend": ()}, traits={"backend": {"bootstrap": True}})
    world.stores["backend"] = BootstrapStore(world.store, MemoryStore())
    world.hold("app")
    return world


def lost(world: World, *selected: str) -> None:
    refuse_losing_states(world.estate, [at(name) for name in selected], world.states)


OTHER = "acc/us-east-1/dev-a1/app"


@pytest.mark.parametrize("key", [OTHER, "acc/us-east-1/dev/gone"])
def test_a_backend_with_the_state_of_something_else_stays(backed: World, key: str) -> None:
    backed.store.states[key] = state_of("app", "terraform_data.this")
    with pytest.raises(Refused) as caught:
        lost(backed, "app", "backend")
    assert key in caught.value.message
    assert str(at("app")) not in caught.value.message
    lost(backed, "app")  # the backend stays, and so does that state


def test_a_unit_that_is_not_destroyed_with_its_backend_keeps_it(backed: World) -> None:
    with pytest.raises(Refused, match=str(at("app"))):
        lost(backed, "backend")


def test_an_empty_state_holds_no_backend_back(backed: World) -> None:
    backed.store.states[OTHER] = state_of("app")
    lost(backed, "app", "backend")
    backed.store.states[OTHER + "2"] = state_of("app", "terraform_data.this")
    with pytest.raises(Refused) as caught:
        lost(backed, "app", "backend")
    assert f"{OTHER}\n" not in f"{caught.value.message}\n"


def test_a_backend_that_is_not_there_holds_nothing(backed: World) -> None:
    backed.store.states[OTHER] = state_of("app", "terraform_data.this")
    backed.store.there = False
    lost(backed, "app", "backend")


def test_every_backend_is_looked_into(make: Make) -> None:
    """The first is not there: the second is looked into all the same."""
    bootstrap = {"bootstrap": True}
    world = make(reads={"a": (), "b": ()}, traits={"a": bootstrap, "b": bootstrap})
    world.stores["a"] = BootstrapStore(MemoryStore(there=False), MemoryStore())
    world.stores["b"] = BootstrapStore(world.store, MemoryStore())
    world.store.states[OTHER] = state_of("app", "terraform_data.this")
    with pytest.raises(Refused, match=OTHER):
        lost(world, "a", "b")


def test_a_missing_output_is_named_with_its_readers_and_the_way_out() -> None:
    one, two = at("one"), at("two")
    missing = {(two, "id"): {at("y")}, (one, "arn"): {at("z"), at("x")}, (one, "id"): {at("x")}}
    with pytest.raises(Refused) as caught:
        refuse_missing_upstream(missing)
    lines = [line.split() for line in caught.value.message.splitlines()[-3:]]
    assert [(line[0], line[2]) for line in lines] == [
        ("arn", str(one)),
        ("id", str(one)),
        ("id", str(two)),
    ]
    assert lines[0][-2:] == [f"{at('x')},", f"{at('z')})"]
    assert f"--select '+{one} +{two}'" in caught.value.hint
