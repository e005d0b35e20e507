"""Reports what a command recovered of dead runs, on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable

import click

from pytg.cli._hints import hinted
from pytg.recovery.recover import Recovery


def say(text: str) -> None:
    """Say something to the person at the terminal."""
    click.echo(hinted(text), err=True)


def report_recovered(recovered: Iterable[Recovery]) -> None:
    """Say what was recovered."""
    for found in recovered:
        if found.written:
            say(f"recovered the state of {', '.join(map(str, found.written))}")
        for warning in found.warnings:
            say(warning)


def document(found: Recovery) -> dict[str, object]:
    """The same as JSON."""
    return {
        "run_id": found.run_id,
        "written": [str(unit) for unit in found.written],
        "in_flight": list(found.in_flight),
        "refused": [
            {"unit": str(unit), "reason": error.message, "hint": error.hint}
            for unit, error in found.refused.items()
        ],
    }
