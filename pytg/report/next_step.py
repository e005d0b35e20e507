"""The command to type now: the one place that decides it, from the record of a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from pytg.errors import Interrupted, UnitFailed
from pytg.record.run import BAD, Asked, Result, Run, Status, UnitRecord
from pytg.record.runs import CHANGING, PastRuns, kind, left
from pytg.record.words import in_units
from pytg.record.writer import REDACTED

TRY_AGAIN = (UnitFailed.exit_code, Interrupted.exit_code)
LATER = 2  # all that is in a reviewed plan is applied, and there is more to plan
# they say how to answer, not what to work on
ANSWERS = ("--detailed-exitcode", "--json")
DIRECTORY = ("-C", "--directory")


def next_step(run: Run, *, destroy: bool = False) -> str:
    """What to type after `run`; empty where nothing follows from it.

    | the run | next |
    | --- | --- |
    | planned changes | the apply, or `destroy`, of the same, or of the bundle |
    | is a plan, or drift, that failed, or nothing was begun | the same again |
    | left units unknown | `pytg recover`, which says what comes then |
    | left other units undone | `pytg retry` |
    | applied a bundle, not all of it | `pytg plan --out`: a bundle can be applied once |
    | was refused, or was wrong | nothing: the same command would end in the same way |

    None where it would repeat an argument that the record masks: a mask in a selection would
    select more. `destroy`: a plan was one of a destroy.
    """
    words = _words(run, destroy=destroy)
    return "" if any(REDACTED in word for word in words) else shlex.join(words)


def _words(run: Run, *, destroy: bool) -> Sequence[str]:
    if run.asked and run.asked.bundle and run.exit_code in (*TRY_AGAIN, LATER):
        return _review_anew(run, run.asked)
    if run.result is Result.SUCCEEDED:
        return _after_plan(run, destroy=destroy)
    if run.exit_code not in TRY_AGAIN:
        return ()
    if kind(run) in CHANGING and any(map(_began, run.units.values())):
        return _after_apply(run)
    return ("pytg", *_asked(run))


def _began(unit: UnitRecord) -> bool:
    """Whether a retry has more to do than the same command again."""
    return unit.started_at is not None or unit.status in (Status.FAILED, Status.UNKNOWN)


def after_recovery(past: PastRuns, args: Sequence[str]) -> str:
    """What to type once what dead runs left is taken up; `args` are those of the recovery."""
    run = past.changing[-1] if past.changing else None
    if run is None or not left(run, past.runs):
        return ""
    return shlex.join(("pytg", *args[: _command_at(args)], "retry"))


def nothing_to_do(run: Run) -> bool:
    """Whether the run planned nothing that an apply would do."""
    return not (run.changes.total or besides(run))


def besides(run: Run) -> str:
    """What else is planned than resources, and in which units."""
    return in_units({address: unit.besides for address, unit in run.units.items()})


def _after_plan(run: Run, *, destroy: bool) -> Sequence[str]:
    args = _asked(run)
    if not run.command.startswith("plan") or run.command not in args or nothing_to_do(run):
        return ()
    place = _command_at(args)
    if kept := _out(args):
        return ("pytg", *args[:place], "apply", kept)
    name = run.command.replace("plan", "destroy" if destroy or "--destroy" in args else "apply")
    rest = (arg for arg in args[place + 1 :] if arg != "--destroy")
    return ("pytg", *args[:place], name, *rest)


def _after_apply(run: Run) -> Sequence[str]:
    bad = {unit.status for unit in run.units.values()} & BAD
    if Status.UNKNOWN in bad:
        return ("pytg", *_before(run), "recover", *_suffixed(run.asked))
    return ("pytg", *_before(run), "retry") if bad else ()


def _review_anew(run: Run, asked: Asked) -> Sequence[str]:
    """The plan of what is left of a bundle, into its place; none where that must be encrypted."""
    bad = {unit.status for unit in run.units.values()} & BAD
    if not bad or any(arg.partition("=")[0] == "--identity" for arg in run.args):
        return ()
    told = ["pytg", *_before(run), "plan"]
    for status in (each for each in Status if each in bad):
        told += ["--select", f"result:{status}@{run.run_id}"]
    told += _suffixed(asked)
    told += ["--per-unit"] if asked.options.get("per_unit") else []
    told += ["--destroy"] if asked.options.get("destroy") else []
    return (*told, "--out", str(asked.bundle))


def _suffixed(asked: Asked | None) -> Iterator[str]:
    if asked is not None and asked.suffix:
        yield from ("--suffix", asked.suffix)


def _asked(run: Run) -> list[str]:
    return [arg for arg in run.args if arg not in ANSWERS]


def _before(run: Run) -> Sequence[str]:
    """The options of `pytg` itself, which stand before the command's name."""
    return run.args[: _command_at(run.args)]


def _command_at(args: Sequence[str]) -> int:
    """Where the command's name stands: first, but for the options of `pytg` itself."""
    place = 0
    while place < len(args) and args[place].startswith("-"):
        place += 2 if args[place] in DIRECTORY else 1
    return place


def _out(args: Sequence[str]) -> str:
    """Where a plan was kept; empty where it was not."""
    for place, arg in enumerate(args):
        if arg == "--out":
            return args[place + 1]
        if arg.startswith("--out="):
            return arg.removeprefix("--out=")
    return ""
