"""What `pytg state mv` and `restore` ask before they write, as an apply does."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from pytg.cli._execute import confirm
from pytg.cli._options import option
from pytg.cli._recovered import say
from pytg.errors import Interrupted, StalePlan
from pytg.model import Address, Estate
from pytg.run.checkout import protected_environments, refuse_unreviewed
from pytg.run.execution import Question, refuse_nobody
from pytg.run.together import Guard, refuse_together
from pytg.state.state_reader import UnitState

WAIT_S = 30.0


def writing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that writes states: `yes`, `allow_dirty`, `dry_run` and such."""
    for add in (
        option(
            "--lock-timeout",
            type=click.FloatRange(0),
            default=WAIT_S,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for the locks.",
        ),
        option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        option("--dry-run", is_flag=True, help="Say what would change, and write nothing."),
        option(
            "--allow-dirty",
            is_flag=True,
            help="Change a protected environment from a git tree that is not clean, or behind.",
        ),
        option("--yes", "-y", is_flag=True, help="Do not ask."),
    ):
        command = add(command)
    return command


def approve(
    estate: Estate, units: Collection[Address], question: str, *, yes: bool, allow_dirty: bool
) -> None:
    """Ask whether the states of `units` are to be written; for protected ones, by their name.

    Raises Interrupted where the answer is no, and Refused where nobody can be asked, or where
    something protected would be changed from what is not committed.
    """
    typed = " ".join(protected_environments(estate, units))
    guards: list[Guard] = [] if allow_dirty else [partial(refuse_unreviewed, estate, units)]
    if not (yes or sys.stdin.isatty()):
        guards.append(partial(refuse_nobody, typed, "it"))
    refuse_together(*guards)
    if yes:
        return
    asked = Question(question, typed)
    if not confirm(contextlib.nullcontext)(asked, threading.Event()):
        raise Interrupted("not approved: nothing was written")


def tell_backups(root: Path, backups: Mapping[Address, Path]) -> None:
    """Say where the states lie that were overwritten."""
    for unit, file in backups.items():
        near = file.relative_to(root) if file.is_relative_to(root) else file
        say(f"the state of {unit} as it was is kept in {near}")


def require_unmoved(shown: Mapping[Address, UnitState], held: Mapping[Address, UnitState]) -> None:
    """Raises StalePlan where a state is another one than it was shown."""
    for unit, state in shown.items():
        if held[unit].version != state.version:
            raise StalePlan(
                f"the state of {unit} has moved since it was shown", hint="run the command again"
            )
