"""`pytg recover`: take up what dead runs left, and say which state holds where two differ."""

from __future__ import annotations

import json
import sys
import threading

import click

from pytg.cli._context import Context
from pytg.cli._options import option, suffix_option
from pytg.cli._recovered import document, report_recovered, say
from pytg.errors import UsageError
from pytg.model import Address
from pytg.project import Project
from pytg.record.runs import past_runs
from pytg.recovery.composed_directory import journals
from pytg.recovery.finish_change import changing
from pytg.recovery.recover import Use, recover_all
from pytg.recovery.recovery import require_recovered
from pytg.report.next_step import after_recovery


@click.command("recover")
@click.argument("address", required=False)
@option(
    "--use",
    type=click.Choice([str(each) for each in Use]),
    help="Where the state of ADDRESS moved since: the one that the run left, or the stored one.",
)
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@suffix_option()
@click.pass_obj
def command(
    context: Context, address: str | None, use: str | None, suffix: str | None, *, as_json: bool
) -> None:
    """Take up what runs that died left, as the next run would do, and plan nothing.

    Where somebody else wrote a unit's state since, that unit is refused and the others are
    recovered. With --use, ADDRESS is recovered too: whichever state does not hold is kept in
    .pytg/backups.
    """
    if use and not address:
        raise UsageError(
            "--use needs the ADDRESS of a unit", hint="pytg recover ADDRESS --use left"
        )
    project = context.project(suffix)
    decided = {_unit(project, address): Use(use)} if address and use else {}
    asked = _unit(project, address) if address else None
    if asked is not None and asked in project.estate.units:
        project.check_identity([project.estate.units[asked]])
    estate, states = project.estate, project.states
    found = recover_all(estate, states, say, threading.Event(), use=decided)
    report_recovered(found)
    if as_json:
        click.echo(json.dumps({"recovered": [document(each) for each in found]}, indent=2))
    elif not found:
        say("nothing to recover")
    left = {unit for each in found for unit in each.refused}
    require_recovered(found, left & {asked} or left)
    if command := after_recovery(past_runs(project.root), sys.argv[1:]):
        say(f"  next: {command}")


def _unit(project: Project, text: str) -> Address:
    """The unit, which may have left the configuration since. Raises UsageError for none."""
    left = [unit for _, journal in journals(project.root) for unit in journal.writes]
    for unit in (*left, *changing(project.root)):
        if str(unit) == text.strip("/"):
            return unit
    return project.unit(text).address
