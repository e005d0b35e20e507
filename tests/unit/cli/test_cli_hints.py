"""A command that a hint names is for what the command line was for."""

from __future__ import annotations

import pytest

from pytg.cli._hints import suffix_of, with_suffix


@pytest.mark.parametrize(
    ("args", "environ", "suffix"),
    [
        ("apply --suffix x1", {}, "x1"),
        ("apply --suffix=x1 --env dev", {"PYTG_SUFFIX": "y"}, "x1"),
        ("apply --env dev", {"PYTG_SUFFIX": "y"}, "y"),
        ("tf a/b/c/d -- plan --suffix x", {}, ""),
        ("apply --suffix", {}, ""),
    ],
)
def test_the_suffix_is_that_of_the_command_line(
    args: str, environ: dict[str, str], suffix: str
) -> None:
    assert suffix_of(args.split(), environ) == suffix


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "`pytg recover a/b/c/d --use left` writes",
            "`pytg recover a/b/c/d --use left --suffix x`",
        ),
        ("`pytg tf a/b/c/d -- state pull`", "`pytg tf a/b/c/d --suffix x -- state pull`"),
        ("`pytg state mv a b --suffix y`", "`pytg state mv a b --suffix y`"),
        ("`pytg doctor` and `pytg locks`", "`pytg doctor` and `pytg locks`"),
        ("pytg has `a b`", "pytg has `a b`"),
    ],
)
def test_commands_that_name_units_get_it_once(text: str, said: str) -> None:
    assert with_suffix(text, "x").startswith(said)
    assert with_suffix(text, "") == text
    assert with_suffix(with_suffix(text, "x"), "x") == with_suffix(text, "x")
