"""States whose unit has left the configuration."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from run_words import RESOURCE, at, state_of
from run_world import World

from pytg.errors import PytgError
from pytg.model import Address
from pytg.run.orphans import orphans
from support.memory_store import MemoryStore

Make = Callable[..., World]
KEY = "{}/terraform.tfstate"


def put(world: World, address: Address | str, *resources: str) -> None:
    world.store.states[KEY.format(address)] = state_of("gone", *resources)


def test_what_holds_resources_and_is_not_configured_is_found_in_order(chain: World) -> None:
    for name in ("zone", "gone"):
        put(chain, at(name), RESOURCE)
    assert orphans(chain.execution()) == [at("gone"), at("zone")]


def test_what_is_configured_is_none_whether_or_not_it_is_selected(chain: World) -> None:
    put(chain, at("b"), RESOURCE)
    assert orphans(chain.execution("a")) == []


def test_an_empty_state_is_none(chain: World) -> None:
    put(chain, at("gone"))
    assert orphans(chain.execution()) == []


@pytest.mark.parametrize(
    "address", ["acc/us-east-1/prod/gone", "other/us-east-1/dev/gone", "acc/us-east-1/dev-a1/gone"]
)
def test_what_lies_in_another_environment_is_none(chain: World, address: str) -> None:
    put(chain, address, RESOURCE)
    assert orphans(chain.execution()) == []


def test_another_region_of_the_environment_is_looked_into(chain: World) -> None:
    put(chain, "acc/eu-west-1/dev/gone", RESOURCE)
    assert orphans(chain.execution()) == [Address("acc", "eu-west-1", "dev", "gone")]


@pytest.mark.parametrize("key", ["acc/notes.txt", "acc/us-east-1/dev/gone/more/terraform.tfstate"])
def test_what_is_no_unit_s_state_is_left_alone(chain: World, key: str) -> None:
    chain.store.states[key] = state_of("gone", RESOURCE)
    assert orphans(chain.execution()) == []


def test_every_backend_of_the_selection_is_looked_into(make: Make) -> None:
    world = make(reads={"a": (), "b": ()})
    own = MemoryStore()
    world.stores["b"] = own
    own.states[KEY.format(at("gone"))] = state_of("gone", RESOURCE)
    assert orphans(world.execution("a")) == []
    assert orphans(world.execution()) == [at("gone")]


def test_a_backend_that_is_not_there_holds_nothing(chain: World) -> None:
    put(chain, at("gone"), RESOURCE)
    chain.store.there = False
    assert orphans(chain.execution()) == []


def test_what_is_no_state_is_not_taken_for_an_empty_one(chain: World) -> None:
    chain.store.states[KEY.format(at("gone"))] = b"{}"
    with pytest.raises(PytgError):
        orphans(chain.execution())
