"""`pytg schema`: the JSON Schema of a configuration file, for editors."""

from __future__ import annotations

import json

import click

from pytg.cli._options import option
from pytg.config.schema import FILES, json_schema


@click.command("schema")
@option(
    "--level",
    type=click.Choice(list(FILES)),
    default="project",
    show_default=True,
    envvar="PYTG_SCHEMA_LEVEL",
    help="config.yaml, account.yaml, region.yaml or env.yaml.",
)
def command(level: str) -> None:
    """Print the JSON Schema of a configuration file."""
    click.echo(json.dumps(json_schema(level), indent=2))
