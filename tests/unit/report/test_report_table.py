from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.compose.changes import ACTIONS, ResourceAction, UnitChanges, total
from pytg.model import Address
from pytg.report.table import Style, plan_table, printable

NETWORK = Address("sandbox", "us-east-1", "dev-a1", "network")
STORAGE = Address("sandbox", "us-east-1", "dev-a1", "storage")
MONITOR = Address("sandbox", "global", "dev-a1", "monitoring")
PLAN = (
    UnitChanges(
        STORAGE,
        create=1,
        replace=1,
        delete=1,
        drift=2,
        resources=(
            ResourceAction("aws_s3_object.b", "create", "aws_s3_object"),
            ResourceAction("aws_s3_bucket.z", "delete", "aws_s3_bucket"),
            ResourceAction(
                "aws_dynamodb_table.a", "replace", "aws_dynamodb_table", "cannot_update"
            ),
        ),
    ),
    UnitChanges(
        NETWORK,
        update=12,
        imports=2,
        resources=tuple(ResourceAction(f"aws_eip.e{n}", "update", "aws_eip") for n in range(12)),
    ),
    UnitChanges(MONITOR),
)


def test_the_plan_by_unit() -> None:
    assert plan_table(PLAN).splitlines() == [
        "unit                              create  update  replace  delete  note",
        "-" * 71,
        "sandbox/us-east-1/dev-a1/network       0      12        0       0  2 to import",
        "sandbox/us-east-1/dev-a1/storage       1       0        1       1  2 drifted",
        "-" * 71,
        "total of 3 units                       1      12        1       1",
        "No changes in 1 other unit.",
        "",
        "Deleted or replaced:",
        "  sandbox/us-east-1/dev-a1/storage",
        "    -/+ aws_dynamodb_table.a  replace  (cannot be changed in place)",
        "      - aws_s3_bucket.z  delete",
    ]


def test_a_plan_without_changes_says_so() -> None:
    assert plan_table([UnitChanges(NETWORK), UnitChanges(STORAGE)]) == "No changes: 2 units."


def test_what_is_no_count_is_a_note() -> None:
    forgotten = ResourceAction("aws_s3_bucket.old", "forget", "aws_s3_bucket")
    text = plan_table(
        [
            UnitChanges(NETWORK, drift=1),
            UnitChanges(STORAGE, imports=2, resources=(forgotten,)),
            UnitChanges(MONITOR, outputs=("url",)),
        ]
    )
    assert [line.split("  ")[-1] for line in text.splitlines()[2:5]] == [
        "outputs change",
        "no changes; 1 drifted",
        "2 to import; 1 to forget",
    ]
    assert "No changes" not in text


def test_no_units() -> None:
    assert plan_table([]) == "No units."


def test_a_narrow_terminal_takes_two_lines_and_shortens_no_address() -> None:
    lines = plan_table(PLAN, Style(width=60)).splitlines()
    assert str(NETWORK) in lines
    assert all(len(line) <= 60 for line in lines)


def test_a_note_that_does_not_fit_goes_below() -> None:
    kinds = [f"{letter * 12}" for letter in "abcdefgh"]
    resources = tuple(ResourceAction(kind, kind, "x") for kind in kinds)
    unit = UnitChanges(NETWORK, imports=1, resources=resources)
    lines = plan_table([unit], Style(80)).splitlines()
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines).split())
    assert [text.count(f"to {kind}") for kind in kinds] == [1] * len(kinds)


def test_colour_changes_no_letter() -> None:
    coloured = plan_table(PLAN, Style(colour=True))
    assert coloured != plan_table(PLAN)
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == plan_table(PLAN)


def test_what_is_read_elsewhere_does_not_steer_the_terminal() -> None:
    change = ResourceAction('x["\033[2J"]', "delete", "x")
    assert "\033" not in plan_table([UnitChanges(NETWORK, delete=1, resources=(change,))])
    assert printable("a\033[31m\x9b\r\nb\tc") == "a[31m\nb\tc"


def addresses() -> st.SearchStrategy[Address]:
    part = st.from_regex(r"[a-z]{1,20}", fullmatch=True)
    return st.builds(Address, part, part, part, part)


def plans() -> st.SearchStrategy[list[UnitChanges]]:
    action = st.sampled_from(ACTIONS)

    def unit(address: Address, actions: list[str]) -> UnitChanges:
        create, update, replace, delete = (actions.count(action) for action in ACTIONS)
        resources = tuple(ResourceAction(f"x.y{n}", a, "x") for n, a in enumerate(actions))
        return UnitChanges(address, create, update, replace, delete, resources=resources)

    units = st.builds(unit, addresses(), st.lists(action, max_size=5))
    return st.lists(units, max_size=8, unique_by=lambda unit: unit.address)


@given(plans(), st.integers(40, 200))
def test_every_unit_that_changes_is_there_in_full_and_order_does_not_matter(
    units: list[UnitChanges], width: int
) -> None:
    style = Style(width)
    text = plan_table(units, style)

    assert text == plan_table(sorted(units, key=lambda u: (u.create, u.address)), style)
    for unit in units:
        assert (str(unit.address) in text.split()) == unit.changed
    if any(unit.changed for unit in units):
        totals = next(line for line in text.splitlines() if line.startswith("total of "))
        assert [int(cell) for cell in totals.split()[-4:]] == list(total(units).values())
    for unit in units:
        for change in unit.resources:
            lost = change.action in {"replace", "delete"}
            assert lost <= (f"{change.address}  {change.action}" in text)


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "environ", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals(*, terminal: bool, environ: dict[str, str], colour: bool) -> None:
    stream = (Terminal if terminal else io.TextIOWrapper)(io.BytesIO(), encoding="utf-8")
    assert Style.of(stream, environ).colour is colour


@pytest.mark.parametrize(("encoding", "unicode"), [("utf-8", True), ("ascii", False)])
def test_letters_beyond_ascii_only_where_the_stream_has_them(
    encoding: str, *, unicode: bool
) -> None:
    style = Style.of(io.TextIOWrapper(io.BytesIO(), encoding=encoding), {})
    assert style.unicode is unicode
    assert plan_table(PLAN, style).isascii() is not unicode
