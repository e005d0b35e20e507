"""`pytg output`: a unit's outputs, read from its state; no Terraform is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pytg import exact_json
from pytg.cli._context import Context
from pytg.cli._options import option, suffix_option
from pytg.cli._recovered import report_recovered, say
from pytg.errors import Refused, UsageError
from pytg.model import Unit
from pytg.report.table import printable
from pytg.suggest import near

MASK = "(sensitive value)"


@click.command("output")
@click.argument("address")
@click.argument("name", required=False)
@option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON, as `terraform output` does, with sensitive values masked.",
)
@option("--reveal", is_flag=True, help="Show sensitive values too.")
@suffix_option()
@click.pass_obj
def command(
    context: Context,
    address: str,
    name: str | None,
    suffix: str | None,
    *,
    as_json: bool,
    reveal: bool,
) -> None:
    """Print the outputs of the unit at ADDRESS, or the value of the output NAME.

    What a run that died left of the unit's state is recovered first.
    """
    project = context.project(suffix)
    unit = project.unit(address)
    report_recovered(project.recover(unit.address, say))
    stored = project.stored_outputs(unit.address)
    outputs = {name: _output(stored[name], reveal=reveal) for name in sorted(stored)}
    if name is not None:
        found = _one(unit, outputs, name)
        if found["sensitive"] and not reveal:
            raise Refused(
                f"the output `{name}` of {unit.address} is sensitive",
                hint="pass --reveal to print it",
            )
        value = found["value"]
        text = value if isinstance(value, str) and not as_json else _json(value)
        click.echo(text)
    elif as_json:
        click.echo(_json(outputs))
    elif outputs:
        width = max(map(len, outputs))
        for key, output in outputs.items():
            click.echo(f"{key:<{width}} = {_shown(output)}")
    else:
        click.echo(f"{unit.address} has no outputs", err=True)


def _output(stored: Mapping[str, Any], *, reveal: bool) -> dict[str, Any]:
    """`sensitive`, `type` and `value`, masked unless `reveal`."""
    sensitive = bool(stored.get("sensitive"))
    value = MASK if sensitive and not reveal else stored["value"]
    return {"sensitive": sensitive, "type": stored["type"], "value": value}


def _one(unit: Unit, outputs: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name in outputs:
        return outputs[name]
    hint = f"its outputs: {', '.join(near(name, outputs, most=3) or outputs)}" if outputs else ""
    raise UsageError(f"{unit.address} has no output `{name}`", hint=hint)


def _shown(output: Mapping[str, Any]) -> str:
    value = output["value"]
    masked = output["sensitive"] and value == MASK
    return MASK if masked else printable(_json(value, indent=None))


def _json(value: object, indent: int | None = 2) -> str:
    return exact_json.dumps(value, indent=indent, ensure_ascii=False)
