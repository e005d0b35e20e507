"""What is said of dead runs that a command on one unit recovered."""

from __future__ import annotations

from collections.abc import Iterable

import click

from pytg.recovery.composed import Recovery


def say(text: str) -> None:
    """Tell the person at the terminal."""
    click.echo(text, err=True)


def tell_recovered(recovered: Iterable[Recovery]) -> None:
    """Say what was recovered."""
    for found in recovered:
        if found.written:
            say(f"recovered the state of {', '.join(map(str, found.written))}")
        for resource in found.in_flight:
            say(f"run {found.run_id} may have left {resource} without a state")
