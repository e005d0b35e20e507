"""A line of a generated file leads back to the value it holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.generate.hcl import body
from pytg.generate.line import read_line
from pytg.model import Value

MAIN = """\
# a comment

# acc/a
module "acc__a" {
  source = "../x"

  n        = 12
  settings = {
    "a-b" = "x = y"
    list = [
      { c = 1 },
      [
        "d",
      ],
      module.b.obj.missing,
    ]
  }
}

output "acc__a__o" {
  value = module.acc__a.o
}
"""


def line_of(text: str) -> int:
    return next(i for i, line in enumerate(MAIN.splitlines(), 1) if text in line)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('module "acc__a"', ()),
        ("n        = 12", ("n",)),
        ("x = y", ("settings", "a-b")),
        ("c = 1", ("settings", "list", 0)),
        ('"d"', ("settings", "list", 1, 0)),
        ("missing", ("settings", "list", 2)),
    ],
)
def test_a_line_of_a_call_names_its_value(text: str, path: tuple[str | int, ...]) -> None:
    found = read_line(MAIN, line_of(text))
    assert found is not None
    assert (found.block, found.labels, found.path) == ("module", ("acc__a",), path)
    assert "source" in found.text
    assert "output" not in found.text


def test_a_line_of_another_block_is_that_one_s() -> None:
    found = read_line(MAIN, line_of("value ="))
    assert found is not None
    assert (found.block, found.labels, found.path) == ("output", ("acc__a__o",), ("value",))


@pytest.mark.parametrize("number", [0, 1, 2, 3, 99])
def test_what_is_in_no_block_says_nothing(number: int) -> None:
    assert read_line(MAIN, number) is None


def test_text_of_another_layout_says_nothing() -> None:
    assert read_line('  module "a" {\n    n = 1\n  }\n', 2) is None
    assert read_line("\tmodule {\n\t\tn = 1\n", 2) is None


def test_a_nested_block_is_a_step_on_the_way() -> None:
    text = 'provider "aws" {\n  region = "x"\n\n  assume_role {\n    role_arn = "y"\n  }\n}\n'
    found = read_line(text, 5)
    assert found is not None
    assert (found.labels, found.path) == (("aws",), ("assume_role", "role_arn"))


KEYS = st.text(min_size=1, max_size=6)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), VALUES, min_size=1))
def test_every_line_that_begins_a_value_leads_to_one(inputs: dict[str, Value]) -> None:
    """Whatever is written, the path of each line exists in it."""
    text = f'module "a" {{\n{body(inputs)}\n}}\n'
    for number, line in enumerate(text.split("\n"), 1):
        if re.fullmatch(r" *[}\]],?|", line):
            continue
        found = read_line(text, number)
        assert found is not None
        value: Value | dict[str, Value] = inputs
        for step in found.path:
            value = value[step]  # type: ignore[index, call-overload]  # a missing one fails the test
