"""`pytg ls`: the units that a run with the same selecting options would work on."""

from __future__ import annotations

import click

from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.graph.selection import Selectors
from pytg.report.graph_list import FORMS


@click.command("ls")
@selecting
@option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    default="names",
    show_default=True,
    envvar="PYTG_LS_FORMAT",
    help="names: one address a line.",
)
@option("--why", is_flag=True, help="Say why each unit is selected.")
@click.pass_obj
def command(context: Context, selectors: Selectors, form: str, *, why: bool) -> None:
    """List the selected units in the order in which a run takes them."""
    project = context.project_to_show(selectors.suffix)
    selection = project.select(selectors)
    click.echo(FORMS[form](project.estate, project.graph, selection, why=why), nl=False)
