"""Whether a later plan keeps to the values that were shown."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytg import exact_json
from pytg.terraform.difference import Values, uncovered

JSON = st.recursive(  # without null, which stands for what is not there, too
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(JSON, JSON)
def test_a_known_value_is_covered_by_itself_alone(value: Any, other: Any) -> None:
    shown = Values(None, value)
    assert list(uncovered(shown, shown)) == []
    same = exact_json.dumps(value, sort_keys=True) == exact_json.dumps(other, sort_keys=True)
    assert (list(uncovered(shown, Values(None, other))) == []) is same


@given(JSON)
def test_what_was_unknown_may_be_anything_and_what_was_known_stays_known(value: Any) -> None:
    assert list(uncovered(Values(None, None, unknown=True), Values(None, value))) == []
    assert list(uncovered(Values(None, value), Values(None, None, unknown=True))) != []


def test_the_part_that_is_another_one_is_named() -> None:
    shown = Values(None, {"size": 1, "tags": {"a": "x"}, "id": None}, {"id": True})
    planned = Values(None, {"size": 1, "tags": {"a": "y"}, "id": "i-1", "more": 1})
    assert sorted(uncovered(shown, planned)) == ["more", "tags.a"]
