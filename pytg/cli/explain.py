"""`pytg explain`: where a unit's values come from."""

from __future__ import annotations

import click

from pytg import exact_json
from pytg.cli._context import Context
from pytg.cli._options import option, suffix_option
from pytg.config.explain import Entry, explain


@click.command("explain")
@click.argument("address")
@click.argument("key", required=False)
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@suffix_option()
@click.pass_obj
def command(
    context: Context, address: str, key: str | None, suffix: str | None, *, as_json: bool
) -> None:
    """Show the values of the unit at ADDRESS, their places, and what they overrode.

    KEY narrows it down: `inputs`, `inputs.name` or just `name`, `tags`, `backend.bucket`.
    """
    project = context.project_to_show(suffix)
    unit = project.unit(address)
    entries = explain(project.loaded, unit, key)
    if as_json:
        document = {"address": str(unit.address), "values": [entry.as_json() for entry in entries]}
        click.echo(exact_json.dumps(document, indent=2))
        return
    for entry in entries:
        click.echo("\n".join(_lines(entry)))


def _lines(entry: Entry) -> list[str]:
    place = "computed"
    if entry.position:
        place = f"{entry.position}:{entry.position.column}"
    lines = [f"{entry.key} = {_text(entry.value)}  ({place})"]
    if entry.written is not None:
        lines.append(f"    written {_text(entry.written)}")
    for layer in entry.overrode:
        where = f"{layer.position}:{layer.position.column}"
        lines.append(f"    overrode {_text(layer.written)}  ({where})")
    return lines


def _text(value: object) -> str:
    return exact_json.dumps(value, ensure_ascii=False)
