"""`pytg state restore`: an older state of a unit in place of the present one."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from pytg.cli._context import Context
from pytg.cli._options import option, suffix_option
from pytg.cli._recovered import report_recovered, say
from pytg.cli._state_approval import approve, require_unmoved, tell_backups, writing_options
from pytg.compose.state_document import State, resource_count
from pytg.model import Address
from pytg.project import Project
from pytg.recovery.recover import recover_all
from pytg.recovery.recovery import require_recovered
from pytg.recovery.state_change import StatePlace, change_states, held_at, read_raw
from pytg.report.table import columns, printable
from pytg.run.state_places import find_place, state_places
from pytg.state.restorable import Restorable, choose, following, restorable
from pytg.state.state_reader import UnitState
from pytg.state.stored_objects import stored_objects


@click.command("restore")
@click.argument("unit")
@click.argument("which", required=False)
@writing_options
@option("--other-lineage", is_flag=True, help="Also where it is not an earlier state of this one.")
@suffix_option()
@click.pass_obj
def restore_command(
    context: Context,
    unit: str,
    which: str | None,
    suffix: str | None,
    *,
    yes: bool,
    allow_dirty: bool,
    dry_run: bool,
    other_lineage: bool,
    as_json: bool,
    lock_timeout: float,
) -> None:
    """Bring an older state of UNIT back; without WHICH list what there is.

    WHICH is a backup that pytg has kept, a version of the bucket, or a file. It gets a serial
    beyond the present one, of which a backup is kept. No resource is touched: what the older state
    does not know is in no state afterwards, and what is gone since is made anew by the next apply.
    """
    project = context.project(suffix)
    estate, states = project.estate, project.states
    recovered = recover_all(estate, states, say, threading.Event())
    report_recovered(recovered)
    place = find_place(state_places(estate, states), unit.strip("/"))
    require_recovered(recovered, [place.address])
    project.check_identity([estate.units[a] for a in (place.address,) if a in estate.units])
    found = restorable(estate.root, place, states)
    if which is None:
        _list(found, place.address, as_json=as_json)
        return
    chosen, old = choose(found, which, place.address)
    shown = held_at(place, read_raw(place, states), damaged=True)
    if shown.version is not None and shown.state is None:
        say(f"the present state of {place.address} is damaged; a copy of it is kept")
    after = following(shown.state, old, place.address, other_lineage=other_lineage)
    changes = _changes(place.address, shown.state, after)
    if not (as_json and dry_run):
        _show(changes)
    backups: Mapping[Address, Path] = {}
    if not dry_run:
        question = f"Write {chosen.kind} {chosen.name} over the state of {place.address}?"
        approve(estate, [place.address], question, yes=yes, allow_dirty=allow_dirty)
        backups = _write(project, place, shown, after, timeout_s=lock_timeout)
        tell_backups(project.root, backups)
    if as_json:
        document = {
            "unit": str(place.address),
            "dry_run": dry_run,
            **_document(chosen),
            "new_serial": after["serial"],
            "changes": [{"change": sign, "address": name} for sign, name in changes],
            "backups": {str(unit): str(file) for unit, file in backups.items()},
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    verb = "would become" if dry_run else "is now"
    say(f"the state of {place.address} {verb} that of {chosen.kind} {chosen.name}")


def _write(
    project: Project, place: StatePlace, shown: UnitState, after: State, *, timeout_s: float
) -> Mapping[Address, Path]:
    """Write `after` where `shown` is still what is there; returns the backup. Raises StalePlan."""

    def make(held: Mapping[Address, UnitState]) -> Sequence[tuple[Address, State]]:
        require_unmoved({place.address: shown}, held)
        return [(place.address, after)]

    return change_states(
        project.root,
        [place],
        project.states,
        make,
        operation="pytg state restore",
        say=say,
        timeout_s=timeout_s,
        damaged=True,
    )


def _list(found: Sequence[Restorable], unit: Address, *, as_json: bool) -> None:
    if as_json:
        document = {"unit": str(unit), "restorable": [_document(each) for each in found]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif found:
        rows = [("which", "kind", "time", "serial", "resources", "why")]
        rows += [
            (
                each.name,
                each.kind,
                f"{each.at:%Y-%m-%d %H:%M:%S} UTC",
                "" if each.serial is None else str(each.serial),
                "" if each.state is None else str(resource_count(each.state)),
                each.why or each.problem,
            )
            for each in found
        ]
        click.echo(columns(rows))
    else:
        say(f"nothing is kept of the state of {unit}")


def _document(each: Restorable) -> dict[str, object]:
    return {
        "which": each.name,
        "kind": each.kind,
        "time": each.at.isoformat(),
        "serial": each.serial,
        "resources": None if each.state is None else resource_count(each.state),
        "why": each.why,
        "problem": each.problem,
    }


def _changes(unit: Address, before: State | None, after: State) -> list[tuple[str, str]]:
    """What comes back (`+`), what is in no state then (`-`), and what differs (`~`)."""
    was, now = (
        {(str(o.address), o.deposed): o.attributes for o in stored_objects(unit.module, state)}
        for state in (before, after)
    )
    signs = []
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) != now.get(key):
            sign = "+" if key not in was else "-" if key not in now else "~"
            signs.append((sign, " deposed ".join(filter(None, key))))
    return signs


def _show(changes: Sequence[tuple[str, str]]) -> None:
    words = {"+": "comes back", "-": "is in no state then", "~": "differs"}
    for sign, name in changes:
        say(printable(f"  {sign} {name}  ({words[sign]})"))
    if not changes:
        say("  no resource differs")
