"""One line of Terraform's JSON stream becomes one event."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pytg.terraform.event_stream import parse_line

RESOURCE = {"addr": "module.a.aws_s3_bucket.this", "resource_type": "aws_s3_bucket"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(["type", "change", "hook", "outputs", "diagnostic", "@message", "@level"])


def test_a_planned_change_carries_address_and_action() -> None:
    change = {"resource": RESOURCE, "action": "replace", "reason": "cannot_update"}
    event = parse_line(json.dumps({"type": "planned_change", "@message": "m", "change": change}))
    assert (event.type, event.message) == ("planned_change", "m")
    assert (event.address, event.action) == (RESOURCE["addr"], "replace")


def test_a_hook_carries_the_address_too() -> None:
    hook = {"resource": RESOURCE, "action": "create", "id_value": "x"}
    event = parse_line(json.dumps({"type": "apply_complete", "hook": hook}))
    assert (event.address, event.action) == (RESOURCE["addr"], "create")
    assert event.raw["hook"]["id_value"] == "x"


def test_a_diagnostic_carries_place_and_snippet() -> None:
    diagnostic = {
        "severity": "error",
        "summary": "Invalid for_each argument",
        "detail": "The keys are not known.",
        "address": "aws_s3_bucket.this",
        "range": {"filename": "../main.tf", "start": {"line": 7, "column": 3}},
        "snippet": {"code": "  for_each = var.x"},
    }
    event = parse_line(json.dumps({"type": "diagnostic", "diagnostic": diagnostic}))
    found = event.diagnostic
    assert found is not None
    assert (found.file, found.line, found.snippet) == ("../main.tf", 7, "  for_each = var.x")
    assert event.address == "aws_s3_bucket.this"
    assert str(found) == (
        "aws_s3_bucket.this: Invalid for_each argument (../main.tf:7)\nThe keys are not known."
    )


def test_the_value_of_a_sensitive_output_is_taken_out() -> None:
    outputs = {
        "password": {"sensitive": True, "type": "string", "value": "hunter2"},
        "name": {"sensitive": False, "type": "string", "value": "plain"},
    }
    event = parse_line(json.dumps({"type": "outputs", "outputs": outputs}))
    assert "hunter2" not in repr(event)
    assert event.raw["outputs"]["name"]["value"] == "plain"


def test_what_is_not_json_is_kept_as_text() -> None:
    assert parse_line("panic: runtime error").type == "text"
    assert parse_line("panic: runtime error").message == "panic: runtime error"
    assert parse_line('{"no": "type"}').type == "text"


@given(st.dictionaries(KEYS, ANY_JSON))
def test_no_line_can_break_the_reader(line: dict[str, object]) -> None:
    event = parse_line(json.dumps({"type": "diagnostic", **line}))
    assert event.diagnostic is None or event.type == "diagnostic"


def test_a_diagnostic_names_its_block_and_the_values_in_it() -> None:
    values = [{"traversal": "var.n", "statement": "is 12"}, None]
    snippet = {"context": 'module "a"', "code": "  n = 12", "values": values}
    said = {"severity": "error", "summary": "No", "snippet": snippet}
    found = parse_line(json.dumps({"type": "diagnostic", "diagnostic": said})).diagnostic
    assert found is not None
    assert found.context == 'module "a"'
    assert found.values[0] == ("var.n", "is 12")
