"""Which new units look renamed, and the command that takes their state along."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace

import pytest
from run_words import state_of

from pytg.compose.state_document import State
from pytg.model import Address, Unit
from pytg.run.renamed import _others, renamed
from support.estate_in_memory import unit_at

PARTS = frozenset({"terraform_data.this", "module.part"})


def unit(address: str, suffix: str = "") -> Unit:
    made = unit_at(address, suffix)
    return replace(made, module=replace(made.module, parts=PARTS))


def left(*addresses: str, resource: str = "terraform_data.this") -> dict[Address, State]:
    return {
        Address.parse(address): json.loads(state_of(address.rpartition("/")[2], resource))
        for address in addresses
    }


def told(
    new: list[Unit],
    states: dict[Address, State],
    configured: Collection[str] = (),
    copies: Collection[str] = (),
    suffix: str | None = None,
) -> list[str]:
    """The commands that it says."""
    reads: dict[Address, Callable[[], State | None]] = {
        unit: lambda state=state: state  # type: ignore[misc]  # bound now
        for unit, state in states.items()
    }
    others = [*map(Address.parse, copies)]
    found = renamed(new, reads, [*map(Address.parse, configured)], others, suffix)
    return [text.split("`")[1].removeprefix("pytg state mv ") for text in found]


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("acc/r/develop/a", "acc/r/dev/a"),
        ("acc/r/dev/b", "acc/r/dev/a"),
        ("account/r/dev/a", "acc/r/dev/a"),
    ],
)
def test_one_part_of_the_address_is_another(new: str, old: str) -> None:
    assert told([unit(new)], left(old)) == [f"{old} {new}"]


@pytest.mark.parametrize("new", ["acc/s/dev/a", "acc/r/develop/b", "acc/s/develop/a"])
def test_what_lies_elsewhere_or_has_two_other_parts_is_none(new: str) -> None:
    assert told([unit(new)], left("acc/r/dev/a")) == []


def test_a_module_that_declares_something_else_is_none() -> None:
    assert told([unit("acc/r/dev/b")], left("acc/r/dev/a", resource="terraform_data.that")) == []
    empty = {Address.parse("acc/r/dev/a"): json.loads(state_of("a"))}
    assert told([unit("acc/r/dev/b")], empty) == []


def test_a_state_that_cannot_be_read_is_none() -> None:
    states = left("acc/r/dev/a")
    states[Address.parse("acc/r/dev/a")]["resources"][0]["module"] = "module.a b"
    assert told([unit("acc/r/dev/b")], states) == []


def test_what_moved_together_is_one_command_where_that_takes_nothing_else() -> None:
    new = [unit("acc/r/develop/a"), unit("acc/s/develop/a"), unit("acc/s/develop/b")]
    old = left("acc/r/dev/a", "acc/s/dev/a", "acc/s/dev/b")
    assert told(new, old) == ["'acc/*/dev/*' 'acc/*/develop/*'"]
    apart = told(new, old, configured=["acc/r/dev/b"])
    assert apart == [
        "acc/r/dev/a acc/r/develop/a",
        "acc/s/dev/a acc/s/develop/a",
        "acc/s/dev/b acc/s/develop/b",
    ]


def test_a_whole_estate_that_is_renamed_is_told_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"r{number}/dev/a" for number in range(300)]
    new, old = [unit(f"new/{name}") for name in names], left(*(f"old/{name}" for name in names))
    asked = []
    monkeypatch.setattr(
        "pytg.run.renamed._others", lambda *given: asked.append(1) or _others(*given)
    )
    assert told(new, old) == ["'old/*/dev/a' 'new/*/dev/a'"]
    assert len(asked) == 3 * (len(new) + len(old))


def test_a_copy_of_an_environment_is_the_old_name_of_that_one_alone() -> None:
    old = left("acc/r/dev-pr7/a")
    assert told([unit("acc/r/staging/a")], old, copies=["acc/r/dev-pr7/a"]) == []
    found = told([unit("acc/r/dev-pr8/a", "pr8")], old, copies=["acc/r/dev-pr7/a"])
    assert found == ["acc/r/dev-pr7/a acc/r/dev-pr8/a"]


def test_with_a_suffix_the_command_has_it_and_an_environment_beside_is_no_new_name() -> None:
    old = left("acc/r/dev-x1/a", "acc/r/dev/c")
    new = [unit("acc/r/dev-x1/c", "x1")]
    assert told(new, old, suffix="x1") == ["acc/r/dev-x1/a acc/r/dev-x1/c --suffix x1"]
