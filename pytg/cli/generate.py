"""`pytg generate`: write the root modules of units."""

from __future__ import annotations

import os

import click

from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.errors import ConfigError, Problem, Refused
from pytg.generate.providers import tags_by_place
from pytg.generate.unit import render_unit, unit_directory
from pytg.generate.write import stale_files, write_files
from pytg.graph.selection import Selectors
from pytg.run.broken import broken_for


@click.command("generate")
@selecting
@option("--check", is_flag=True, help="Write nothing; exit 6 if something is stale.")
@click.pass_obj
def command(context: Context, selectors: Selectors, *, check: bool) -> None:
    """Write the root modules of units, by default of all, and print their directories.

    Plain Terraform runs in each of them. With --check, print those that are not as the
    configuration says. A unit whose module cannot be read has none; that is an error at the end.
    """
    project = context.project(selectors.suffix)
    estate, selection = project.estate, project.select(selectors)
    tags = tags_by_place(estate)
    shown = []
    broken: dict[Problem, None] = {}
    for address in selection.units:
        unit = estate.units[address]
        if found := broken_for(estate, unit):
            broken.update(dict.fromkeys(found))
            continue
        directory = unit_directory(estate, unit)
        files = render_unit(estate, unit, tags)
        if not check:
            write_files(directory, files)
        elif not stale_files(directory, files):
            continue
        shown.append(directory)
    for directory in shown:
        click.echo(os.path.relpath(directory))
    if broken:
        raise ConfigError(list(broken))
    if check and shown:
        raise Refused(
            f"{len(shown)} of {len(selection.units)} generated root modules are stale",
            hint="`pytg generate` writes them",
        )
