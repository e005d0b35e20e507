"""The table of merge rules in the documents, and its algebra."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.config.merge import merge, merge_levels
from pytg.config.node import Node
from pytg.errors import Position, Problem

DOCUMENT = Path(__file__).parents[3] / "docs/reference/configuration.md"
EXAMPLES: dict[str, list[tuple[Any, Any, Any]]] = {
    "map": [
        ({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}, {"a": 1, "b": {"c": 2, "d": 3}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    ],
    "scalar": [({"a": 1}, {"a": "x"}, {"a": "x"}), ({"a": [1]}, {"a": 2}, {"a": 2})],
    "list": [({"a": [1, 2]}, {"a": [3]}, {"a": [3]}), ({"a": 1}, {"a": [2]}, {"a": [2]})],
    "`null`": [({"a": {"b": 1}}, {"a": None}, {"a": None}), ({"a": 1}, {"a": None}, {"a": None})],
    "anything over `null`": [({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}})],
    "map over scalar or list, scalar or list over map": [
        ({"a": 1}, {"a": {"b": 1}}, Problem),
        ({"a": [1]}, {"a": {"b": 1}}, Problem),
        ({"a": {"b": 1}}, {"a": 1}, Problem),
        ({"a": {"b": 1}}, {"a": [1]}, Problem),
    ],
}


def node(value: Any, file: str = "f.yaml", line: int = 1) -> Node:
    at = Position(Path(file), line)
    if isinstance(value, dict):
        return Node({k: node(v, file, line) for k, v in value.items()}, at, at)
    if isinstance(value, list):
        return Node(tuple(node(v, file, line) for v in value), at, at)
    return Node(value, at, at)


def documented() -> list[str]:
    text = DOCUMENT.read_text(encoding="utf-8").split("| kind of value |")[1].split("\n\n")[0]
    return re.findall(r"^\| ([^-|].+?) \| .+ \|$", text, re.MULTILINE)


def test_every_documented_rule_has_examples() -> None:
    assert documented() == list(EXAMPLES)


@pytest.mark.parametrize(("rule", "example"), [(r, e) for r, es in EXAMPLES.items() for e in es])
def test_a_documented_rule_holds(rule: str, example: tuple[Any, Any, Any]) -> None:
    below, above, expected = example
    problems: list[Problem] = []
    merged = merge(node(below, "below.yaml", 3), node(above, "above.yaml", 5), problems.append)
    if expected is Problem:
        assert len(problems) == 1, rule
        assert str(problems[0].position) == "above.yaml:5"
        assert "below.yaml:3" in problems[0].hint
    else:
        assert (merged.plain, problems) == (expected, []), rule


def test_the_trail_names_all_that_was_overridden_nearest_first() -> None:
    levels = [node({"a": value}, f"{value}.yaml") for value in ("one", "two", "three")]
    merged = merge_levels(levels, pytest.fail)
    found = merged.find("a")
    assert found is not None
    assert (found.value, str(found.position)) == ("three", "three.yaml:1")
    assert [(n.value, str(n.position)) for n in found.overrode] == [
        ("two", "two.yaml:1"),
        ("one", "one.yaml:1"),
    ]


def test_a_map_after_null_starts_anew() -> None:
    levels = [node({"a": {"b": 1}}), node({"a": None}), node({"a": {"c": 2}})]
    assert merge_levels(levels, pytest.fail).plain == {"a": {"c": 2}}


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
levels_of = st.dictionaries(st.sampled_from("abc"), values, max_size=3)
leaves = st.dictionaries(st.sampled_from("abc"), scalars | st.lists(scalars, max_size=2))
like_levels = st.fixed_dictionaries(
    {}, optional={"map": leaves, "deep": st.builds(lambda m: {"m": m}, leaves), "leaf": scalars}
)


@given(levels_of, levels_of, levels_of)
def test_merge_is_associative(a: Any, b: Any, c: Any) -> None:
    one, two, three = node(a, "a"), node(b, "b"), node(c, "c")
    left: list[Problem] = []
    right: list[Problem] = []
    folded = merge(merge(one, two, left.append), three, left.append)
    other = merge(one, merge(two, three, right.append), right.append)
    assert folded.plain == other.plain
    assert left or not right  # what a later level hides is a problem to those before it only


@given(like_levels, like_levels, like_levels)
def test_merge_is_associative_in_places_and_trails(a: Any, b: Any, c: Any) -> None:
    one, two, three = node(a, "a"), node(b, "b"), node(c, "c")
    folded = merge(merge(one, two, pytest.fail), three, pytest.fail)
    assert folded == merge(one, merge(two, three, pytest.fail), pytest.fail)


@given(levels_of)
def test_an_empty_level_changes_nothing_but_the_position(a: Any) -> None:
    level, empty = node(a), node({})
    assert merge(empty, level, pytest.fail) == level
    assert merge(level, empty, pytest.fail) == replace(level, position=empty.position)
