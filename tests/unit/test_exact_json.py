"""JSON whose numbers keep every digit, and is otherwise what `json` writes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytg.exact_json import dumps, loads, number

THIRD = "33." + "3" * 60
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,80})(\.[0-9]{1,80})?([eE][+-]?[0-9]{1,6})?", fullmatch=True
)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(NUMBERS))
@example([THIRD, "1e400", "-0", "-0.0", "1.0e+400", "1E5", "1.10", "0.1e-7", "9" * 6000])
def test_a_number_comes_out_as_it_went_in(numbers: list[str]) -> None:
    written = dumps(loads(f"[{', '.join(numbers)}]"))
    again = written.strip("[]").split(", ") if numbers else []
    assert [str(Decimal(n)) for n in again] == [str(Decimal(n)) for n in numbers]


def test_text_without_an_exponent_stays_to_the_letter() -> None:
    text = f'{{"a": [{THIRD}, -0, 1.10, {"9" * 6000}], "b": {{"c": -0.0}}}}'
    assert dumps(loads(text)) == text
    assert dumps(loads(text.encode())) == text


@given(
    PLAIN,
    st.fixed_dictionaries(
        {
            "indent": st.sampled_from([None, 0, 1, 2]),
            "ensure_ascii": st.booleans(),
            "sort_keys": st.booleans(),
        }
    ),
)
def test_the_rest_is_laid_out_as_json_does(value: Any, layout: dict[str, Any]) -> None:
    assert dumps(value, **layout) == json.dumps(value, **layout)


def test_numbers_that_differ_in_a_late_digit_are_not_equal() -> None:
    assert loads(THIRD) != loads(f"{THIRD}3")
    assert loads("1.0") == loads("1")


@pytest.mark.parametrize("text", ["1e9999999999999999999", "[1e-9999999999999999999]", "{"])
def test_what_nobody_can_hold_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"exponent|Expecting"):
        loads(text)


def test_a_whole_number_is_an_int_unless_it_is_too_long_for_one() -> None:
    assert isinstance(loads("12"), int)
    assert isinstance(number("+12"), int)
    assert loads("1" * 5000) == Decimal("1" * 5000)
    with pytest.raises(ValueError, match="beyond all measure"):
        number("1e99999999999999999999")


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON has no number"):
        dumps([Decimal("Infinity")])
    with pytest.raises(TypeError):
        dumps({"a": object()})
