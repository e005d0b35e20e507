"""`pytg state list`: what the states of the selected units hold."""

from __future__ import annotations

import click

from pytg import exact_json
from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.cli._recovered import report_recovered, say
from pytg.graph.selection import Selectors
from pytg.model import Address
from pytg.record.words import counted
from pytg.recovery.recover import recover_units
from pytg.report.table import printable
from pytg.state.stored_objects import StoredObject, stored_objects


@click.command("list")
@selecting
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_command(context: Context, selectors: Selectors, *, as_json: bool) -> None:
    """List what the states of the selected units hold: a line each, unit and address.

    Addresses are inside the unit's module.
    """
    project = context.project(selectors.suffix)
    units = [project.unit(address) for address in project.select(selectors).units]
    project.check_identity(units)
    report_recovered(recover_units(project.estate, units, project.states, say))
    states = project.states.read(units)
    found = [
        (unit.address, held)
        for unit in units
        for held in stored_objects(unit.module.name, states[unit.address].state)
    ]
    if as_json:
        document = {"objects": [_document(unit, held) for unit, held in found]}
        click.echo(exact_json.dumps(document, indent=2, ensure_ascii=False))
        return
    width = max((len(str(unit)) for unit, _ in found), default=0)
    for unit, held in found:
        deposed = f"  (deposed {held.deposed})" if held.deposed else ""
        click.echo(printable(f"{unit!s:<{width}}  {held.address}{deposed}"))
    without = sum(states[unit.address].state is None for unit in units)
    if without:
        click.echo(f"no state: {without} of {counted(len(units), 'unit')}", err=True)


def _document(unit: Address, held: StoredObject) -> dict[str, str]:
    return {
        "unit": str(unit),
        "address": str(held.address),
        "mode": held.address.mode,
        "type": held.address.type,
        "provider": held.provider,
        "deposed": held.deposed,
    }
