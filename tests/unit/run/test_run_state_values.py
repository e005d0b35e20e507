"""Units of one module told apart by the values in their states."""

from __future__ import annotations

from typing import Any

import pytest
from run_words import at, inside

from pytg.compose.changes import Calls
from pytg.run.blamed import Blamed
from pytg.run.state_values import told_apart
from pytg.terraform.event_stream import Diagnostic

UNITS = (at("a"), at("b"))
CALLS = Calls({unit.slug: unit for unit in UNITS})


def held(name: str, **attributes: Any) -> dict[str, Any]:
    return {
        "module": inside(name).rpartition(".terraform_data")[0],
        "instances": [{"attributes": attributes}],
    }


STATE = {
    "resources": [
        held("a", id="1", tags={"deep": ["both"]}),
        held("b", id="2", tags={"deep": ["both"]}),
        {"instances": [{"attributes": {"id": "3"}}]},
    ]
}


@pytest.mark.parametrize(
    ("values", "units", "sure"),
    [
        ([("terraform_data.x.id", 'is "2"')], UNITS[1:], True),
        ([("terraform_data.x.tags", 'is "both"')], UNITS, False),
        ([("terraform_data.x.tags", 'is "both"'), ("x.y.id", 'is "1"')], UNITS[:1], True),
        ([("x.y.id", 'is "3"')], UNITS, False),
        ([("var.x", 'is "2"')], UNITS, False),
        ([("x.y.id", "is a string")], UNITS, False),
        ([], UNITS, False),
    ],
)
def test_it_is_of_those_that_hold_the_values(
    values: list[tuple[str, str]], units: tuple[Any, ...], *, sure: bool
) -> None:
    diagnostic = Diagnostic("error", "No", values=tuple(values))
    (found,) = told_apart([Blamed(diagnostic, UNITS, sure=False)], STATE, CALLS)
    assert (found.units, found.sure) == (units, sure)


def test_what_is_sure_stays() -> None:
    sure = Blamed(Diagnostic("error", "No", values=(("x.y", 'is "2"'),)), UNITS[:1])
    assert told_apart([sure], STATE, CALLS) == [sure]
