"""The generated schemas: of the draft they name, as strict as what is written, and explained."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from record_world import NETWORK, SCHEMAS, STORAGE, create, validate

from pytg.record.run import Changes, Outcome, Result, Status
from pytg.record.schema import schemas

NAME = str(NETWORK)
EVENT = {"at": "2025-01-31T12:03:04.567Z", "type": "unit_finished", "unit": NAME}
FINISHED = EVENT | {"status": "failed", "reason": "", "besides": "", "changes": {}}
FINISHED["changes"] = dict.fromkeys(("create", "update", "replace", "delete"), 0)


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    record = create(tmp_path, parent_run_id="20250130T000000Z-abcdef")
    record.update_run(stages=[[STORAGE, NETWORK]], processes=2)
    record.begin(NETWORK)
    record.planned({NETWORK: Changes(create=3)})
    record.end({NETWORK: Outcome(Status.UNKNOWN, "killed", (STORAGE,), ("aws_vpc.main",))})
    return validate(record.finish(Result.FAILED, 1).path)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_one(name: str) -> None:
    schema = schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    assert schema["$id"] == f"urn:pytg:{name}:1"


def objects(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all objects in a document."""
    found = [path] if isinstance(node, dict) else []
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list):
            found += objects(value, (*path, key))
    return found


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def test_no_object_of_a_record_may_have_more_or_less(document: dict[str, Any]) -> None:
    schema = SCHEMAS["run"]
    paths = objects(document)
    assert len(paths) > 6
    for path in paths:
        more = copy.deepcopy(document)
        at(more, path)["more"] = 1
        assert not schema.is_valid(more), path
        for key in at(document, path):
            less = copy.deepcopy(document)
            del at(less, path)[key]
            assert schema.is_valid(less) == (path == ("units",)), (*path, key)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "urn:pytg:run:2"),
        (("pytg_version",), ""),
        (("run_id",), "20250130T000000Z-ABCDEF"),
        (("parent_run_id",), ""),
        (("command",), ""),
        (("args",), [1]),
        (("selection", "units"), [NAME, NAME]),
        (("selection", "units"), ["a/b/c"]),
        (("terraform", "version"), ""),
        (("mode",), "both"),
        (("started_at",), None),
        (("started_at",), "2025-01-31T12:03:04Z"),
        (("finished_at",), "2025-01-31T12:03:04.567+00:00"),
        (("result",), "fine"),
        (("exit_code",), 256),
        (("exit_code",), -1),
        (("stages",), [[NAME, NAME]]),
        (("processes",), -1),
        (("units", NAME, "status"), "fine"),
        (("units", NAME, "started_at"), ""),
        (("units", NAME, "reason"), None),
        (("units", NAME, "blocked_by"), [NAME, NAME]),
        (("units", NAME, "attempts"), -1),
        (("units", NAME, "changes", "create"), -1),
        (("units", NAME, "changes", "create"), 0.5),
        (("units", NAME, "unknown_resources"), [None]),
        (("units", NAME, "log"), 1),
    ],
)
def test_a_value_of_another_kind_is_not_of_the_schema(
    document: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    at(document, path[:-1])[path[-1]] = value
    assert not SCHEMAS["run"].is_valid(document)


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": "2025-01-31"},
        {"type": "unit_asleep"},
        {"type": "unit_started"},
        {"unit": "a/b/c"},
        {"status": "pending"},
        {"status": "running"},
        {"changes": {"create": 1}},
        {"reason": None},
    ],
)
def test_an_event_of_another_kind_is_not_of_the_schema(wrong: dict[str, Any]) -> None:
    assert SCHEMAS["event"].is_valid(FINISHED)
    assert not SCHEMAS["event"].is_valid(FINISHED | wrong)


def test_a_run_that_goes_on_has_not_finished() -> None:
    finished = {"at": EVENT["at"], "type": "run_finished", "result": "failed", "exit_code": 1}
    assert SCHEMAS["event"].is_valid(finished)
    assert not SCHEMAS["event"].is_valid(finished | {"result": "running"})


def names(schema: Any) -> set[str]:
    """Every name of a property, and every word that a field is limited to."""
    if isinstance(schema, list):
        return set().union(*map(names, schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", {})) | set(schema.get("enum", []))
    found |= {schema["const"]} if "const" in schema else set()
    return found.union(*map(names, schema.values()))


@pytest.mark.parametrize("name", sorted(schemas()))
def test_every_field_is_explained_in_the_reference(name: str) -> None:
    text = (Path(__file__).parents[3] / "docs/reference/record.md").read_text()
    explained = set(re.findall(r"`([^`\n]+)`", text))
    described = names(schemas()[name])

    assert len(described) > 20
    assert described <= explained


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_reference_holds_the_schema_of_now(name: str) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "schemas" / f"{name}.schema.json"
    assert json.loads(page.read_text()) == schemas()[name]
