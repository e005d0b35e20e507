"""Writing states that no Terraform writes: all of them or, after a crash, all of them later.

What is to be written is noted first, in `.pytg/state-change/journal.json`, together with the
versions that it follows. Whoever finds that note finishes it, under the locks of whoever made it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from pytg import exact_json
from pytg.compose.state_document import State, resource_count
from pytg.errors import PytgError, Refused
from pytg.files import write_atomic
from pytg.model import Account, Address, Backend, Unit
from pytg.record import state_changes
from pytg.record.types import problem
from pytg.recovery.composed_directory import reserved
from pytg.recovery.journal import JOURNAL
from pytg.recovery.recovery import Recovery
from pytg.state.backups import keep
from pytg.state.lock_set import LockSet
from pytg.state.state_reader import StateReader, UnitState, parse_state
from pytg.state.state_store import LockInfo, StoredState, version_of

DIRECTORY = Path(".pytg", "state-change")

Make = Callable[[Mapping[Address, UnitState]], Sequence[tuple[Address, State]]]


@dataclass(frozen=True, slots=True)
class StatePlace:
    """Where a state is kept, also that of a unit that has left the configuration."""

    address: Address
    account: Account
    backend: Backend
    bootstrap: bool = False

    @classmethod
    def of(cls, unit: Unit) -> Self:
        """That of a unit's state."""
        return cls(unit.address, unit.account, unit.backend, unit.bootstrap)


@dataclass(frozen=True, slots=True)
class _Write:
    """`body` follows the state of `version`; None: there was none."""

    place: StatePlace
    version: str | None
    body: str


@dataclass(frozen=True, slots=True)
class _Journal:
    """`locked` are all states whose lock, `lock_id`, is held."""

    lock_id: str
    operation: str
    locked: tuple[StatePlace, ...]
    writes: tuple[_Write, ...]


_JOURNAL = TypeAdapter(_Journal)


def change_states(
    root: Path,
    places: Iterable[StatePlace],
    states: StateReader,
    make: Make,
    *,
    operation: str,
    say: Callable[[str], None],
    timeout_s: float,
    damaged: bool = False,
) -> list[Address]:
    """Under the locks of `places`, read their states and write what `make` makes of them, in order.

    Of every state that is overwritten a backup is kept first. With `damaged` one that is no state
    is read as none. Returns the units written. Raises
    LockHeld after `timeout_s`, what `make` raises, and PytgError where a write fails: what is
    left is then done by the next command, and the locks stay until then.
    """
    wanted, cancel = sorted(places, key=lambda place: place.address), threading.Event()
    info = LockInfo.new(operation)
    items = [(states.store(place), place.backend.key) for place in wanted]
    locks = LockSet(items, info, timeout_s=timeout_s, on_wait=say)
    with reserved(root / DIRECTORY, cancel, say, timeout_s=timeout_s):
        _refuse_unfinished(root)
        with locks:
            for store, key in items:
                store.digest_repair(key)
            raw = {place.address: read_raw(place, states) for place in wanted}
            held = {
                place.address: held_at(place, raw[place.address], damaged=damaged)
                for place in wanted
            }
            by_address = {place.address: place for place in wanted}
            writes = tuple(
                _Write(
                    by_address[unit], held[unit].version, f"{exact_json.dumps(state, indent=2)}\n"
                )
                for unit, state in make(held)
            )
            for write in writes:
                if (body := raw[write.place.address]) is not None:
                    keep(root, write.place.address, body, operation)
            journal = _Journal(info.id, operation, tuple(wanted), writes)
            _note(root, journal)
            try:
                for write in writes:
                    _put(write, states)
            except BaseException:
                locks.abandon()
                raise
            _end(root, journal)
    return [write.place.address for write in writes]


def read_raw(place: StatePlace, states: StateReader) -> bytes | None:
    """What lies there, damaged or not."""
    return states.store(place).raw(place.backend.key)


