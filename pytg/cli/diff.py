"""`pytg diff`: two environments, regions, accounts or units side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from pytg import exact_json
from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.config.compare import Compared, Difference, Side, compare
from pytg.graph.selection import Selectors
from pytg.model import Address
from pytg.record.words import counted
from pytg.report.table import columns, printable

DIFFERENT = 2
Pair = tuple[Address | None, Address | None]


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
    """Show where the resolved configuration of A and B differs.

    That is each key, its values and where they are from; units that differ in the same stand
    together.

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
    """Units with the same differences stand together, those with most in common first."""
    holds: dict[str, list[Pair]] = {}
    found: dict[str, Difference] = {}
    for each in differing:
        for difference in each.differences:
            if every or not difference.derived:
                text = repr(difference)
                found[text] = difference
                holds.setdefault(text, []).append((each.left, each.right))
    groups: dict[tuple[Pair, ...], list[Difference]] = {}
    for text, pairs in holds.items():
        groups.setdefault(tuple(pairs), []).append(found[text])
    for units, differences in sorted(groups.items(), key=lambda group: -len(group[0])):
        yield from (f"{one} | {other}" for one, other in units)
        yield from _values(differences, left, right)
    for each in differing:
        if each.left is None or each.right is None:
            yield f"{each.left or each.right}\n  only in {left if each.right is None else right}"


def _values(found: Iterable[Difference], left: str, right: str) -> Iterator[str]:
    """Two lines a key; what is long stands last."""
    rows = [("key", "in", "from", "value")]
    for each in found:
        rows.append((each.key, left, *_side(each.left)))
        rows.append(("", right, *_side(each.right)))
    yield textwrap.indent(columns(rows), "  ")


def _side(side: Side | None) -> tuple[str, str]:
    """Where it comes from, and the value."""
    if side is None:
        return "not set", "-"
    at = side.position
    place = f"{at}:{at.column}" if at else side.source
    return place, exact_json.dumps(side.value, ensure_ascii=False)


def _count(compared: Sequence[Compared], differing: Sequence[Compared], *, every: bool) -> None:
    alike = len(compared) - len(differing)
    derived = sum(found.derived for each in compared for found in each.differences)
    follow = "" if every or not derived else f"; {_follow(derived)}"
    differ = f"{counted(len(differing), 'unit')} with differences, " if differing else ""
    click.echo(f"{differ}{counted(alike, 'unit')} alike{follow}", err=True)


def _follow(count: int) -> str:
    verb = "differs only as the names do" if count == 1 else "differ only as the names do"
    return f"{counted(count, 'value')} {verb} (shown with --all)"


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
    at = side.position
    return {
        "value": side.value,
        "from": side.source,
        "file": str(at.file) if at else None,
        "line": at.line if at else None,
        "column": at.column if at else None,
    }
