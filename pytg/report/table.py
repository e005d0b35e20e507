"""A plan by unit: what each unit creates, updates, replaces and deletes, and what gets lost."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from pytg.compose.changes import ACTIONS, UnitChanges, total
from pytg.record.words import because, counted

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35"}
ACTION_COLOURS = {"create": "green", "update": "yellow", "replace": "magenta", "delete": "red"}
CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
NOTHING = "no changes"
MARKS = {"replace": "-/+", "delete": "-"}


@dataclass(frozen=True, slots=True)
class Style:
    """What a stream can show: `width` in columns, `colour`, and letters beyond ASCII."""

    width: int = 100
    colour: bool = False
    unicode: bool = False

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str] = os.environ) -> Style:
        """The style for `stream`: colour on a terminal only, unless NO_COLOR or FORCE_COLOR."""
        terminal = stream.isatty()
        colour = terminal and environ.get("TERM") != "dumb"
        if environ.get("FORCE_COLOR"):
            colour = True
        if environ.get("NO_COLOR"):
            colour = False
        try:
            "─…".encode(stream.encoding or "ascii")
        except (LookupError, UnicodeEncodeError):
            unicode = False
        else:
            unicode = True
        width = shutil.get_terminal_size((100, 24)).columns if terminal else 120
        return cls(width, colour, unicode)

    def paint(self, text: str, *names: str) -> str:
        if not self.colour or not names:
            return text
        return f"\033[{';'.join(CODES[name] for name in names)}m{text}\033[0m"

    def rule(self, width: int) -> str:
        return self.paint(("─" if self.unicode else "-") * width, "dim")


def printable(text: str) -> str:
    """`text` without control characters, so that nothing read elsewhere steers the terminal."""
    return text.translate(CONTROLS)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """`rows` as lines whose cells stand below each other, without control characters."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    cells = ((f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in shown)
    return "\n".join("  ".join(row).rstrip() for row in cells)


def plan_table(units: Sequence[UnitChanges], style: Style | None = None) -> str:
    """The plan as text, without a line break at its end.

    One row a unit that changes or has a note; units without changes are counted below. Then
    every resource that is deleted or replaced, by its address. No address is ever shortened:
    where `style.width` is too narrow, a row takes two lines.
    """
    style = style or Style()
    units = sorted(units, key=lambda unit: unit.address)
    rows = [unit for unit in units if _notes(unit) != NOTHING]
    parts = [_rows(rows, len(units), style)] if rows else []
    parts.append(_unchanged(len(units) - len(rows), len(units)))
    parts.append(_destructive(rows, style))
    return "\n".join(part for part in parts if part)


def _rows(rows: Sequence[UnitChanges], of: int, style: Style) -> str:
    name = f"total of {counted(of, 'unit')}"
    longest = max(len(name), *(len(str(unit.address)) for unit in rows))
    counts_width = sum(len(label) + 2 for label in ACTIONS)
    narrow = longest + counts_width > style.width
    first = max(len(name), 6) if narrow else longest
    notes_at = first + counts_width + 2
    header = f"{'unit':<{first}}" + "".join(f"  {label}" for label in ACTIONS) + "  note"
    totals = total(rows)
    lines = [style.paint(header, "bold"), style.rule(min(style.width, notes_at + 4))]
    for unit in rows:
        lines += _row(unit, first, notes_at, style)
    lines.append(style.rule(min(style.width, notes_at + 4)))
    lines.append(f"{name:<{first}}" + _counts(totals, style))
    return "\n".join(lines)


def _row(unit: UnitChanges, first: int, notes_at: int, style: Style) -> list[str]:
    address = str(unit.address)
    lines = []
    if len(address) > first:
        lines.append(address)
        address = ""
    line = f"{address:<{first}}" + _counts(unit.counts, style)
    notes = printable(_notes(unit))
    if notes_at + len(notes) <= style.width:
        return [*lines, f"{line}  {notes}".rstrip()]
    wrapped = textwrap.wrap(notes, max(20, style.width - 4), break_on_hyphens=False)
    return [*lines, line, *(f"    {part}" for part in wrapped)]


def _counts(counts: Mapping[str, int], style: Style) -> str:
    cells = []
    for label in ACTIONS:
        cell = f"  {counts[label]:>{len(label)}}"
        cells.append(style.paint(cell, ACTION_COLOURS[label] if counts[label] else "dim"))
    return "".join(cells)


def _notes(unit: UnitChanges) -> str:
    """Everything there is to say about a unit beside its counts."""
    parts = (
        "" if unit.changed else NOTHING,
        unit.besides,
        f"{unit.drift} drifted" if unit.drift else "",
    )
    return "; ".join(part for part in parts if part)


def _unchanged(count: int, of: int) -> str:
    if count == 0:
        return "" if of else "No units."
    if count == of:
        return f"No changes: {counted(count, 'unit')}."
    return f"No changes in {counted(count, 'other unit')}."


def _destructive(rows: Sequence[UnitChanges], style: Style) -> str:
    lines = []
    for unit in rows:
        lost = [change for change in unit.resources if change.action in MARKS]
        if lost:
            lines.append(f"  {unit.address}")
        for change in sorted(lost, key=lambda change: change.address):
            text = f"    {MARKS[change.action]:>3} {change.address}  {change.action}"
            why = f"  ({because(change.reason)})" if change.reason else ""
            parts = [text + why] if len(text + why) <= style.width else [text, f"      {why}"]
            lines += [style.paint(printable(p), ACTION_COLOURS[change.action]) for p in parts]
    if not lines:
        return ""
    return "\n".join(["", style.paint("Deleted or replaced:", "bold"), *lines])
