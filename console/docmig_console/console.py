"""`docmig`: the operator's console of the migration, on an environment that pytg deployed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import click

from docmig_console.checkpoints import Checkpoints
from docmig_console.executions import Execution, Executions
from docmig_console.platform import Platform
from docmig_console.status import status_of
from pytg import __version__
from pytg.errors import UsageError
from pytg.plugin import Context, boundary, option, reported, suffix_option

HOUR = 3600.0

json_option = option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_FOLLOWING = (
    option("--wait/--no-wait", default=True, help="Follow it to its end."),
    option(
        "--timeout",
        "seconds",
        type=float,
        default=HOUR,
        help="Seconds to follow it; it goes on then.",
    ),
    option(
        "--input",
        "given_input",
        metavar="JSON",
        default="{}",
        help="More of the execution's input: see modules/orchestration/README.md.",
    ),
    json_option,
)
F = TypeVar("F", bound=Callable[..., Any])


def following(command: F) -> F:
    """Add the options of a command that starts an execution."""
    for add in reversed(_FOLLOWING):
        command = add(command)
    return command


@dataclass(frozen=True, slots=True)
class Console:
    """What the options before the command say."""

    context: Context
    env: str
    suffix: str | None
    migration_id: str

    def platform(self) -> Platform:
        """The environment, with its outputs."""
        return Platform(self.context.project(self.suffix), self.env)

    @contextmanager
    def checkpoints(self, doing: str) -> Iterator[Checkpoints]:
        """The migration's checkpoints; what AWS refuses is told as `cannot DOING`."""
        platform = self.platform()
        with reported(doing, platform.account):
            yield Checkpoints(platform, self.migration_id)


@click.group()
@click.version_option(__version__, prog_name="docmig")
@option("-C", "--directory", metavar="DIR", default=".", help="The project.")
@option("--env", required=True, metavar="ENV", help="The environment, with or without suffix.")
@suffix_option()
@option(
    "--migration-id", default="", help="Which migration; by default it is named as the environment."
)
@click.pass_context
def group(
    ctx: click.Context, directory: str, env: str, suffix: str | None, migration_id: str
) -> None:
    """Run, pause, cut over and roll back the document migration."""
    ctx.obj = Console(Context(directory), env, suffix, migration_id)


@group.command()
@json_option
@click.pass_obj
def status(console: Console, *, as_json: bool) -> None:
    """Show traffic, readiness, steps and executions."""
    platform = console.platform()
    with reported("see where the migration stands", platform.account):
        found = status_of(platform, console.migration_id)
    if as_json:
        click.echo(json.dumps(found.document(), indent=2))
    else:
        click.echo("\n".join(found.lines()))


@group.command()
@following
@click.pass_obj
def start(console: Console, /, **options: Any) -> None:
    """Begin the migration, or go on where it failed or was given up."""
    _run(console, "migration", {}, **options)


@group.command()
@click.pass_obj
def pause(console: Console) -> None:
    """Stop the migration before its next step."""
    with console.checkpoints("pause the migration") as checkpoints:
        checkpoints.pause()
    click.echo("paused: the step that runs is finished, the next one waits", err=True)


@group.command()
@click.pass_obj
def resume(console: Console) -> None:
    """Let a paused migration go on."""
    with console.checkpoints("resume the migration") as checkpoints:
        told = checkpoints.resume()
    click.echo(f"resumed: {told} waiting step{'' if told == 1 else 's'} told", err=True)


@group.command()
@option("--reason", required=True, help="Why; it stands in the execution.")
@click.pass_obj
def abort(console: Console, reason: str) -> None:
    """Give up what waits in a pause; `start` goes on at the same step."""
    with console.checkpoints("give the migration up") as checkpoints:
        told = checkpoints.abort(reason)
    click.echo(f"given up: {told} waiting step{'' if told == 1 else 's'} told", err=True)


def forcing(command: F) -> F:
    """Add the options of a switch that may be forced."""
    who = option("--approved-by", metavar="NAME", help="Who decided to force it.")
    lost = "The other region is lost: no gate, no fence, no drain."
    return option("--force", is_flag=True, help=lost)(who(command))


@group.command()
@forcing
@following
@click.pass_obj
def cutover(console: Console, /, *, force: bool, approved_by: str | None, **options: Any) -> None:
    """Give the traffic to the target region, if the gate is open."""
    _run(console, "cutover", _forced(force=force, approved_by=approved_by), **options)


@group.command()
@forcing
@following
@click.pass_obj
def rollback(console: Console, /, *, force: bool, approved_by: str | None, **options: Any) -> None:
    """Give the traffic back to the source region, losing nothing."""
    _run(console, "rollback", _forced(force=force, approved_by=approved_by), **options)


def _forced(*, force: bool, approved_by: str | None) -> dict[str, Any]:
    if force != bool(approved_by):
        raise UsageError("--force and --approved-by go together: it may lose what is not copied")
    return {"force": True, "approved_by": approved_by} if force else {}


def _run(
    console: Console,
    purpose: str,
    fixed: Mapping[str, Any],
    *,
    wait: bool,
    seconds: float,
    given_input: str,
    as_json: bool,
) -> None:
    named = {"migration_id": console.migration_id} if console.migration_id else {}
    whole = {**_parsed(given_input), **named, **fixed}
    platform = console.platform()
    with reported(f"run the {purpose}", platform.account):
        executions = Executions(platform, purpose)
        execution = executions.start(whole)
        click.echo(str(execution), err=True)
        if wait:
            execution = executions.wait(execution.arn, _tell, seconds=seconds)
    _end(execution, as_json=as_json)


def _tell(state: str) -> None:
    click.echo(f"  {state}", err=True)


def _end(execution: Execution, *, as_json: bool) -> None:
    click.echo(json.dumps(asdict(execution), indent=2) if as_json else str(execution))


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--input is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError("--input is no JSON object")
    return found


def main() -> None:
    """Run `docmig` and exit with its code."""
    sys.exit(boundary(group, "docmig"))


if __name__ == "__main__":
    main()
