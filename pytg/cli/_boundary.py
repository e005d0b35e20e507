"""The one place where errors become text on standard error and an exit code."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from pytg.cli._hints import hinted
from pytg.errors import Interrupted, PytgError, UsageError

if TYPE_CHECKING:
    from typing_extensions import Buffer

FULL = "make room there, and run the command again: `pytg doctor` says how much is free"
REMEDIES = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: "pytg keeps states, plans and records in the project: it must be writable",
    errno.EACCES: "look at its permissions, and at those of its directory",
}


def boundary(command: click.Command, name: str = "pytg") -> int:
    """Run `command` with this process's arguments; return the exit code."""
    _open_streams()
    _outlive_readers()
    try:
        result = command.main(standalone_mode=False, prog_name=name)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nothing may pass the boundary
        return _report(error)
    return result if isinstance(result, int) else 0


def _open_streams() -> None:
    """Give the process the standard streams that it was started without.

    Else the next file that is opened takes their number, and what is printed goes into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            os.set_inheritable(number, True)  # noqa: FBT003 - the system's signature
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115 - a descriptor, for as long as the process lives


class _Outlet(io.FileIO):
    """A standard stream whose reader may leave, as `head` does: the rest then goes nowhere."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return super().write(data)


def _outlive_readers() -> None:
    """A reader that leaves ends no run: what it does counts for the exit code, not who looks on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            number = stream.fileno()
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # not of the system, as in a test
        outlet = io.BufferedWriter(_Outlet(number, "w", closefd=False))
        setattr(
            sys,
            name,
            io.TextIOWrapper(
                outlet,
                stream.encoding,
                stream.errors,
                line_buffering=name == "stderr" or stream.isatty(),
            ),
        )


def _report(error: BaseException) -> int:
    match error:
        case PytgError():
            click.echo(f"error: {hinted(str(error))}", err=True)
            if error.hint:
                click.echo(f"  {hinted(error.hint)}", err=True)
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return UsageError.exit_code
        case click.ClickException():
            error.show()
            return UsageError.exit_code
        case click.Abort() | KeyboardInterrupt():
            click.echo("interrupted", err=True)
            return Interrupted.exit_code
        case OSError():
            click.echo(f"error: {_of_system(error)}", err=True)
            if error.errno in REMEDIES:
                click.echo(f"  {REMEDIES[error.errno]}", err=True)
            return 1
        case _:
            click.echo("".join(traceback.format_exception(error)), err=True)
            click.echo("error: pytg did not expect this: it is a bug in pytg", err=True)
            return 1


def _of_system(error: OSError) -> str:
    """What the system said, and of which file, without the number."""
    if not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
