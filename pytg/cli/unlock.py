"""`pytg unlock`: remove a lock whose holder is gone."""

from __future__ import annotations

import click

from pytg.cli._context import Context
from pytg.cli._options import suffix_option
from pytg.cli._recovered import report_recovered, say
from pytg.recovery.recover import recover_lock


@click.command("unlock")
@click.argument("address")
@click.argument("lock_id")
@suffix_option()
@click.pass_obj
def command(context: Context, address: str, lock_id: str, suffix: str | None) -> None:
    """Remove the lock LOCK_ID from the state of the unit at ADDRESS.

    Only when its holder is gone: a run that still works would go on without a lock. That is
    refused for a run of this project directory; one that died here is recovered first. `pytg
    locks` lists the lock ids.
    """
    project = context.project(suffix)
    unit = project.unit(address)
    project.check_identity([unit])
    report_recovered(recover_lock(project.estate, unit, lock_id, project.states, say))
    store = project.states.store(unit)
    holder = store.holder(unit.backend.key)
    store.unlock(unit.backend.key, lock_id)
    done = "is not locked" if holder is None else f"is unlocked; it was held by {holder}"
    click.echo(f"{unit.address} {done}", err=True)
