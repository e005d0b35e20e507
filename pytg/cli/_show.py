"""Shows the plan of each stage: the table, all of it with `--verbose`, files with `--out`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pytg.cli._view_options import ViewOptions
from pytg.compose.changes import Calls, UnitChanges
from pytg.compose.stage import Stage
from pytg.files import write_atomic
from pytg.model import Address
from pytg.record.words import because
from pytg.report.drift import differences_of, drift_document, drift_table
from pytg.report.table import Style, plan_table
from pytg.terraform.plan import Plan, ResourceChange


class Display:
    """Collects what was shown, for `--json`; values that are sensitive are masked in all forms."""

    def __init__(self, shown: ViewOptions, *, applies: bool, out: Path | None = None) -> None:
        """`out` is a directory that gets a file for each unit's plan."""
        self._shown = shown
        self._out = out
        self._stream = sys.stderr if shown.json or applies else sys.stdout
        self.document: dict[str, Any] = {}

    def show(
        self,
        _stage: Stage,
        changes: Mapping[Address, UnitChanges],
        calls: Calls,
        details: Callable[[], Plan],
    ) -> None:
        """Show one stage's plan. `details` reads it in full: one more Terraform process."""
        rows = [changes[unit] for unit in sorted(changes)]
        self.document |= {str(row.address): _document(row) for row in rows}
        click.echo(plan_table(rows, Style.of(self._stream)), file=self._stream)
        if not (self._shown.verbose or self._out):
            return
        lines = _lines(details(), calls)
        if self._shown.verbose:
            for unit in sorted(lines):
                click.echo(f"\n{unit}\n" + "\n".join(lines[unit]), file=self._stream)
        if self._out:
            for row in rows:
                path = self._out / f"{row.address}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                detail = {"differences": lines.get(row.address, [])}
                text = json.dumps(_document(row) | detail, indent=2, ensure_ascii=False)
                write_atomic(path, f"{text}\n".encode(), durable=False)

    def end(self) -> None:
        """Each stage was shown when it was planned."""


class DriftDisplay:
    """Collects what changed outside of Terraform, and shows it whole at the end."""

    def __init__(self, shown: ViewOptions) -> None:
        self._stream = sys.stderr if shown.json else sys.stdout
        self._found: dict[Address, UnitChanges] = {}
        self._differences: dict[tuple[Address, str], Sequence[str]] = {}

    @property
    def document(self) -> dict[str, Any]:
        """What was found, for `--json`."""
        rows = sorted(self._found.items())
        return {str(unit): drift_document(found, self._differences) for unit, found in rows}

    def show(
        self,
        _stage: Stage,
        changes: Mapping[Address, UnitChanges],
        calls: Calls,
        details: Callable[[], Plan],
    ) -> None:
        """Keep what was found in some units."""
        self._found |= changes
        if any(found.changed for found in changes.values()):
            self._differences |= differences_of(details(), calls)

    def end(self) -> None:
        """Show it."""
        if self._found:
            rows = [self._found[unit] for unit in sorted(self._found)]
            text = drift_table(rows, self._differences, Style.of(self._stream))
            click.echo(text, file=self._stream)


def _document(row: UnitChanges) -> dict[str, Any]:
    return {
        "address": str(row.address),
        **row.counts,
        "imports": row.imports,
        "drift": row.drift,
        "outputs": list(row.outputs),
        "resources": [
            {"address": r.address, "action": r.action, "type": r.type, "reason": r.reason}
            for r in row.resources
        ],
    }


def _lines(plan: Plan, calls: Calls) -> dict[Address, list[str]]:
    lines: dict[Address, list[str]] = {}
    for change in plan.changes:
        found = calls.unit_of(change.address)
        if found and change.action not in {"noop", "read"}:
            unit, inside = found
            lines.setdefault(unit, []).extend(_resource(change, inside))
    for output in plan.outputs:
        owner = calls.output_of(output.name)
        if owner and output.actions != ("no-op",):
            own = (line.replace(output.name, owner[1], 1) for line in output.differences)
            lines.setdefault(owner[0], []).extend(f"  output {line}" for line in own)
    return lines


def _resource(change: ResourceChange, inside: str) -> list[str]:
    reason = f" ({because(change.reason)})" if change.reason else ""
    differences = (f"      {line}" for line in change.differences)
    return [f"  {change.action} {inside}{reason}", *differences]
