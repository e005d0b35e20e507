"""`pytg runs`: what was done here, from the records."""

from __future__ import annotations

import json

import click

from pytg.cli._context import Context
from pytg.cli._options import option
from pytg.cli._recovered import say
from pytg.record.run import RUN
from pytg.record.runs import past_runs
from pytg.report.runs import runs_document, runs_table, shown

json_option = option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("runs", invoke_without_command=True)
@option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="At most so many; 0: all.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, *, as_json: bool) -> None:
    """List the runs of this project on this machine, the newest first.

    They are read from their records. One that cannot be read is named and passed over.
    """
    if ctx.invoked_subcommand is not None:
        return
    context: Context = ctx.obj
    past = past_runs(context.project().root)
    newest = past.runs[::-1]
    runs = newest[:limit] if limit else newest
    if as_json:
        click.echo(json.dumps(runs_document(past, runs), indent=2, ensure_ascii=False))
    elif runs:
        click.echo(runs_table(runs))
        if len(runs) < len(newest):
            say(f"{len(newest) - len(runs)} older: `pytg runs --limit 0` lists all")
    else:
        say("no runs")
    if not as_json:
        for damaged in past.damaged:
            say(f"cannot be read: {damaged.reason}")


@command.command("show")
@click.argument("run")
@json_option
@click.pass_obj
def show(context: Context, run: str, *, as_json: bool) -> None:
    """Show what the run RUN did: its units, changes, stages, times and what was said.

    RUN is an id, its beginning, or `latest`. With --json it is the record itself.
    """
    found = past_runs(context.project().root).find(run)
    if as_json:
        document = RUN.dump_python(found, mode="json")
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(shown(found))
