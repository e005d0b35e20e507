"""A run as people and programs see it: its progress, its plans, its question and its end."""

from __future__ import annotations

import json
import select
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytg.cli._context import Context
from pytg.cli._document import before_the_record, ending
from pytg.cli._recovered import say
from pytg.cli._show import Display, DriftDisplay
from pytg.cli._view_options import ViewOptions
from pytg.errors import Interrupted, UsageError
from pytg.record.runs import DRIFT
from pytg.report.next_step import next_step
from pytg.report.plain import PlainReport
from pytg.report.summary import json_summary, summary
from pytg.report.table import Style
from pytg.run.execution import Question
from pytg.run.options import Request
from pytg.run.runner import View, nobody

if TYPE_CHECKING:
    from pytg.project import Project


def execute(
    context: Context, request: Request, shown: ViewOptions, project: Project | None = None
) -> int:
    """Do `request`; returns the exit code. Raises PytgError where it is refused, or failed.

    `project` is that of the context, where it is open already.
    """
    out = request.options.out
    read = Path(out) if out and not out.startswith("s3://") else None
    drift = request.command == DRIFT
    whole = request.options.per_unit and not request.applies
    display = (
        DriftDisplay(shown)
        if drift
        else Display(shown, applies=request.applies, out=read, whole=whole)
    )
    name = "drift" if drift else "plan"
    with before_the_record(as_json=shown.json, name=name):
        _require_selection(request)
        project = project or context.project(request.selectors.suffix)
        with PlainReport(sys.stderr) as plain:
            view = View(display.show, confirm(plain.asking), say, (plain,), attended)
            finished = project.run(request, view)
    display.end()
    style = Style.of(sys.stderr)
    click.echo(summary(finished.run, style, destroy=request.options.destroy), err=True)
    if shown.json:
        ended = finished.run
        error = ending(ended, finished.error, next_step(ended, destroy=request.options.destroy))
        document = json_summary(ended) | {name: display.document, "error": error}
        click.echo(json.dumps(document, indent=2))
    if finished.error is not None:
        raise finished.error
    return finished.run.exit_code or 0


def _require_selection(request: Request) -> None:
    """Raises UsageError where nothing was selected; `-all` forms, and drift, start from all."""
    name = request.command
    if name == DRIFT:
        return
    if not name.endswith("-all") and not request.selectors.given:
        raise UsageError(
            f"pytg {name} needs at least one selecting option, such as --env",
            hint=f"pytg {name}-all works on the whole estate",
        )


def attended() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def confirm(
    asking: Callable[[], AbstractContextManager[None]],
) -> Callable[[Question, threading.Event], bool]:
    """What asks on the terminal; `asking` is entered while a question stands."""

    def ask(question: Question, cancel: threading.Event) -> bool:
        if not attended():
            return nobody(question, cancel)
        with asking():
            typed = question.typed
            how = f"It is protected: type {typed} to go on" if typed else "[y/N]"
            click.echo(f"{question.text} {how}: ", nl=False, err=True)
            while not select.select([sys.stdin], [], [], 0.1)[0]:
                if cancel.is_set():
                    raise Interrupted("interrupted while asking: nothing of this plan was applied")
            answer = sys.stdin.readline().strip()
            return answer == typed if typed else answer.lower() in {"y", "yes"}

    return ask
