"""`pytg take-over`: recover what runs of a machine that is gone left here."""

from __future__ import annotations

import json

import click

from pytg.cli._context import Context
from pytg.cli._options import option, suffix_option
from pytg.cli._recovered import document, report_recovered, say
from pytg.recovery.recovery import require_recovered
from pytg.recovery.take_over import take_over


@click.command("take-over")
@click.argument("host")
@suffix_option()
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(context: Context, host: str, suffix: str | None, *, as_json: bool) -> None:
    """Recover what applies on HOST, a machine that is gone, left unfinished here.

    For a project directory that went from one machine to another, as the cache of a CI job: of
    another host nobody can say whether a process there lives. Where the states are in S3, a run
    renews a lease beside its locks, and is refused to be taken over while it does.
    """
    project = context.project(suffix)
    project.check_identity(project.estate.units.values())
    found = take_over(project.estate, host, project.states, say)
    report_recovered(found)
    if as_json:
        recovered = [document(each) for each in found]
        click.echo(json.dumps({"host": host, "recovered": recovered}, indent=2))
    require_recovered(found, [unit for each in found for unit in each.refused])
