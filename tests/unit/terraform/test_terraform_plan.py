"""Saved plans are read, and their differences shown without anything secret."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg import exact_json
from pytg.errors import Refused
from pytg.terraform.difference import Values, differences
from pytg.terraform.environment import environment
from pytg.terraform.plan import read_plan, show_json

SCALARS = st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b", "{}"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({}, optional=dict.fromkeys("xyz", inner))
    ),
    max_leaves=8,
)


def lines(before: Any, after: Any, **more: Any) -> list[str]:
    places = more.pop("replace_paths", ())
    return list(differences(Values(before, after, **more), places))


def test_only_what_changes_is_shown_with_its_path() -> None:
    before = {"name": "a", "tags": {"Name": "x", "old one": "y"}, "rule": [{"id": 1}], "same": [1]}
    after = {"name": "b", "tags": {"Name": "z"}, "rule": [{"id": 1}, {"id": 2}], "same": [1]}
    assert lines(before, after) == [
        '~ name: "a" -> "b"',
        "+ rule[1].id: 2",
        '~ tags.Name: "x" -> "z"',
        '- tags["old one"]: "y"',
    ]


def test_a_number_differs_in_its_last_digit() -> None:
    third = "0." + "3" * 60
    before, after = exact_json.loads(f'[{{"n": {third}}}, {{"n": {third}4}}]')
    assert lines(before, after) == [f"~ n: {third} -> {third}4"]
    assert lines({"policy": f"[{third}]"}, {"policy": f"[{third}4]"}) == [
        f"~ policy[0]: {third} -> {third}4"
    ]


def test_unknown_values_are_not_guessed() -> None:
    after = {"name": "b"}
    unknown = {"id": True, "tags": {"owner": True}}
    assert lines(None, after, unknown=unknown) == [
        "+ id: (known after apply)",
        '+ name: "b"',
        "+ tags.owner: (known after apply)",
    ]
    assert lines({"id": "i-1"}, {}, unknown={"id": True}) == ['~ id: "i-1" -> (known after apply)']


def test_what_is_sensitive_somewhere_is_hidden_everywhere() -> None:
    """`terraform_data.output` repeats a sensitive input without a mark."""
    change = {
        "actions": ["update"],
        "before": {"input": {"k": "s3cr3t-1"}, "output": {"k": "s3cr3t-1", "n": "name"}},
        "after": {"input": {"k": "s3cr3t-2"}, "output": {"k": "x s3cr3t-2", "n": "none"}},
        "before_sensitive": {"input": {"k": True}},
        "after_sensitive": {"input": {"k": True}},
    }
    url = {"actions": ["create"], "before": None, "after": {"url": ["db://s3cr3t-3@host", "a"]}}
    document = {
        "format_version": "1.2",
        "resource_changes": [
            {"address": f"terraform_data.{name}", "type": "t", "name": name, "change": found}
            for name, found in (("a", change), ("b", url))
        ],
        "output_changes": {
            "password": {
                "actions": ["update"], "before": "s3cr3t-3", "after": "new-one",
                "before_sensitive": True, "after_sensitive": True,
            },
        },
    }  # fmt: skip
    shown = [change.differences for change in read_plan(document).changes]
    assert "s3cr3t" not in str(shown)
    assert '~ output.n: "name" -> "none"' in shown[0]
    assert '+ url[1]: "a"' in shown[1]


def test_sensitive_values_are_hidden_on_both_sides() -> None:
    before, after = {"password": "old", "user": "a"}, {"password": "new", "user": "b"}
    for side in ("before_sensitive", "after_sensitive"):
        assert lines(before, after, **{side: {"password": True}}) == [
            "~ password: (sensitive value) -> (sensitive value)",
            '~ user: "a" -> "b"',
        ]
    assert lines({"p": "x"}, {"p": "x"}, after_sensitive={"p": True}) == []


def test_what_forces_a_replacement_is_marked() -> None:
    assert lines(
        {"bucket": "a", "rule": [{"id": 1, "on": 1}]},
        {"bucket": "b", "rule": [{"id": 2, "on": 2}]},
        replace_paths=(("bucket",), ("rule", 0, "id")),
    ) == [
        '~ bucket: "a" -> "b"  # forces replacement',
        "~ rule[0].id: 1 -> 2  # forces replacement",
        "~ rule[0].on: 1 -> 2",
    ]


def test_policies_are_compared_inside() -> None:
    old = {"Statement": [{"Effect": "Allow", "Action": "s3:Get*"}]}
    new = {"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}
    before, after = {"policy": json.dumps(old)}, {"policy": json.dumps(new, indent=2)}
    assert lines(before, after) == ['~ policy.Statement[0].Action: "s3:Get*" -> "s3:*"']
    assert lines(before, after, after_sensitive={"policy": True}) == [
        "~ policy: (sensitive value) -> (sensitive value)"
    ]


def test_a_number_is_not_a_truth_value_and_a_line_is_one_line() -> None:
    assert lines({"a": 1}, {"a": True}) == ["~ a: 1 -> true"]
    assert lines({"a": "x"}, {"a": "x\n\x1b[31m"}) == ['~ a: "x" -> "x\\n\\u001b[31m"']


@given(VALUES)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert lines(value, value) == []


@given(VALUES, VALUES)
def test_what_is_sensitive_as_a_whole_never_shows(before: Any, after: Any) -> None:
    shown = lines({"s": before}, {"s": after}, before_sensitive={"s": True})
    assert shown in (
        [],
        ["~ s: (sensitive value) -> (sensitive value)"],
        ["+ s: (sensitive value)"],
        ["- s: (sensitive value)"],
    )


@given(st.none() | VALUES, st.none() | VALUES)
def test_no_difference_is_lost(before: Any, after: Any) -> None:
    texts = {json.dumps(value, sort_keys=True) for value in (before, after)}
    assert bool(lines(before, after)) is (len(texts) == 2)


def test_a_plan_of_an_unknown_format_is_refused() -> None:
    with pytest.raises(Refused, match=r"format 2\.0"):
        read_plan({"format_version": "2.0"})


def test_actions_are_named_as_in_the_event_stream() -> None:
    def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
        return {"address": address, "type": "t", "change": {"actions": list(actions), **more}}

    plan = read_plan(
        {
            "format_version": "1.2",
            "resource_changes": [
                change("f", "no-op"),
                change("e", "delete"),
                change("d", "create", "delete", replace_paths=[["a", 0]]),
                change("c", "delete", "create"),
                change("b", "forget"),
                change("a", "create"),
            ],
        }
    )
    assert [c.action for c in plan.changes] == [
        "create",
        "remove",
        "replace",
        "replace",
        "delete",
        "noop",
    ]
    assert plan.changes[3].replace_paths == (("a", 0),)


def test_a_real_plan(tmp_path: Path) -> None:
    real = shutil.which("terraform")
    assert real is not None
    (tmp_path / "m").mkdir()
    (tmp_path / "m/main.tf").write_text(
        'variable "s" {\n  sensitive = true\n}\n'
        'resource "terraform_data" "this" {\n  input = { s = var.s, t = "plain" }\n}\n'
    )
    (tmp_path / "main.tf").write_text(
        textwrap.dedent("""
        module "m" {
          source = "./m"
          s      = "hunter2"
        }
        output "o" {
          value     = "hunter2"
          sensitive = true
        }
        output "p" {
          value = "plain"
        }
        """)
    )
    env = environment(os.environ, emulator=True)
    for arguments in (["init"], ["plan", "-out=p"]):
        subprocess.run([real, *arguments], cwd=tmp_path, env=env, check=True, capture_output=True)
    plan = read_plan(exact_json.loads(show_json(Path(real), tmp_path, Path("p"), env)))
    (change,) = plan.changes
    assert (change.address, change.action) == ("module.m.terraform_data.this", "create")
    assert change.differences == (
        "+ id: (known after apply)",
        "+ input.s: (sensitive value)",
        '+ input.t: "plain"',
        "+ output: (known after apply)",
    )
    assert [o.differences for o in plan.outputs] == [
        ("+ o: (sensitive value)",),
        ('+ p: "plain"',),
    ]
    assert "hunter2" not in repr(plan)
