"""`pytg state show`: the attributes of what a unit's state holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pytg import exact_json
from pytg.cli._context import Context
from pytg.cli._options import option, suffix_option
from pytg.cli._recovered import report_recovered, say
from pytg.cli._state_target import Target
from pytg.cli.output import MASK
from pytg.compose.resource_address import ResourceAddress
from pytg.errors import UsageError
from pytg.project import Project
from pytg.recovery.state_change import StatePlace
from pytg.report.table import printable
from pytg.run.state_places import find_place, state_places
from pytg.state.stored_objects import StoredObject, stored_objects
from pytg.suggest import did_you_mean


@click.command("show")
@click.argument("target", metavar="UNIT[:ADDRESS]")
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@option("--reveal", is_flag=True, help="Show sensitive values too.")
@suffix_option()
@click.pass_obj
def show_command(
    context: Context, target: str, suffix: str | None, *, as_json: bool, reveal: bool
) -> None:
    """Show what the state of UNIT holds at ADDRESS: a resource, an instance, or a module.

    Without ADDRESS all of it. Sensitive values are masked, with --json too.
    """
    wanted = Target.parse(target)
    project = context.project(suffix)
    unit = _place(project, wanted.unit)
    documents = [_document(held, reveal=reveal) for held in _found(project, unit, wanted.what)]
    if as_json:
        document = {"unit": str(unit.address), "objects": documents}
        click.echo(exact_json.dumps(document, indent=2, ensure_ascii=False))
        return
    click.echo("\n\n".join(_text(document) for document in documents))


def _place(project: Project, text: str) -> StatePlace:
    """Where the state of the unit lies, also of one that left; what a dead run left is written."""
    unit = next((u for u in project.estate.units.values() if str(u.address) == text), None)
    if unit is None:
        return find_place(state_places(project.estate, project.states), text)
    project.check_identity([unit])
    report_recovered(project.recover(unit.address, say))
    return StatePlace.of(unit)


def _found(project: Project, unit: StatePlace, what: ResourceAddress | None) -> list[StoredObject]:
    """What is asked for. Raises UsageError where there is none."""
    held = stored_objects(unit.address.module, project.states.read([unit])[unit.address].state)
    found = [each for each in held if what is None or what.covers(each.address)]
    if found:
        return found
    if what is None:
        raise UsageError(f"the state of {unit.address} holds nothing")
    hint = did_you_mean(str(what), {str(each.address) for each in held}, most=3)
    raise UsageError(f"the state of {unit.address} holds no {what}", hint=hint)


def _document(held: StoredObject, *, reveal: bool) -> dict[str, Any]:
    return {
        "address": str(held.address),
        "mode": held.address.mode,
        "type": held.address.type,
        "provider": held.provider,
        "deposed": held.deposed,
        "dependencies": list(held.dependencies),
        "attributes": held.attributes if reveal else held.shown,
    }


def _text(document: Mapping[str, Any]) -> str:
    """The address, then `name = value` with the names aligned."""
    attributes = document["attributes"]
    deposed = f" (deposed {document['deposed']})" if document["deposed"] else ""
    width = max(map(len, attributes), default=0)
    lines = [printable(f"{document['address']}{deposed}")]
    for name, value in sorted(attributes.items()):
        lines.append(f"    {name:<{width}} = {_value(value)}")
    return "\n".join(lines)


def _value(value: Any) -> str:
    if value == MASK:
        return MASK
    return printable(exact_json.dumps(value, indent=2, ensure_ascii=False)).replace("\n", "\n    ")
