"""Version constraints mean what they mean in Terraform."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.terraform.versions import Version, satisfies

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("version", "constraint", "met"),
    [
        ("1.11.4", "", True),
        ("1.11.4", "1.11.4", True),
        ("1.11.4", "= 1.11.4", True),
        ("1.11.4", "1.11", False),
        ("1.11.0", "1.11", True),
        ("1.11.4", ">= 1.9, < 2.0", True),
        ("2.0.0", ">= 1.9, < 2.0", False),
        ("1.11.4", "~> 1.11.0", True),
        ("1.12.0", "~> 1.11.0", False),
        ("1.12.0", "~> 1.11", True),
        ("2.0.0", "~> 1.11", False),
        ("5.100.0", "~> 5.100", True),
        ("5.99.0", "~> 5.100", False),
        ("5.100.0", "~> 5", True),
        ("1.11.4", "!= 1.11.4", False),
        ("1.12.0-beta1", ">= 1.11", False),
        ("1.12.0-beta1", "1.12.0-beta1", True),
        ("v1.11.4", "> v1.11.3", True),
    ],
)
def test_a_constraint_is_met_as_in_terraform(version: str, constraint: str, *, met: bool) -> None:
    assert satisfies(version, constraint) is met


@pytest.mark.parametrize("constraint", ["latest", ">= ", "1.x", "=> 1.0"])
def test_what_is_no_constraint_is_an_error(constraint: str) -> None:
    with pytest.raises(ValueError, match="not a version constraint"):
        satisfies("1.0.0", constraint)


@given(NUMBERS, NUMBERS)
def test_exactly_one_of_less_equal_and_greater_holds(
    a: tuple[int, ...], b: tuple[int, ...]
) -> None:
    left, right = (".".join(map(str, n)) for n in (a, b))
    assert [satisfies(left, f"{op} {right}") for op in ("<", "=", ">")].count(True) == 1


def test_a_prerelease_comes_before_its_release() -> None:
    assert Version.parse("1.2.0-rc1").key < Version.parse("1.2.0").key
