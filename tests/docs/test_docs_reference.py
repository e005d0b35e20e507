"""The reference is what the code does."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytg.config.load import load_project
from pytg.errors import PytgError
from pytg.graph.build import build_graph
from pytg.graph.methods import LOOKED_UP, METHODS
from pytg.graph.selection import Selectors, select_units
from support.docs_blocks import ROOT

REFERENCE = ROOT / "docs" / "reference"


def rows(page: str, pattern: str) -> list[tuple[str, ...]]:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return re.findall(pattern, text, re.MULTILINE)


def test_what_is_generated_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make docs`:\n{done.stdout}{done.stderr}"


def errors(base: type[PytgError] = PytgError) -> Iterator[type[PytgError]]:
    yield base
    for child in base.__subclasses__():
        yield from errors(child)


def test_every_exit_code_is_listed() -> None:
    listed = {int(code) for code in rows("exit-codes.md", r"^\| (\d+) \|")}
    assert listed == {error.exit_code for error in errors()} | {0, 2}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = re.search(r"Exit codes: (.*?)\.\n", readme, re.DOTALL)
    assert said is not None
    assert {int(n) for n in re.findall(r"\b(\d+) ", said[1])} == listed


EXAMPLES = rows("selection.md", r"^\| `(.*)` \| (\d+) \| (.*) \|$")


@pytest.mark.parametrize(("expression", "count", "which"), EXAMPLES, ids=[r[0] for r in EXAMPLES])
def test_an_example_selects_what_is_said(
    estate_root: Path, expression: str, count: str, which: str
) -> None:
    estate = load_project(estate_root).estate
    selection = select_units(estate, build_graph(estate), Selectors(select=(expression,)))
    assert len(selection.units) == int(count)
    modules = {"api", "bucket", "kms", "replication", "table"}
    words = set(re.findall(r"\w+", which.split("; the ", maxsplit=1)[0]))
    said = modules if which == "all" else words
    assert {unit.module for unit in selection.units} == said & modules


def test_every_selecting_method_is_listed() -> None:
    listed = set(rows("selection.md", r"^\| `(\w+):` \|"))
    assert listed == {*METHODS, *LOOKED_UP} - {""}


CALLS = {
    "get_paginator": "s3:ListBucket",
    "head_bucket": "s3:ListBucket",
    "list_objects_v2": "s3:ListBucket",
    "list_object_versions": "s3:ListBucketVersions",
    "get_object": "s3:GetObject",
    "get_object of a version": "s3:GetObjectVersion",
    "put_object": "s3:PutObject",
    "delete_object": "s3:DeleteObject",
    "describe_table": "dynamodb:DescribeTable",
    "get_item": "dynamodb:GetItem",
    "put_item": "dynamodb:PutItem",
    "delete_item": "dynamodb:DeleteItem",
}


def calls() -> set[str]:
    """The operations of boto3 clients that states and locks are made of."""
    found = set()
    for file in ("s3_store.py", "s3_locks.py"):
        for node in ast.walk(ast.parse((ROOT / "pytg" / "state" / file).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                client = ast.unparse(node.func.value).removeprefix("self._")
                if client in {"s3", "dynamodb"}:
                    name = node.func.attr
                    old = any(each.arg == "VersionId" for each in node.keywords)
                    name = f"{name} of a version" if old else name
                    found.add(ast.literal_eval(node.args[0]) if name == "get_paginator" else name)
    return found


def test_the_permissions_are_those_of_the_calls() -> None:
    text = (REFERENCE / "state.md").read_text(encoding="utf-8")
    block = re.search(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    allowed: set[str] = set()
    for statement in json.loads(block[1])["Statement"]:
        actions = statement["Action"]
        allowed |= {actions} if isinstance(actions, str) else set(actions)
    assert allowed == {CALLS[call] for call in calls()}
    assert allowed <= set(re.findall(r"`(\w+:\w+)`", text))
