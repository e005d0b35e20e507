"""Reports what a command on one unit recovered of dead runs, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click

from pytg.recovery.recover import Recovery


def say(text: str) -> None:
    """Say something to the person at the terminal."""
    click.echo(text, err=True)


def report_recovered(recovered: Iterable[Recovery]) -> None:
    """Say what was recovered."""
    for found in recovered:
        if found.written:
            say(f"recovered the state of {', '.join(map(str, found.written))}")
        for warning in found.warnings:
            say(warning)
