"""Finishing a change of states that was broken off, state by state; see `state_change`.

What cannot be finished stands in the way of its own units, and of no other.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.compose.state_document import parse_state, state_text
from pytg.compose.state_merge import next_state
from pytg.errors import Interrupted, LockHeld, PytgError, Refused
from pytg.model import Address, Unit
from pytg.recovery.composed_directory import reserved
from pytg.recovery.in_flight import only_in, recorded
from pytg.recovery.journal import COPY, JOURNAL
from pytg.recovery.one_unit import Use
from pytg.recovery.recovery import Recovery
from pytg.recovery.state_change import (
    DIRECTORY,
    Change,
    StatePlace,
    Write,
    change_pending,
    forget_change,
    held_at,
    note_change,
    put,
    read_change,
    read_raw,
    tell_runs,
)
from pytg.recovery.unrecorded import remember
from pytg.state.backups import keep
from pytg.state.lock_set import end_leases
from pytg.state.state_reader import StateReader
from pytg.state.state_store import LockInfo, version_of


def finish_changes(
    root: Path,
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
    *,
    concerns: Callable[[Change], bool] = lambda _change: True,
    units: Iterable[Unit] = (),
    use: Mapping[Address, Use] | None = None,
) -> list[Recovery]:
    """Write what a process that died, or could not, has left to be written; leave its locks.

    Nothing is raised but Interrupted. Where a state cannot be written, or is neither what it was
    nor what it is to become, that one and those after it are refused, and the note stays: what
    moves is written where it goes to before it is left. `use` is what a person decided of such
    states. A change that does not concern the caller is left alone; where the note is damaged,
    those of `units` are refused that it names, or all where it names none.
    """
    if not change_pending(root):
        return []
    suspects: list[Address] = _named(root, units)
    try:
        change = read_change(root)
        if not concerns(change):
            return []
        suspects = [write.place.address for write in change.writes]
        with reserved(root / DIRECTORY, cancel, say):
            if not change_pending(root):
                return []  # another pytg did it while this one waited
            return [_finish(root, read_change(root), states, use or {})]
    except Interrupted:
        raise
    except PytgError as error:
        if not change_pending(root):
            return []  # likewise
        return [Recovery.of(None, (), {}, dict.fromkeys(suspects, error))] if suspects else []


def changing(root: Path) -> list[Address]:
    """The units of a change that is not finished, also where they left the configuration."""
    if not change_pending(root):
        return []
    with contextlib.suppress(Refused):
        return [write.place.address for write in read_change(root).writes]
    return []


def _named(root: Path, units: Iterable[Unit]) -> list[Address]:
    """Those of `units` whose state the note names, as far as it can be read; all for none."""
    text, known = b"", list(units)
    for name in (JOURNAL, COPY):
        with contextlib.suppress(OSError):
            text += (root / DIRECTORY / name).read_bytes()
    named = [u.address for u in known if json.dumps(u.backend.key).encode() in text]
    return named or [unit.address for unit in known]


def _finish(
    root: Path, change: Change, states: StateReader, use: Mapping[Address, Use]
) -> Recovery:
    written: list[Address] = []
    left: tuple[Write, ...] = ()
    done: list[Write] = []
    refused: dict[Address, PytgError] = {}
    for position, write in enumerate(change.writes):
        rest = change.writes[position:]
        decided = use.get(write.place.address)
        try:
            if _is_done(write, change, states):
                done.append(write)
                continue
            if decided is Use.STORED:
                _give_up(root, rest, change, states)
                break
            _write(root, write, rest, states, decided)
            written.append(write.place.address)
            done.append(write)
        except Interrupted:
            raise
        except PytgError as error:
            left, refused = rest, dict.fromkeys((w.place.address for w in rest), error)
            break
    tell_runs(root, change, done)
    note_change(root, replace(change, writes=left))
    refused |= _leave(change, states, refused)
    if not refused:
        end_leases([states.store(place) for place in change.locked], change.lock_id)
        forget_change(root)
    return Recovery.of(None, written, {}, refused)


def _is_done(write: Write, change: Change, states: StateReader) -> bool:
    """Whether the state is what it is to become already; its lock is held then, or raised why."""
    store, key = states.store(write.place), write.place.backend.key
    store.lock(key, LockInfo.new(change.operation, change.lock_id))
    store.digest_repair(key)
    body = read_raw(write.place, states)
    return body is not None and version_of(body) == version_of(write.body.encode())


def _write(
    root: Path, write: Write, rest: tuple[Write, ...], states: StateReader, decided: Use | None
) -> None:
    """Write it where the state is as it was before, or a person decided so. Raises Refused."""
    unit, body = write.place.address, read_raw(write.place, states)
    if (None if body is None else version_of(body)) == write.version:
        put(write, states)
        return
    if decided is None:
        raise Refused(
            f"a change of states was broken off, and the state of {unit} has moved since",
            hint=f"`pytg recover {unit} --use left` writes what the change was to write; `--use "
            "stored` keeps the state that is there and gives up what is not written yet "
            f"({', '.join(str(each.place.address) for each in rest)}). Either way the other one "
            "stays in .pytg/backups",
        )
    current = held_at(write.place, body, damaged=True).state
    if body is not None:
        keep(root, unit, body, "recovery")
    if current is None:
        put(write, states)
    elif after := next_state(current, parse_state(write.body.encode())):
        put(replace(write, body=state_text(after).decode()), states)


def _give_up(root: Path, rest: tuple[Write, ...], change: Change, states: StateReader) -> None:
    """Keep the states that are there, and remember what then is in none of them."""
    held = states.read(change.locked)
    there = {
        str(instance["id"])
        for each in held.values()
        for instances in recorded(each.state, managed=True).values()
        for instance in instances
        if "id" in instance
    }
    for write in rest:
        unit, body = write.place.address, write.body.encode()
        keep(root, unit, body, "left by a change of states")
        calls = Calls({unit.module: unit}, composed=False)
        only = only_in(parse_state(body), held[unit].state, calls)
        remember(root, {unit: {name: i for name, i in only.items() if i not in there}})


def _leave(
    change: Change, states: StateReader, refused: Mapping[Address, PytgError]
) -> dict[Address, PytgError]:
    """Leave the locks of the change; returns those that could not be, with why.

    Where a state could not be written its lock stays, so that nobody plans on it meanwhile; one
    that moved is somebody else's by now.
    """
    return dict(
        found
        for place in change.locked
        if not _stays(refused.get(place.address))
        for found in _unlock(place, change.lock_id, states)
    )


def _stays(error: PytgError | None) -> bool:
    return error is not None and (isinstance(error, LockHeld) or not isinstance(error, Refused))


def _unlock(
    place: StatePlace, lock_id: str, states: StateReader
) -> Iterator[tuple[Address, PytgError]]:
    """Leave one lock, if the change ever had it; what stands in the way of that."""
    try:
        store, key = states.store(place), place.backend.key
        holder = store.holder(key)
        if holder is None or holder.id == lock_id:
            store.unlock(key, lock_id)
    except PytgError as error:
        yield place.address, error
