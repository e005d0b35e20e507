"""What changed outside of Terraform, by unit: a table for people, objects for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytg.compose.changes import Calls, UnitChanges
from pytg.model import Address
from pytg.record.words import counted
from pytg.report.table import ACTION_COLOURS, Style, columns, printable
from pytg.terraform.plan import Plan

GONE = "delete"
WORDS = {"update": "changed", GONE: "gone"}

# by unit and by the resource's address in it
Differences = Mapping[tuple[Address, str], Sequence[str]]


def differences_of(plan: Plan, calls: Calls) -> dict[tuple[Address, str], tuple[str, ...]]:
    """How each resource that changed differs, a line an attribute, masked; of one gone nothing."""
    return {
        owner: () if change.action == GONE else change.outside
        for change in plan.drift
        if (owner := calls.unit_of(change.address))
    }


def drift_table(
    units: Sequence[UnitChanges], differences: Differences, style: Style | None = None
) -> str:
    """A line a resource, with what differs in it below, without a line break at its end."""
    style = style or Style()
    drifted = [unit for unit in units if unit.changed]
    if not drifted:
        return f"No drift: {counted(len(units), 'unit')}."
    return "\n".join([*_lines(drifted, differences, style), *_rest(len(units) - len(drifted))])


def _lines(drifted: Sequence[UnitChanges], differences: Differences, style: Style) -> Iterator[str]:
    found = [(unit.address, change) for unit in drifted for change in unit.resources]
    rows = [("unit", "resource", "outside of Terraform")]
    rows += [(str(a), c.address, WORDS.get(c.action, c.action)) for a, c in found]
    header, *lines = columns(rows).splitlines()
    yield style.paint(header, "bold")
    for line, (address, change) in zip(lines, found, strict=True):
        colour = ACTION_COLOURS.get(change.action)
        yield style.paint(line, *([colour] if colour else []))
        for text in differences.get((address, change.address), ()):
            yield printable(f"    {text}")


def _rest(count: int) -> Iterator[str]:
    if count:
        yield f"No drift in {counted(count, 'other unit')}."


def drift_document(unit: UnitChanges, differences: Differences) -> dict[str, Any]:
    """The same of one unit for programs."""
    return {
        "address": str(unit.address),
        "resources": [
            {
                "address": change.address,
                "type": change.type,
                "outside": WORDS.get(change.action, change.action),
                "differences": list(differences.get((unit.address, change.address), ())),
            }
            for change in unit.resources
        ],
    }
