"""Writing states that no Terraform writes: all of them or, after a crash, all of them later.

What is to be written is noted first, in `.pytg/state-change/journal.json`, together with the
versions that it follows. Whoever finds that note finishes it, under the locks of whoever made it
(`finish_change`).
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.compose.state_document import State, resource_count, state_text
from pytg.errors import PytgError, Refused
from pytg.files import write_atomic
from pytg.model import Account, Address, Backend, Unit
from pytg.record import state_changes
from pytg.record.types import problem
from pytg.recovery.composed_directory import reserved
from pytg.recovery.in_flight import only_in, recorded
from pytg.recovery.journal import COPY, JOURNAL, pending
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
class Write:
    """`body` follows the state of `version`; None: there was none."""

    place: StatePlace
    version: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is noted. `locked` are all states whose lock, `lock_id`, is held.

    `left_out` is, by unit, what was in its state and is in none of those that are written.
    """

    lock_id: str
    operation: str
    locked: tuple[StatePlace, ...]
    writes: tuple[Write, ...]
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_CHANGE = TypeAdapter(Change)


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
) -> dict[Address, Path]:
    """Under the locks of `places`, read their states and write what `make` makes of them, in order.

    Of every state that is overwritten a backup is kept first. With `damaged` one that is no state
    is read as none. Returns the backups, by unit. Raises
    LockHeld after `timeout_s`, what `make` raises, and PytgError where a write fails: what is
    left is then done by the next command, and the locks stay until then.
    """
    backups: dict[Address, Path] = {}
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
                Write(by_address[unit], held[unit].version, state_text(state).decode())
                for unit, state in make(held)
            )
            for write in writes:
                if (body := raw[write.place.address]) is not None:
                    kept = keep(root, write.place.address, body, operation)
                    backups[write.place.address] = kept.file
            change = Change(info.id, operation, tuple(wanted), writes, _left_out(held, writes))
            note_change(root, change)
            try:
                for write in writes:
                    put(write, states)
            except BaseException:
                locks.abandon()
                raise
            tell_runs(root, change, writes)
            forget_change(root)
    return backups


def _left_out(
    held: Mapping[Address, UnitState], writes: Sequence[Write]
) -> dict[str, tuple[str, ...]]:
    """By unit, the addresses in its module of what is in none of the states that are written."""
    after = {write.place.address: exact_json.loads(write.body) for write in writes}
    there = {
        str(instance.get("id"))
        for state in after.values()
        for instances in recorded(state, managed=True).values()
        for instance in instances
    }
    found: dict[str, tuple[str, ...]] = {}
    for unit, state in after.items():
        calls = Calls({unit.module: unit}, composed=False)
        before = held[unit].state
        only = only_in(before, state, calls) if before else {}
        found[str(unit)] = tuple(sorted(name for name, i in only.items() if i not in there))
    return {unit: names for unit, names in found.items() if names}


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


def note_change(root: Path, change: Change) -> None:
    """Note durably what is to be written, twice: one of the two may be damaged."""
    text = json.dumps(asdict(change), indent=2)
    for name in (COPY, JOURNAL):
        write_atomic(root / DIRECTORY / name, f"{text}\n".encode())


def change_pending(root: Path) -> bool:
    """Whether a change is noted that is not finished."""
    return pending(root / DIRECTORY)


def tell_runs(root: Path, change: Change, writes: Iterable[Write]) -> None:
    """Note what is where now, for runs that look at what past ones made."""
    held = {w.place.address: resource_count(exact_json.loads(w.body)) for w in writes}
    with contextlib.suppress(OSError):  # a run then warns of a state that is empty
        out = {unit: change.left_out[str(unit)] for unit in held if str(unit) in change.left_out}
        state_changes.note(root, change.operation, held, datetime.now(UTC), out)


def forget_change(root: Path) -> None:
    """All of it is done."""
    (root / DIRECTORY / COPY).unlink(missing_ok=True)
    (root / DIRECTORY / JOURNAL).unlink(missing_ok=True)


def read_change(root: Path) -> Change:
    """What is noted. Raises Refused where neither the note nor its copy can be understood."""
    file = root / DIRECTORY / JOURNAL
    try:
        return _CHANGE.validate_json(file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return _CHANGE.validate_json(file.with_name(COPY).read_bytes())
        raise Refused(
            f"{file} cannot be understood, nor can {COPY}: {problem(error)}",
            hint="it holds what a change of states was to write: keep it, and look at the states "
            "of its units before you move it away",
        ) from error


def put(write: Write, states: StateReader) -> None:
    """Write that state."""
    states.store(write.place).write(write.place.backend.key, write.body.encode())


def _refuse_unfinished(root: Path) -> None:
    if change_pending(root):
        raise Refused(
            "an earlier change of states was broken off and is not finished",
            hint="`pytg recover` finishes it, or says of which unit the state has moved since; "
            "`pytg recover ADDRESS --use left` or `--use stored` then decides",
        )
