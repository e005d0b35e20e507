"""What a composed apply that died left: its states are written, and its locks released."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.compose.state_document import State
from pytg.compose.state_merge import merge_states, split_state
from pytg.errors import Interrupted, LockHeld, PytgError, Refused
from pytg.model import Address
from pytg.record.reader import RUNS, load, mark_dead
from pytg.recovery import one_unit
from pytg.recovery.composed_directory import clear, journals, keep_log, reserved
from pytg.recovery.hide import hide_in_log, hide_near
from pytg.recovery.in_flight import called, ids_by_unit, perhaps_made, read_begun
from pytg.recovery.journal import (
    APPLYING,
    Journal,
    is_alive,
    newest_state,
    pending,
    terraform_holds,
)
from pytg.recovery.one_unit import Left, Use
from pytg.recovery.printed_state import take_out_state
from pytg.recovery.recovery import Recovery
from pytg.recovery.reserve import RESERVE
from pytg.recovery.unrecorded import remember
from pytg.recovery.written import noted
from pytg.state.lock_set import end_leases
from pytg.state.state_reader import StateReader

_POLL_S = 0.5


def recover_composed(
    root: Path,
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
    *,
    concerns: Callable[[Journal], bool] = lambda _journal: True,
    use: Mapping[Address, Use] | None = None,
) -> list[Recovery]:
    """Write the states that dead runs left in `.pytg/composed`; returns what was done.

    A run that is still alive is left alone, and so is one whose journal does not concern the
    caller. A Terraform process that outlived its pytg is waited for: it writes its state to the
    end. Where a unit's state cannot be written, or somebody else wrote it meanwhile, what was
    left of it stays, and the others are written. `use` is what a person decided of such units.
    """
    found: list[Recovery] = []
    for workdir, journal in journals(root):
        if not concerns(journal) or is_alive(journal.pytg):
            continue
        with reserved(workdir, cancel, say):
            found += recover_directory(root, workdir, states, say, cancel, use=use)
    return found


def recover_directory(
    root: Path,
    workdir: Path,
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
    *,
    use: Mapping[Address, Use] | None = None,
) -> list[Recovery]:
    """See `recover_composed`, for `workdir` alone, which this process has to itself.

    So whoever wrote a journal there is at its end, whether or not its process still shows. There
    may be none, or no longer.
    """
    if not pending(workdir):
        return []
    states, journal = states.checked(), Journal.read(workdir)
    _wait_for_terraform(journal, workdir, say, cancel)
    take_out_state(journal.stream(root, workdir), workdir)
    return [_recover(root, workdir, journal, states, use or {})]


def _wait_for_terraform(
    journal: Journal, workdir: Path, say: Callable[[str], None], cancel: threading.Event
) -> None:
    process = journal.terraform

    def at_work() -> bool:
        return terraform_holds(workdir) if process is None else is_alive(process)

    if at_work():
        pid = f" (pid {process.pid})" if process else ""
        say(f"Terraform{pid} of run {journal.run_id} still works: waiting for its end")
    while at_work():
        if cancel.wait(_POLL_S):
            raise Interrupted("interrupted while waiting for a Terraform that is still at work")


def _recover(
    root: Path, workdir: Path, journal: Journal, states: StateReader, use: Mapping[Address, Use]
) -> Recovery:
    left = Left(root, journal, states, noted(workdir))
    state: State | None = None
    if journal.phase == APPLYING and (body := newest_state(workdir)):
        state = exact_json.loads(body)
    hide = hide_near(states, journal.locked, [workdir])
    written, refused = _write_all(state, left, use)
    unknown: dict[Address, dict[str, str]] = {}
    half: dict[Address, dict[str, str]] = {}
    if journal.phase == APPLYING:
        unknown, half = _unknown(root, workdir, journal, state or _stored(journal, states))
        remember(root, unknown)
    hide_in_log(journal.stream(root, workdir), hide)  # beside the copy what is in flight is read
    keep_log(workdir, root / RUNS / journal.run_id / journal.events)
    with contextlib.suppress(Refused):  # the record may be gone; the state is what counts
        mark_dead(load(root / RUNS / journal.run_id), lambda _run: unknown)
    if refused:
        kept = tuple(unit for unit in journal.locked if unit.address in refused)
        replace(journal, locked=kept).write(workdir)
    else:
        end_leases([states.store(unit) for unit in journal.locked], journal.lock_id)
        clear(workdir)
    return Recovery.of(journal.run_id, written, unknown, refused, half)


def _write_all(
    state: State | None, left: Left, use: Mapping[Address, Use]
) -> tuple[list[Address], dict[Address, PytgError]]:
    """Write each unit's part of `state` under its lock, and leave that.

    Returns the units whose state was changed, and those of which it could not be, with why.
    """
    units = left.journal.locked
    parts = split_state(state, [unit.shape for unit in units]) if state else {}
    written: list[Address] = []
    refused: dict[Address, PytgError] = {}
    for unit in units:
        decided = replace(left, use=use.get(unit.address))
        try:
            if left.journal.phase == APPLYING:
                one_unit.lock(unit, left)
                if parts and one_unit.write(unit, parts[unit.shape.slug], decided):
                    written.append(unit.address)
                one_unit.settle(unit, left)
            one_unit.unlock(unit, left)
        except Interrupted:
            raise
        except PytgError as error:
            refused[unit.address] = error
            if isinstance(error, Refused) and not isinstance(error, LockHeld):
                with contextlib.suppress(PytgError):  # somebody has to mend what is there
                    one_unit.unlock(unit, left)
    return written, refused


def _unknown(
    root: Path, workdir: Path, journal: Journal, state: State
) -> tuple[dict[Address, dict[str, str]], dict[Address, dict[str, str]]]:
    """Ids, by unit and address, of what may exist and is in no state; and what is half made.

    Where events of Terraform are damaged, gone, or found no room on the disk, that is all that
    was to be created.
    """
    calls = Calls({a.slug: a for a in map(Address.parse, journal.units)})
    begun = read_begun(journal.stream(root, workdir))
    body = exact_json.dumps(state).encode()
    whole = begun.started and not begun.odd and (workdir / RESERVE).exists()
    planned = {} if whole or journal.terraform is None else journal.planned
    fresh = called(journal.planned_fresh, calls)
    unknown = perhaps_made(begun.missing(body, fresh), planned, body, calls)
    half = ids_by_unit(dict.fromkeys(begun.half_made(body, fresh), ""), calls)
    return {unit: names for unit, names in unknown.items() if unit in journal.writes}, half


def _stored(journal: Journal, states: StateReader) -> State:
    """What the units' states hold, as one: where nothing whole is left of the composed one."""
    held = []
    for unit in journal.locked:
        with contextlib.suppress(PytgError):  # of that unit everything is named
            held.append((unit.shape, states.read([unit])[unit.address].state))
    try:
        return merge_states(held)
    except Refused:  # a state holds what is not its module's
        return {}
