"""Whose lifecycle `create_before_destroy` in a unit's state is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytg.compose.lifecycle import own_lifecycles, replaced_early
from pytg.compose.shape import Shape
from pytg.compose.state_merge import empty_state, merge_states, split_state
from pytg.model import Address

STORAGE = Address("docs", "us-east-1", "dev", "storage")
SHAPE = Shape(STORAGE, STORAGE.slug, "storage", early=frozenset({"module.in.aws_x.top"}))


def resource(name: str, *needs: str, module: str = "module.storage") -> dict[str, Any]:
    instance: dict[str, Any] = {"attributes": {"id": name}, "create_before_destroy": True}
    if needs:
        instance["dependencies"] = list(needs)
    kind = {"module": module, "mode": "managed", "type": "aws_x", "name": name}
    return {**kind, "provider": 'provider["aws"]', "instances": [instance, dict(instance)]}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return empty_state("l") | {"serial": 1, "resources": list(resources)}


STATE = state(
    resource("top", "module.storage.aws_x.low", module='module.storage.module.in["a.b"]'),
    resource("low"),
    resource("leaked"),
)


def flagged(found: dict[str, Any]) -> set[str]:
    return {
        r["name"]
        for r in found["resources"]
        for i in r["instances"]
        if "create_before_destroy" in i
    }


def test_it_is_kept_where_the_module_says_so_and_below() -> None:
    assert replaced_early(SHAPE, STATE) == {"module.in.aws_x.top", "aws_x.low"}
    assert flagged(own_lifecycles(SHAPE, STATE)) == {"top", "low"}


def test_a_merge_and_a_split_take_out_what_leaked() -> None:
    merged = merge_states([(replace(SHAPE, counted=True), STATE)])
    assert flagged(merged) == {"top", "low"}
    leaking = merge_states([(replace(SHAPE, early=None), STATE)])
    assert flagged(leaking) == {"top", "low", "leaked"}
    assert flagged(split_state(leaking, [SHAPE])[SHAPE.slug]) == {"top", "low"}


def test_a_module_that_is_not_read_keeps_its_own() -> None:
    shape = replace(SHAPE, early=frozenset({"module.in."}))
    inner = resource("own", module="module.storage.module.in")
    assert flagged(own_lifecycles(shape, state(inner, resource("leaked")))) == {"own"}


def test_a_unit_without_a_state_has_what_its_module_says() -> None:
    assert replaced_early(SHAPE, None) == SHAPE.early
    assert replaced_early(replace(SHAPE, early=None), STATE) is None
