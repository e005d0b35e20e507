"""`pytg state mv`: a resource into another unit, or a unit's whole state to its new address."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from pytg.cli._context import Context
from pytg.cli._options import suffix_option
from pytg.cli._recovered import report_recovered, say
from pytg.cli._state_approval import approve, require_unmoved, tell_backups, writing_options
from pytg.cli._state_target import Target
from pytg.compose.state_document import State
from pytg.errors import UsageError
from pytg.model import Address
from pytg.project import Project
from pytg.record.words import counted
from pytg.recovery.recover import recover_all
from pytg.recovery.recovery import require_recovered
from pytg.recovery.state_change import StatePlace, change_states, held_at, read_raw
from pytg.report.table import printable
from pytg.run.state_moves import Move, Moved, make_moves
from pytg.run.state_places import find_place, renames, state_places
from pytg.state.state_reader import UnitState


@click.command("mv")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@writing_options
@suffix_option()
@click.pass_obj
def mv_command(
    context: Context,
    source: str,
    target: str,
    suffix: str | None,
    *,
    yes: bool,
    allow_dirty: bool,
    dry_run: bool,
    as_json: bool,
    lock_timeout: float,
) -> None:
    """Move what is in a state: FROM UNIT:ADDRESS TO UNIT:ADDRESS, or FROM UNIT TO UNIT.

    ADDRESS is a resource, an instance or a module, as `pytg state list` names it; TO may leave it
    out where it stays the same. Without ADDRESS the whole state moves, with its outputs: after the
    rename of a directory, a module, an environment or a suffix. There a part of FROM may be `*`,
    and is then the same in TO: `'lab/*/dev/*' 'lab/*/develop/*'`.

    Nothing is destroyed or made, and of each state that is written a backup is kept.
    """
    project = context.project(suffix)
    estate, states = project.estate, project.states
    wanted, to = Target.parse(source), Target.parse(target)
    recovered = recover_all(estate, states, say, threading.Event())
    report_recovered(recovered)
    places = state_places(estate, states)
    moves = _moves(project, places, wanted, to)
    units = dict.fromkeys(unit for move in moves for unit in (move.target, move.source))
    require_recovered(recovered, units)
    project.check_identity(estate.units[unit] for unit in units if unit in estate.units)
    concerned = [places[unit] for unit in units]
    shown = {p.address: held_at(p, read_raw(p, states), damaged=False) for p in concerned}
    moved = make_moves(estate, moves, shown)
    _show(moved, as_json=as_json)
    written = [unit for unit, _ in moved.states]
    backups: Mapping[Address, Path] = {}
    if not dry_run:
        question = f"Write {counted(len(written), 'state')}?"
        approve(estate, written, question, yes=yes, allow_dirty=allow_dirty)
        backups = _write(project, concerned, shown, moved, timeout_s=lock_timeout)
        tell_backups(project.root, backups)
    if as_json:
        document = {
            "dry_run": dry_run,
            "moves": [{"from": was, "to": now} for was, now in moved.objects],
            "states": [str(unit) for unit in written],
            "warnings": list(moved.warnings),
            "backups": {str(unit): str(file) for unit, file in backups.items()},
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        say(f"{counted(len(written), 'state')} {'would be written' if dry_run else 'written'}")


def _write(
    project: Project,
    places: Sequence[StatePlace],
    shown: Mapping[Address, UnitState],
    moved: Moved,
    *,
    timeout_s: float,
) -> Mapping[Address, Path]:
    """Write what was made of `shown`, where that is still what is there. Raises StalePlan.

    Returns the backups.
    """

    def make(held: Mapping[Address, UnitState]) -> Sequence[tuple[Address, State]]:
        require_unmoved(shown, held)
        return moved.states

    return change_states(
        project.root,
        places,
        project.states,
        make,
        operation="pytg state mv",
        say=say,
        timeout_s=timeout_s,
    )


def _moves(
    project: Project, places: Mapping[Address, StatePlace], wanted: Target, to: Target
) -> list[Move]:
    """What is asked for. Raises UsageError for what cannot be meant."""
    if wanted.what is None:
        if to.what is not None:
            raise UsageError(
                "a whole unit moves to a whole unit",
                hint=f"say what moves: {wanted.unit}:ADDRESS",
            )
        pairs = renames(places, project.estate, project.states, wanted.unit, to.unit)
        moves = [Move(*pair) for pair in pairs]
        targets = [move.target for move in moves]
        if len({*targets, *(move.source for move in moves)}) < 2 * len(moves):
            raise UsageError("two of these units meet at one address: move one after the other")
    else:
        source, target = find_place(places, wanted.unit).address, project.unit(to.unit).address
        move = Move(source, target, wanted.what, to.what or wanted.what)
        moves = [] if (source, move.what) == (target, move.to) else [move]
    if not moves:
        raise UsageError("FROM and TO are the same")
    return moves


def _show(moved: Moved, *, as_json: bool) -> None:
    """What would be destroyed by the next plan, and all that moves."""
    for warning in moved.warnings:
        say(f"warning: {warning}")
    for was, now in () if as_json else moved.objects:
        click.echo(printable(f"{was} -> {now}"))
