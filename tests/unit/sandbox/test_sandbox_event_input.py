"""What a target of EventBridge receives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytg_sandbox.event_input import look_up, target_input

EVENT = {
    "id": "1",
    "time": "2030-01-01T00:00:00Z",
    "source": "docs",
    "detail": {"key": 'a "quoted" name', "items": [{"n": 1}], "size": 7},
}
RULE = {"name": "r", "arn": "arn:r"}


def transformed(template: str, **paths: str) -> str:
    target = {"InputTransformer": {"InputTemplate": template, "InputPathsMap": paths}}
    return target_input(target, EVENT, RULE)


def test_the_whole_event_an_input_or_a_part() -> None:
    assert json.loads(target_input({}, EVENT, RULE)) == EVENT
    assert target_input({"Input": "given"}, EVENT, RULE) == "given"
    assert target_input({"InputPath": "$.detail.size"}, EVENT, RULE) == "7"


@pytest.mark.parametrize(
    ("path", "found"),
    [("$", EVENT), ("$.detail.items[0].n", 1), ("$.detail.items[1]", None), ("$.no.where", None)],
)
def test_paths(path: str, found: Any) -> None:
    assert look_up(EVENT, path) == found


def test_values_become_json_or_part_of_a_text() -> None:
    text = transformed(
        '{"key": <key>, "size": <size>, "said": "it is <key> (<size>)",'
        ' "none": <gone>, "e": "<gone>"}',
        key="$.detail.key",
        size="$.detail.size",
        gone="$.detail.gone",
    )
    assert json.loads(text) == {
        "key": 'a "quoted" name',
        "size": 7,
        "said": 'it is a "quoted" name (7)',
        "none": None,
        "e": "",
    }


def test_predefined_variables() -> None:
    text = transformed('{"rule": "<aws.events.rule-name>", "event": <aws.events.event.json>}')
    assert json.loads(text) == {"rule": "r", "event": EVENT}
