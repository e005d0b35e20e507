"""What a state holds is found, and what is sensitive in it is marked wherever it stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pytg.state.stored_objects import stored_objects

SECRET = "hunter2secret"
MASK = "(sensitive value)"


def attribute(name: str) -> dict[str, Any]:
    return {"type": "get_attr", "value": name}


def index(key: int | str) -> dict[str, Any]:
    return {"type": "index", "value": {"value": key, "type": "number"}}


def resource(module: str | None, name: str, *instances: dict[str, Any], **more: Any) -> Any:
    at = {"module": module} if module else {}
    kept = {"mode": "managed", "type": "terraform_data", "name": name, "provider": "p"}
    return {**at, **kept, "instances": list(instances), **more}


def shown(attributes: Any, *paths: list[Any], outputs: Any = None) -> Any:
    instance = {"attributes": attributes, "sensitive_attributes": list(paths)}
    state = {"outputs": outputs or {}, "resources": [resource("module.app", "x", instance)]}
    return stored_objects("app", state)[0].shown


def test_a_state_that_is_not_there_holds_nothing() -> None:
    assert stored_objects("app", None) == []


def test_addresses_are_those_inside_the_module_in_the_order_of_their_numbers() -> None:
    instances = [{"index_key": n, "attributes": {}} for n in (10, 9)]
    state = {
        "resources": [
            resource(None, "upstream", {}, mode="data"),
            resource(None, "beside", {}),
            resource("module.app", "x", *instances, {"index_key": 9, "deposed": "d"}),
            resource('module.app.module.y["k"]', "z", {}),
            resource("module.app", "read", {}, mode="data"),
            resource("module.apple", "x", {}),
        ]
    }
    found = [(str(each.address), each.deposed) for each in stored_objects("app", state)]
    assert found == [
        ("terraform_data.beside", ""),
        ("terraform_data.x[9]", ""),
        ("terraform_data.x[9]", "d"),
        ("terraform_data.x[10]", ""),
        ("module.apple.terraform_data.x", ""),
        ('module.y["k"].terraform_data.z', ""),
        ("data.terraform_data.read", ""),
    ]


def test_what_a_path_names_is_masked_and_nothing_else() -> None:
    attributes = {"a": {"b": ["x", "y"]}, "c": "z", "n": Decimal("3." + "3" * 40)}
    assert shown(attributes, [attribute("a"), attribute("b"), index(1)]) == {
        **attributes,
        "a": {"b": ["x", MASK]},
    }


@pytest.mark.parametrize(
    "path",
    [
        [attribute("a")],
        [attribute("a"), attribute("gone")],
        [attribute("a"), {"type": "index", "value": {"value": {"set": 1}, "type": ["object"]}}],
        [attribute("a"), index(7)],
    ],
)
def test_what_a_path_cannot_be_followed_into_is_masked_whole(path: list[Any]) -> None:
    assert shown({"a": ["x", "y"], "c": "z"}, path) == {"a": MASK, "c": "z"}


def test_a_path_to_nothing_hides_nothing_and_one_to_all_hides_all() -> None:
    assert shown({"a": "x"}, [attribute("gone"), attribute("b")]) == {"a": "x"}
    assert shown({"a": "x", "b": 1}, []) == {"a": MASK, "b": MASK}


def test_nothing_is_not_masked() -> None:
    assert shown({"a": None}, [attribute("a")])["a"] in (None, MASK)


def test_a_value_beside_its_type_is_shown_alone_and_paths_lead_into_it() -> None:
    kept = {"value": {"k": ["x", "y"]}, "type": ["object", {"k": ["tuple", ["string", "string"]]}]}
    assert shown({"input": kept}, [attribute("input"), attribute("k"), index(1)]) == {
        "input": {"k": ["x", MASK]}
    }
    assert shown({"type": "string", "value": "x"}) == {"type": "string", "value": "x"}
    assert shown({"rule": {"type": "A", "value": "x"}}) == {"rule": {"type": "A", "value": "x"}}


def test_a_secret_is_masked_where_it_stands_without_a_mark_too() -> None:
    attributes = {"input": SECRET, "output": f"is {SECRET}", "other": "short"}
    assert shown(attributes, [attribute("input")]) == {
        "input": MASK,
        "output": MASK,
        "other": "short",
    }
    outputs = {"password": {"value": SECRET, "type": "string", "sensitive": True}}
    assert shown({"output": [SECRET]}, outputs=outputs) == {"output": [MASK]}
