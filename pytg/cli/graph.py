"""`pytg graph`: a picture of the units and of what flows between them."""

from __future__ import annotations

from pathlib import Path

import click

from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.errors import UsageError
from pytg.files import write_atomic
from pytg.graph.build import contract
from pytg.graph.selection import Selectors
from pytg.report.graph_draw import FORMS, LEVELS, draw


@click.command("graph")
@selecting
@option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    default="text",
    show_default=True,
    envvar="PYTG_GRAPH_FORMAT",
    help="svg and html need no other program; html is one page with a search and details.",
)
@option(
    "--level",
    type=click.Choice(LEVELS),
    default="unit",
    show_default=True,
    envvar="PYTG_GRAPH_LEVEL",
    help="module: all units of a module are one.",
)
@option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write there instead of to standard output.",
)
@click.pass_obj
def command(
    context: Context, selectors: Selectors, form: str, level: str, output: Path | None
) -> None:
    """Draw the selected units, in the order that the whole graph gives them."""
    project = context.project_to_show(selectors.suffix)
    selection = project.select(selectors)
    picture = draw(project.estate, contract(project.graph, selection.units), form, level)
    if output is None:
        click.echo(picture, nl=False)
        return
    _write(output, picture)
    click.echo(f"wrote {output}", err=True)


def _write(path: Path, text: str) -> None:
    """All of the file or none of it; what is no file, such as a pipe, is written into.

    Raises UsageError where nothing can be written.
    """
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            write_atomic(path, text.encode(), mode=0o644, durable=False)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", hint="--output needs an existing directory"
        ) from error
