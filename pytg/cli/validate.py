"""`pytg validate`: check the whole configuration, without Terraform."""

from __future__ import annotations

import click

from pytg.cli._context import Context
from pytg.cli._options import suffix_option
from pytg.errors import ConfigError, Problem
from pytg.record.words import counted
from pytg.run.guards import unguarded
from pytg.run.orphans import orphans_here, told
from pytg.run.policy import unstartable


@click.command("validate")
@suffix_option("Check the environments with this suffix instead.")
@click.pass_obj
def command(context: Context, suffix: str | None) -> None:
    """Check configuration, modules, inputs and `checks`: every problem at once.

    It warns of what left the configuration and still holds resources, and of units that look
    renamed, as far as states in this directory and past runs tell.
    """
    project = context.project(suffix)
    programs = unstartable(project.estate)
    mistakes = [
        *project.loaded.mistakes,
        *(Problem(str(p), project.loaded.checks.get(p.name)) for p in programs if p.own),
    ]
    if mistakes:
        raise ConfigError(mistakes)
    for program in programs:
        click.echo(f"warning: {program}; every plan is refused here", err=True)
    if warning := unguarded(project.estate, project.estate.units):
        click.echo(f"warning: {warning}", err=True)
    found = orphans_here(project.estate, suffix)
    for text in (*told(found), *found.renamed):
        click.echo(f"warning: {text}", err=True)
    units = counted(len(project.graph), "unit")
    edges = counted(len(project.estate.edges), "edge")
    click.echo(f"{units}, {edges}: valid", err=True)
