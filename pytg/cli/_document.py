"""What `--json` prints where a run could not begin, and of the error that ended one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from pytg.cli._hints import hinted
from pytg.errors import ConfigError, EmptySelection, Interrupted, PytgError, Refused, UsageError
from pytg.record.run import Changes, Result, Run
from pytg.report.summary import failure

NOTHING_STARTED = (ConfigError, EmptySelection, Refused, UsageError)


def error_document(error: BaseException) -> dict[str, Any]:
    """An error for programs: what a person reads, and the exit code."""
    hint, code = (error.hint, error.exit_code) if isinstance(error, PytgError) else ("", 1)
    return {"message": hinted(str(error)), "hint": hinted(hint), "exit_code": code}


def ending(run: Run, error: BaseException | None, hint: str) -> dict[str, Any] | None:
    """What ended `run`: `error`, or what failed in it, with `hint`; None where it succeeded."""
    if error is not None:
        return error_document(error)
    if run.result is Result.SUCCEEDED:
        return None
    return {"message": failure(run), "hint": hint, "exit_code": run.exit_code}


def without_run(result: Result, error: dict[str, Any] | None, name: str = "plan") -> dict[str, Any]:
    """What `--json` prints of a run, where there was none; what it would show is called `name`."""
    return {
        "run_id": None,
        "result": str(result),
        "units": {},
        "changes": asdict(Changes()),
        "made": 0,
        "duration_s": None,
        "record": None,
        "processes": 0,
        "diagnostics": [],
        "checks": [],
        "orphans": [],
        name: {},
        "error": error,
    }


@contextlib.contextmanager
def before_the_record(*, as_json: bool, name: str = "plan") -> Iterator[None]:
    """With `as_json`, an error in the block prints the object of a run, with no run in it.

    `name` is that of what the run would show.
    """
    try:
        yield
    except (PytgError, OSError) as error:
        if as_json:
            result = Result.REFUSED if isinstance(error, NOTHING_STARTED) else Result.FAILED
            ended = Result.INTERRUPTED if isinstance(error, Interrupted) else result
            document = without_run(ended, error_document(error), name)
            click.echo(json.dumps(document, indent=2))
        raise
