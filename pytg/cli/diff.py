"""`pytg diff`: two environments, regions, accounts or units side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from pytg import exact_json
from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.config.compare import Compared, Difference, Side, compare
from pytg.graph.selection import Selectors
from pytg.record.words import counted
from pytg.report.table import printable

DIFFERENT = 2


@click.command("diff")
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@selecting
@option("--all", "every", is_flag=True, help="Also values that differ only as the names do.")
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(
    context: Context, left: str, right: str, selectors: Selectors, *, every: bool, as_json: bool
) -> int:
    """Show where the resolved configuration of A and B differs, unit by unit, with its places.

    Both are environments (full names), regions, accounts, or addresses of units. A reference to a
    counterpart is the same; so is, without --all, what is written at one place, such as a name
    made of the environment's. No state is read. The exit code is 0 where they are the same, 2
    where they differ.
    """
    project = context.project(selectors.suffix)
    compared = compare(project.loaded, left, right, project.select(selectors).units)
    differing = [each for each in compared if not each.same or (every and each.differences)]
    if as_json:
        document = {
            "left": left,
            "right": right,
            "same": not differing,
            "units": [_document(each) for each in compared],
        }
        click.echo(exact_json.dumps(document, indent=2, ensure_ascii=False))
        return DIFFERENT if differing else 0
    for line in _table(differing, left, right, every=every):
        click.echo(printable(line))
    _count(compared, differing, every=every)
    return DIFFERENT if differing else 0


def _table(differing: Sequence[Compared], left: str, right: str, *, every: bool) -> Iterator[str]:
    """What differs in all pairs first, once; then the rest, pair by pair."""
    shown = {
        (each.left, each.right): [f for f in each.differences if every or not f.derived]
        for each in differing
    }
    pairs = [found for ends, found in shown.items() if None not in ends]
    common = [each for each in pairs[0] if all(each in found for found in pairs)] if pairs else []
    if len(pairs) > 1 and common:
        yield f"in each of {counted(len(pairs), 'unit')} with differences"
        yield from _values(common, left, right)
    for (one, other), found in shown.items():
        rest = [each for each in found if len(pairs) == 1 or each not in common]
        if one is None or other is None:
            yield f"{one or other}\n  only in {left if other is None else right}"
        elif rest:
            yield f"{one} | {other}"
            yield from _values(rest, left, right)


def _values(found: Iterable[Difference], left: str, right: str) -> Iterator[str]:
    width = max(len(left), len(right))
    for each in found:
        yield f"  {each.key}"
        for name, side in ((left, each.left), (right, each.right)):
            yield f"    {name:<{width}}  {_side(side)}"


def _side(side: Side | None) -> str:
    if side is None:
        return "-"
    place = f"{side.position}:{side.position.column}" if side.position else "computed"
    return f"{exact_json.dumps(side.value, ensure_ascii=False)}  ({place})"


def _count(compared: Sequence[Compared], differing: Sequence[Compared], *, every: bool) -> None:
    alike = len(compared) - len(differing)
    derived = sum(found.derived for each in compared for found in each.differences)
    follow = "" if every or not derived else f"; {counted(derived, 'value')} as the names (--all)"
    differ = f"{counted(len(differing), 'unit')} with differences, " if differing else ""
    click.echo(f"{differ}{counted(alike, 'unit')} alike{follow}", err=True)


def _document(each: Compared) -> dict[str, Any]:
    return {
        "left": None if each.left is None else str(each.left),
        "right": None if each.right is None else str(each.right),
        "differences": [_difference(found) for found in each.differences],
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "key": found.key,
        "derived": found.derived,
        "left": _place(found.left),
        "right": _place(found.right),
    }


def _place(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    if side.position is None:
        return {"value": side.value, "computed": True}
    at = side.position
    return {"value": side.value, "file": str(at.file), "line": at.line, "column": at.column}
