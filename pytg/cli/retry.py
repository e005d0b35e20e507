"""`pytg retry`: what a run left undone, with the run's own arguments."""

from __future__ import annotations

import json
import sys

import click

from pytg.cli._context import Context
from pytg.cli._document import before_the_record, without_run
from pytg.cli._execute import execute
from pytg.cli._options import option
from pytg.cli._recovered import say
from pytg.cli._terraform_options import Answering
from pytg.cli._view_options import ViewOptions
from pytg.record.run import Result, Run
from pytg.record.runs import PastRuns, past_runs
from pytg.record.words import counted, named
from pytg.run.retry import Retry, asked_of, retry


@click.command("retry", cls=Answering)
@click.argument("run", required=False)
@option("--yes", "-y", is_flag=True, help="Do not ask.")
@option("--verbose", "-v", is_flag=True, help="Show plans in full.")
@option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def command(
    context: Context, run: str | None, *, yes: bool, verbose: bool, as_json: bool
) -> int | None:
    """Do again what the run RUN left undone: failed, skipped, cancelled or unknown units.

    RUN is an id, its beginning, or `latest`; by default the newest that applied or destroyed. The
    same is done as then, with the same options, for the units that are left. What is planned is
    asked about, also where RUN had --yes.
    """
    with before_the_record(as_json=as_json):
        past = past_runs(context.project().root)
        for damaged in past.damaged:
            say(f"passed over: {damaged.reason}")
        found = _chosen(past, run)
        if found is None:
            _nothing("no run has applied or destroyed anything here", as_json=as_json)
            return None
        project = context.project(asked_of(found).suffix)
        again = retry(found, past, project.estate, project.graph, project.states)
        _tell(again, yes=yes)
        if not again.units:
            _nothing(f"nothing is left of {found.command} {found.run_id}", as_json=as_json)
            return None
        request = again.request(tuple(sys.argv[1:]), yes=yes)
    return execute(context, request, ViewOptions(verbose=verbose, json=as_json), project)


def _chosen(past: PastRuns, run: str | None) -> Run | None:
    if run is not None:
        return past.find(run)
    return past.changing[-1] if past.changing else None


def _nothing(text: str, *, as_json: bool) -> None:
    say(f"{text}: nothing to retry")
    if as_json:
        click.echo(json.dumps(without_run(Result.SUCCEEDED, None), indent=2))


def _tell(again: Retry, *, yes: bool) -> None:
    run = again.run
    if again.gone:
        say(f"no longer configured, and left out: {named(again.gone)}")
    if not again.units:
        return
    say(f"{run.command} {run.run_id} again, for {counted(len(again.units), 'unit')} that it left")
    if not yes and asked_of(run).options.get("yes"):
        say("its --yes was for the plan of then: this one is asked about (--yes does not ask)")
    for unit, upstream in again.moved.items():
        changed = ", ".join(f"{address} ({how})" for address, how in upstream.items())
        say(f"{unit} needs what changed since: {changed}")
