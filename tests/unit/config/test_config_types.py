"""Literals against Terraform's types: what pytg says is what Terraform says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pytg.config.types import ANY, mismatches, parse_type
from pytg.model import Address, Reference, Template, Value

OBJECT = 'object({ a = string, b = optional(number, "1"), c = optional(list(bool), ["1", true]) })'
CASES: list[tuple[str, Value, bool]] = [
    ("object({ größe = string, हिन्दी = optional(number) })", {"größe": "x"}, True),
    ("object({ größe = string, हिन्दी = optional(number) })", {"größe": ["x"]}, False),
    ("string", "x", True),
    ("string", 1, True),
    ("string", True, True),
    ("string", ["x"], False),
    ("string", {"a": "x"}, False),
    ("number", 1, True),
    ("number", 1.5, True),
    ("number", "1e3", True),
    ("number", "-12", True),
    ("number", "0x10", False),
    ("number", " 1", False),
    ("number", "ten", False),
    ("number", True, False),
    ("bool", True, True),
    ("bool", "true", True),
    ("bool", "1", True),
    ("bool", "0", True),
    ("bool", "True", False),
    ("bool", "yes", False),
    ("bool", 1, False),
    ("list(string)", ["a", 1, True], True),
    ("list(string)", [], True),
    ("list(string)", "a", False),
    ("list(string)", {"a": "b"}, False),
    ("list(number)", ["1", 2], True),
    ("list(number)", ["x"], False),
    ("set(string)", ["a", "a"], True),
    ("map(string)", {"a": 1, "b": "x"}, True),
    ("map(string)", {"a": ["x"]}, False),
    ("map(string)", ["a"], False),
    ("map(list(number))", {"a": ["1"]}, True),
    ("map(list(number))", {"a": [["1"]]}, False),
    ("tuple([string, number])", ["a", "1"], True),
    ("tuple([string, number])", ["a"], False),
    ("tuple([string, number])", ["a", "b"], False),
    (OBJECT, {"a": "x"}, True),
    (OBJECT, {"a": 1, "b": "2", "c": ["true"]}, True),
    (OBJECT, {"a": "x", "zzz": 1}, True),
    (OBJECT, {"a": "x", "c": "true"}, False),
    (OBJECT, {"b": 1}, False),
    (OBJECT, ["x"], False),
    ("list(object({ a = string }))", [{"a": "x"}, {"a": 1}], True),
    ("list(object({ a = string }))", [{"a": "x"}, {}], False),
    ("any", {"a": [1, "x"]}, True),
]


def verdict(kind: str, value: Value) -> bool:
    return not list(mismatches(value, parse_type(kind)))


@pytest.mark.parametrize(("kind", "value", "fits"), CASES)
def test_literals_are_checked(kind: str, value: Value, fits: bool) -> None:  # noqa: FBT001 - a case
    assert verdict(kind, value) is fits


@pytest.mark.skipif(not shutil.which("terraform"), reason="needs terraform")
def test_terraform_says_the_same(tmp_path: Path) -> None:
    calls = {}
    for index, (kind, value, _) in enumerate(CASES):
        name = f"m{index}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(f'variable "v" {{\n  type = {kind}\n}}\n')
        calls[name] = {"source": f"./{name}", "v": value}
    (tmp_path / "main.tf.json").write_text(json.dumps({"module": calls}))
    environment = {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}

    def terraform(*arguments: str) -> str:
        command = ["terraform", *arguments]
        run = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return run.stdout

    terraform("init", "-backend=false", "-input=false")
    lines = [json.loads(line) for line in terraform("plan", "-json", "-input=false").splitlines()]
    details = [line["diagnostic"]["detail"] for line in lines if line["type"] == "diagnostic"]
    refused = {name for name in calls if any(f"module.{name}.var" in d for d in details)}
    assert refused == {f"m{i}" for i, (_, _, fits) in enumerate(CASES) if not fits}


def test_references_fit_every_type_and_texts_fit_primitives() -> None:
    reference = Reference(Address("a", "r", "e", "m"), "o")
    template = Template(("x", reference))
    assert all(verdict(kind, reference) for kind in ("string", "list(string)", OBJECT))
    assert [verdict(kind, template) for kind in ("string", "number", "list(string)")] == [
        True,
        True,
        False,
    ]
    assert verdict("list(string)", [reference, template])


def test_null_may_stand_anywhere_inside() -> None:
    assert verdict(OBJECT, {"a": None})
    assert verdict("list(string)", [None])


def test_a_message_says_where_inside() -> None:
    kind = parse_type("map(object({ days = list(number) }))")
    value: Value = {"x": {"days": [1, "two"]}}
    assert list(mismatches(value, kind)) == ["at `x.days[1]`: number required, not text `two`"]


def test_a_slip_in_an_optional_attribute_is_told() -> None:
    kind = parse_type("object({ days = optional(number) })")
    value: Value = {"dayz": 3}
    (message,) = mismatches(value, kind)
    assert "did you mean `days`?" in message


@pytest.mark.parametrize("text", [None, "", "what(string)", "object({", "list(", "tuple(string)"])
def test_what_is_not_understood_is_any(text: str | None) -> None:
    assert parse_type(text) == ANY
