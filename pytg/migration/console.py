"""`docmig`: the operator's console of the migration, on an environment that pytg deployed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import click

from pytg import __version__
from pytg.cli._boundary import boundary
from pytg.cli._context import Context
from pytg.cli._options import option, suffix_option
from pytg.errors import UsageError
from pytg.migration.checkpoints import Checkpoints
from pytg.migration.executions import Execution, Executions
from pytg.migration.platform import Platform
from pytg.migration.status import status_of

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
        return Platform(self.context.estate(self.suffix), self.env)

    def checkpoints(self) -> Checkpoints:
        """The migration's checkpoints."""
        return Checkpoints(self.platform(), self.migration_id)


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
    found = status_of(console.platform(), console.migration_id)
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
    console.checkpoints().pause()
    click.echo("paused: the step that runs is finished, the next one waits", err=True)


@group.command()
@click.pass_obj
def resume(console: Console) -> None:
    """Let a paused migration go on."""
    told = console.checkpoints().resume()
    click.echo(f"resumed: {told} waiting step{'' if told == 1 else 's'} told", err=True)


@group.command()
@option("--reason", required=True, help="Why; it stands in the execution.")
@click.pass_obj
def abort(console: Console, reason: str) -> None:
    """Give up what waits in a pause; `start` goes on at the same step."""
    told = console.checkpoints().abort(reason)
    click.echo(f"given up: {told} waiting step{'' if told == 1 else 's'} told", err=True)


@group.command()
@following
@click.pass_obj
def cutover(console: Console, /, **options: Any) -> None:
    """Give the traffic to the target region, if the gate is open."""
    _run(console, "cutover", {}, **options)


@group.command()
@option("--force", is_flag=True, help="The target is lost: no gate, no fence, no drain.")
@option("--approved-by", metavar="NAME", help="Who decided to force it.")
@following
@click.pass_obj
def rollback(console: Console, /, *, force: bool, approved_by: str | None, **options: Any) -> None:
    """Give the traffic back to the source region, losing nothing."""
    if force != bool(approved_by):
        raise UsageError("--force and --approved-by go together: it may lose what is not copied")
    forced = {"force": True, "approved_by": approved_by} if force else {}
    _run(console, "rollback", forced, **options)


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
    executions = Executions(console.platform(), purpose)
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
