"""What a target of EventBridge receives. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")


def target_input(
    target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, str]
) -> str:
    """The text a target receives for an event.

    rule: `name` and `arn` of the rule, for the predefined variables.
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(look_up(event, target["InputPath"]))
    if transformer := target.get("InputTransformer"):
        paths = transformer.get("InputPathsMap") or {}
        found = {name: look_up(event, path) for name, path in paths.items()}
        predefined = {
            "aws.events.rule-arn": rule["arn"],
            "aws.events.rule-name": rule["name"],
            "aws.events.event.ingestion-time": event["time"],
            "aws.events.event": {k: v for k, v in event.items() if k != "detail"},
            "aws.events.event.json": event,
        }
        return _filled(transformer["InputTemplate"], {**predefined, **found})
    return json.dumps(event)


def look_up(document: Any, path: str) -> Any:
    """What a path such as `$.detail.items[0]` leads to; None when nothing is there."""
    found = document
    for name, number, quoted in STEP.findall(path.removeprefix("$")):
        try:
            found = found[int(number)] if number else found[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Inside quotes a value becomes part of the text; outside it is JSON."""
    parts: list[str] = []
    end = 0
    quoted = False
    for variable in VARIABLE.finditer(template):
        between = template[end : variable.start()]
        quoted ^= len(re.findall(r'(?<!\\)"', between)) % 2 == 1
        end = variable.end()
        value = values.get(variable[1])
        parts += [between, _inside(value) if quoted else json.dumps(value)]
    return "".join([*parts, template[end:]])


def _inside(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]
