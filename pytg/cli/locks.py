"""`pytg locks`: who holds the locks of the units' states."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import click

from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.graph.selection import Selectors
from pytg.model import Address, Unit
from pytg.project import Project
from pytg.record.words import counted
from pytg.report.table import columns
from pytg.state.state_store import LockInfo

_THREADS = 16


@click.command("locks")
@selecting
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(context: Context, selectors: Selectors, *, as_json: bool) -> None:
    """List the locks on the states of the selected units: who holds them, since when, for what."""
    project = context.project(selectors.suffix)
    selection = project.select(selectors)
    units = [project.estate.units[address] for address in sorted(selection.units)]
    held = held_locks(project, units)
    if as_json:
        document = {"locks": [_document(address, info) for address, info in held.items()]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif held:
        click.echo(_table(held))
    else:
        click.echo(f"no locks on the states of {counted(len(units), 'unit')}", err=True)


def held_locks(project: Project, units: Sequence[Unit]) -> dict[Address, LockInfo]:
    """The locks on the states of `units`."""

    def holder(unit: Unit) -> LockInfo | None:
        return project.states.store(unit).holder(unit.backend.key)

    with ThreadPoolExecutor(_THREADS) as pool:
        found = zip(units, pool.map(holder, units), strict=True)
        return {unit.address: info for unit, info in found if info is not None}


def _document(address: Address, info: LockInfo) -> dict[str, str]:
    return {
        "address": str(address),
        "id": info.id,
        "who": info.who,
        "created": info.created,
        "operation": info.operation,
        "info": info.info,
        "version": info.version,
    }


def _table(held: Mapping[Address, LockInfo]) -> str:
    rows = [("unit", "held by", "since", "operation", "lock id")]
    rows += [(str(a), i.who, i.created, i.operation, i.id) for a, i in held.items()]
    return columns(rows)
