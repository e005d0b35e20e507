"""`checks` of config.yaml: the user's own programs look at a plan, and may refuse it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytg import exact_json
from pytg.errors import Interrupted, Refused
from pytg.files import write_new
from pytg.model import Estate
from pytg.processes import converse, signal_name
from pytg.run.execution import Execution
from pytg.run.hidden import Hidden
from pytg.run.root import Root, SavedPlan
from pytg.terraform.secrets import secrets_of_plan

PLAN = "{plan}"
HINT = "mend what they name; the programs stand in `checks` of config.yaml"
_SHOWN = 2_000  # characters of what a program said, from its end


def refusals(execution: Execution, plans: Iterable[SavedPlan]) -> list[str]:
    """Give each plan that changes something to every check, one after the other.

    Returns what those that refuse have said. Raises Interrupted on Ctrl-C.
    """
    checks = execution.estate.checks
    found: list[str] = []
    for plan in plans:
        if checks and any(change.changed for change in plan.changes.values()):
            document = plan.root.document()
            for name, command in checks.items():
                execution.note(f"check `{name}`: {command[0]}")
                found += _refusal(execution, name, command, plan.root, document)
    return found


@dataclass(frozen=True, slots=True)
class Unstartable:
    """A check whose program cannot be started on this machine, and `why`.

    `own`: it is to lie in the project, and not to be installed.
    """

    name: str
    why: str
    own: bool

    def __str__(self) -> str:
        return f"check `{self.name}` cannot be started: {self.why}"


def unstartable(estate: Estate) -> list[Unstartable]:
    """The checks whose programs cannot be started here, as far as that can be seen."""
    programs = {name: command[0] for name, command in estate.checks.items()}
    return [
        Unstartable(name, why, own=os.sep in program and not Path(program).is_absolute())
        for name, program in programs.items()
        if (why := _why_not(estate.root, program))
    ]


def refuse_unstartable(estate: Estate) -> None:
    """Raises Refused, before anything is planned, where `unstartable` finds some."""
    refuse(map(str, unstartable(estate)))


def _why_not(root: Path, program: str) -> str:
    """Why `program` cannot be started in `root`; empty where it can."""
    if os.sep not in program:
        return "" if shutil.which(program) else f"`{program}` is not on PATH"
    file = root / program
    if not file.is_file():
        return f"there is no file {program}"
    return "" if os.access(file, os.X_OK) else f"{program} is not executable: chmod +x {program}"


def refuse(found: Iterable[str]) -> None:
    """Raises Refused where `refusals` found some."""
    told = "\n".join(found)
    if told:
        raise Refused(told, hint=HINT)


def _refusal(
    execution: Execution, name: str, command: Sequence[str], root: Root, document: str
) -> list[str]:
    """One text where the check refuses, none where it does not."""
    try:
        with _readable(root, command, document) as (argv, given):
            environ = {**os.environ, "PYTG_COMMAND": execution.record.run.command}
            root_directory = execution.estate.root
            ended = converse(argv, given, root_directory, environ, execution.cancel)
    except OSError as error:
        return [f"check `{name}` cannot be started: {command[0]}: {error.strerror}"]
    if ended is None:
        raise Interrupted(f"interrupted while check `{name}` was at work")
    code, said = ended
    if code == 0:
        return []
    secrets = secrets_of_plan(exact_json.loads(document))
    said = Hidden(execution, root.workdir, root.units, secrets).text(said)
    said = root.calls.plain(said.strip())
    for call, unit in root.calls.units.items():  # as people know them
        said = said.replace(f"module.{call}.", f"{unit} ")
    said = said if len(said) <= _SHOWN else f"[...] {said[-_SHOWN:]}"
    how = f"refuses the plan (exit {code})"
    if code < 0:  # it came to no verdict
        how = f"did not get to its end: {signal_name(-code)} ended it"
    return ["\n".join([f"check `{name}` {how}", *said.splitlines()])]


@contextlib.contextmanager
def _readable(root: Root, command: Sequence[str], document: str) -> Iterator[tuple[list[str], str]]:
    """The program's arguments and its standard input.

    The document holds sensitive values in clear: it is on disk only for a program that wants a
    file, for its owner alone, and only as long as that program runs.
    """
    if not any(PLAN in part for part in command):
        yield list(command), document
        return
    file = root.document_file
    try:
        write_new(file, document.encode(), durable=False)
        yield [part.replace(PLAN, str(file)) for part in command], ""
    finally:
        file.unlink(missing_ok=True)
