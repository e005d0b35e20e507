"""`pytg unlock`: remove locks whose holders are gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import click

from pytg.cli._context import Context
from pytg.cli._options import option, selecting
from pytg.cli._recovered import report_recovered, say
from pytg.cli.locks import held_locks
from pytg.errors import Refused, UsageError
from pytg.graph.selection import Selectors
from pytg.model import Address, Unit
from pytg.project import Project
from pytg.recovery.recover import recover_lock
from pytg.recovery.take_over import lease_age
from pytg.state.lease import EXPIRES_S
from pytg.state.lock_set import end_leases


@click.command("unlock")
@click.argument("address", required=False)
@click.argument("lock_id", required=False)
@selecting
@option("--lock-id", "of_id", metavar="ID", help="Of the selected units, those with this lock id.")
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(
    context: Context,
    address: str | None,
    lock_id: str | None,
    selectors: Selectors,
    of_id: str | None,
    *,
    as_json: bool,
) -> None:
    """Remove the lock LOCK_ID from the unit at ADDRESS, or those of a selection.

    Only when its holder is gone: a run that still works would go on without a lock. That is
    refused for a run of this project directory; one that died here is recovered first. Of a
    selection the locks of runs that are proved dead go: in S3 a run renews a lease, and has been
    silent for five minutes. Another lock needs its id, which `pytg locks` lists.
    """
    _require_one_way(address, lock_id, of_id, selectors)
    project = context.project(selectors.suffix)
    if address is not None:
        units = [project.unit(address)]
    else:
        chosen = project.select(selectors).units
        units = [project.estate.units[unit] for unit in sorted(chosen)]
    project.check_identity(units)
    kept: list[str] = []
    removed: dict[Address, str] = {}
    for unit in units:
        why = _unlock(project, unit, lock_id or of_id, removed, alone=address is not None)
        if why:
            kept.append(f"{unit.address}: {why}")
    _end_leases(project, removed)
    if as_json:
        unlocked = [str(unit) for unit in removed]
        click.echo(json.dumps({"unlocked": unlocked, "kept": kept}, indent=2))
    if kept:
        raise Refused(
            "these locks stay:\n    " + "\n    ".join(kept),
            hint="where the holder is gone: pytg unlock ADDRESS LOCK_ID, or --lock-id ID with the "
            "selection",
        )


def _require_one_way(
    address: str | None, lock_id: str | None, of_id: str | None, selectors: Selectors
) -> None:
    """Raises UsageError where it is neither one unit and its lock, nor a selection."""
    if address is not None and of_id is not None:
        raise UsageError(
            "--lock-id is for a selection: a unit at ADDRESS takes its lock as LOCK_ID",
            hint=f"pytg unlock {address} {of_id}",
        )
    if address is not None and replace(selectors, suffix=None) != Selectors():
        raise UsageError(
            "pytg unlock takes either ADDRESS and LOCK_ID or selecting options, not both",
            hint="leave one of them out; options can come from variables such as PYTG_ENV",
        )
    if not (lock_id or (address is None and selectors.given)):
        raise UsageError(
            "pytg unlock needs either ADDRESS and LOCK_ID or a selecting option, such as --env",
            hint="`pytg locks` lists the locks with their ids",
        )


def _unlock(
    project: Project,
    unit: Unit,
    lock_id: str | None,
    removed: dict[Address, str],
    *,
    alone: bool,
) -> str:
    """Unlock one unit and put the id into `removed`; or return why not, empty for no lock."""
    store, key = project.states.store(unit), unit.backend.key
    holder = store.holder(key)
    if not alone:
        if holder is None or (lock_id and holder.id != lock_id):
            return ""
        if lock_id is None and (reason := _alive(project, unit, holder.id)):
            return f"held by {holder}; {reason}"
    wanted = lock_id or (holder.id if holder else "")
    report_recovered(recover_lock(project.estate, unit, wanted, project.states, say))
    store.unlock(key, wanted)
    done = "is not locked" if holder is None else f"is unlocked; it was held by {holder}"
    click.echo(f"{unit.address} {done}", err=True)
    removed[unit.address] = wanted
    return ""


def _end_leases(project: Project, removed: Mapping[Address, str]) -> None:
    """End the lease of each run whose last lock was removed."""
    units = project.estate.units
    for lock_id in sorted(set(removed.values())):
        mine = [units[address] for address, of in removed.items() if of == lock_id]
        if lease_age(project.states.store(mine[0]), lock_id) is None:
            continue
        places = {(unit.account, replace(unit.backend, key="")) for unit in mine}
        beside = [u for u in units.values() if (u.account, replace(u.backend, key="")) in places]
        if all(info.id != lock_id for info in held_locks(project, beside).values()):
            end_leases([project.states.store(unit) for unit in mine], lock_id)


def _alive(project: Project, unit: Unit, lock_id: str) -> str:
    """Why the holder may live; empty where it is proved dead."""
    age = lease_age(project.states.store(unit), lock_id)
    if age is None:
        return "nothing says whether it lives"
    return "" if age >= EXPIRES_S else f"it said {age:.0f} s ago that it lives"
