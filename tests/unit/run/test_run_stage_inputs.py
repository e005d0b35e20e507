"""What a stage is planned from: values of states, null where that is meant, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from run_words import at, stage, state_of
from run_world import World

from pytg.errors import Refused
from pytg.model import Reference, Template, Value
from pytg.run.stage_inputs import StageInputs, read_stage_inputs

Make = Callable[..., World]


def reading(make: Make, value: Value) -> World:
    """`app` has the input `value`; `up` and `side` are other units."""
    return make(reads={"up": (), "side": (), "app": ()}, traits={"app": {"inputs": {"x": value}}})


def read(world: World, *names: str, destroy: bool = False) -> StageInputs:
    return read_stage_inputs(world.execution(destroy=destroy), stage(*names))


def outputs(world: World, name: str, values: Mapping[str, Value]) -> None:
    world.store.states[str(at(name))] = state_of(name, "terraform_data.this", outputs=values)


def test_an_output_from_outside_comes_from_the_state_with_its_type(make: Make) -> None:
    both = Template(("a", Reference(at("up"), "arn"), Reference(at("side"), "id")))
    world = reading(make, {"nested": [both, "plain"]})
    outputs(world, "up", {"arn": "one", "other": "unread"})
    outputs(world, "side", {"id": "two"})
    found = read(world, "app")
    assert found.literals == {(at("up"), "arn"): "one", (at("side"), "id"): "two"}
    assert found.types == {(at("up"), "arn"): "string", (at("side"), "id"): "string"}
    assert not found.missing
    assert set(found.held) == {at("up"), at("side"), at("app")}
    assert [unit.address for unit in found.units] == [at("app")]


def test_inside_a_stage_nothing_is_read_from_states(make: Make) -> None:
    world = reading(make, Reference(at("up"), "arn"))
    outputs(world, "up", {"arn": "old"})
    found = read(world, "up", "app")
    assert found.literals == {}
    assert set(found.held) == {at("up"), at("app")}


@pytest.mark.parametrize("value", ["", 0, False, []])
def test_a_value_that_is_nothing_much_is_a_value(make: Make, value: Value) -> None:
    world = reading(make, Reference(at("up"), "arn"))
    outputs(world, "up", {"arn": value})
    assert read(world, "app").literals == {(at("up"), "arn"): value}


def test_an_output_that_is_null_is_in_no_state_and_must_be_meant(make: Make) -> None:
    """Of a unit that was applied an optional output is null; of another nobody knows."""
    world = reading(make, Reference(at("up"), "arn", optional=True))
    with pytest.raises(Refused):
        read(world, "app")
    outputs(world, "up", {"other": "x"})
    found = read(world, "app")
    assert found.literals == {}
    assert not found.missing


@pytest.mark.parametrize("applied", [True, False])
def test_what_must_be_there_and_is_not_is_refused(make: Make, *, applied: bool) -> None:
    world = reading(make, Reference(at("up"), "arn"))
    if applied:
        outputs(world, "up", {"other": "x"})
    with pytest.raises(Refused) as caught:
        read(world, "app")
    assert f"+{at('up')}" in caught.value.hint
    assert str(at("app")) in caught.value.message


def test_one_missing_output_is_not_hidden_by_another_that_is_there(make: Make) -> None:
    two = [Reference(at("up"), "arn"), Reference(at("up"), "id")]
    world = reading(make, two)
    outputs(world, "up", {"arn": "one"})
    with pytest.raises(Refused) as caught:
        read(world, "app")
    assert caught.value.message.count(str(at("up"))) == 1


def test_every_reader_of_a_missing_output_is_named(make: Make) -> None:
    read_it = {"inputs": {"x": Reference(at("up"), "arn")}}
    world = make(reads={"up": (), "a": (), "b": ()}, traits={"a": read_it, "b": read_it})
    with pytest.raises(Refused) as caught:
        read(world, "a", "b")
    assert f"{at('a')}, {at('b')}" in caught.value.message


def test_a_destroy_goes_on_without_the_output(make: Make) -> None:
    two = [Reference(at("up"), "arn"), Reference(at("side"), "id")]
    world = reading(make, two)
    outputs(world, "side", {"id": "two"})
    found = read(world, "app", destroy=True)
    assert found.missing
    assert found.literals == {(at("side"), "id"): "two"}


def test_a_destroy_with_all_outputs_misses_none(make: Make) -> None:
    world = reading(make, Reference(at("up"), "arn"))
    outputs(world, "up", {"arn": "one"})
    assert read(world, "app", destroy=True) == replace(read(world, "app"), missing=False)