def held_at(place: StatePlace, body: bytes | None, *, damaged: bool) -> UnitState:
    """`body` as a state. Raises PytgError where it is none, unless `damaged` may be."""
    if body is None:
        return UnitState(None, None)
    version = version_of(body)
    try:
        return UnitState(parse_state(StoredState(body, version), place.backend.key), version)
    except PytgError:
        if not damaged:
            raise
        return UnitState(None, version)


def finish_changes(
    root: Path, states: StateReader, say: Callable[[str], None], cancel: threading.Event
) -> list[Recovery]:
    """Write what a process that died, or could not, has left to be written; leave its locks.

    Where a state is neither what it was before nor what it is to become, that one and those after
    it are refused, and the note stays: what moves is written where it goes to before it is left.
    """
    if not (root / DIRECTORY / JOURNAL).exists():
        return []
    with reserved(root / DIRECTORY, cancel, say):
        if not (root / DIRECTORY / JOURNAL).exists():
            return []  # another pytg did it while this one waited
        journal = _read(root)
        info = LockInfo.new(journal.operation, journal.lock_id)
        for place in journal.locked:
            store, key = states.store(place), place.backend.key
            store.lock(key, info)
            store.digest_repair(key)
        written: list[Address] = []
        refused: dict[Address, PytgError] = {}
        for write in journal.writes:
            try:
                left = _is_left(root, write, states)
            except Refused as error:
                refused = dict.fromkeys(_after(journal, write), error)
                break
            if left:
                _put(write, states)
                written.append(write.place.address)
        if not refused:
            _end(root, journal)
        for place in journal.locked:
            states.store(place).unlock(place.backend.key, journal.lock_id)
    return [Recovery.of(None, written, {}, refused)]


def _after(journal: _Journal, write: _Write) -> list[Address]:
    """The unit of `write`, and those that were to be written after it."""
    return [each.place.address for each in journal.writes[journal.writes.index(write) :]]


def _put(write: _Write, states: StateReader) -> None:
    states.store(write.place).write(write.place.backend.key, write.body.encode())


def _is_left(root: Path, write: _Write, states: StateReader) -> bool:
    """Whether the state is still as it was before."""
    body = read_raw(write.place, states)
    now = None if body is None else version_of(body)
    if now == version_of(write.body.encode()):
        return False
    if now != write.version:
        raise Refused(
            f"a change of states was broken off, and the state of {write.place.address} has "
            "moved since",
            hint=f"{root / DIRECTORY / JOURNAL} holds what was to be written: bring each resource "
            "in it into one state (`pytg tf ADDRESS -- state pull` shows one), then move that "
            "file away",
        )
    return True


def _note(root: Path, journal: _Journal) -> None:
    text = json.dumps(asdict(journal), indent=2)
    write_atomic(root / DIRECTORY / JOURNAL, f"{text}\n".encode())


def _end(root: Path, journal: _Journal) -> None:
    """All is written: runs are told what is where now, and the note goes."""
    held = {w.place.address: resource_count(exact_json.loads(w.body)) for w in journal.writes}
    with contextlib.suppress(OSError):  # a run then warns of a state that is empty
        state_changes.note(root, journal.operation, held, datetime.now(UTC))
    (root / DIRECTORY / JOURNAL).unlink()


def _refuse_unfinished(root: Path) -> None:
    if (root / DIRECTORY / JOURNAL).exists():
        raise Refused(
            "an earlier change of states was broken off and is not finished",
            hint="`pytg recover` finishes it, or says of which unit the state has moved since",
        )


def _read(root: Path) -> _Journal:
    file = root / DIRECTORY / JOURNAL
    try:
        return _JOURNAL.validate_json(file.read_bytes())
    except (ValueError, TypeError) as error:
        raise Refused(
            f"{file} cannot be understood: {problem(error)}",
            hint="it holds what a change of states was to write: keep it, and look at the states "
            "of its units before you move it away",
        ) from error
