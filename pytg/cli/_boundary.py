"""The one place where errors become text on standard error and an exit code."""

from __future__ import annotations

import os
import sys
import traceback

import click

from pytg.errors import Interrupted, PytgError, UsageError


def boundary(command: click.Command) -> int:
    """Run `command` with this process's arguments; return the exit code."""
    try:
        result = command.main(standalone_mode=False, prog_name="pytg")
    except PytgError as error:
        return _report(error)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return UsageError.exit_code
    except click.ClickException as error:
        error.show()
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return Interrupted.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - the boundary: nothing may pass it as a bare traceback
        click.echo(traceback.format_exc(), err=True)
        click.echo("pytg failed in a way it did not expect: this is a bug in pytg", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _report(error: PytgError) -> int:
    click.echo(f"error: {error}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
    return error.exit_code
