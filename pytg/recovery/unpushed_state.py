"""States that Terraform could not write to a unit's backend and left in the unit's root.

Its next apply there would plan on the old state, make everything again and write over that file.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.compose.state_document import State, parse_state, state_text
from pytg.compose.state_merge import next_state, same_content
from pytg.errors import PytgError, Refused
from pytg.generate.unit import local_states, unit_directory
from pytg.model import Address, Estate, Unit
from pytg.recovery.composed_directory import reserved
from pytg.recovery.in_flight import only_in
from pytg.recovery.journal import ERRORED_STATE
from pytg.recovery.one_unit import Use
from pytg.recovery.printed_state import finish_taking_out
from pytg.recovery.recovery import Recovery
from pytg.recovery.unrecorded import remember
from pytg.state.backups import keep
from pytg.state.state_reader import StateReader
from pytg.state.state_store import LockInfo


def push_unpushed_states(
    estate: Estate,
    units: Iterable[Unit],
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
    *,
    use: Mapping[Address, Use] | None = None,
) -> list[Recovery]:
    """Write what Terraform left in the roots of `units` into their backends, under the locks.

    Where the backend's state is not the one that Terraform began with, what was left stays, and
    the others are written. `use` is what a person decided of such units.
    """
    pushed: list[Address] = []
    refused: dict[Address, PytgError] = {}
    for unit in units:
        file = unit_directory(estate, unit) / ERRORED_STATE
        finish_taking_out(file.parent)
        if not file.exists():
            continue
        with reserved(file.parent, cancel, say):
            if not file.exists():  # another pytg wrote it while this one waited
                continue
            if not file.stat().st_size:  # the disk was full: nothing of it was written
                file.unlink()
                continue
            try:
                _push(estate, unit, file, states, (use or {}).get(unit.address))
                pushed.append(unit.address)
            except PytgError as error:
                refused[unit.address] = error
    return [Recovery(None, tuple(pushed), (), refused)] if pushed or refused else []


def _push(estate: Estate, unit: Unit, file: Path, states: StateReader, use: Use | None) -> None:
    store, key = states.store(unit), unit.backend.key
    lock = LockInfo.new("pytg recover")
    store.lock(key, lock)
    try:
        store.digest_repair(key)
        body = file.read_bytes()
        current = _current(estate, unit, body, states)
        follows, known = _compare(body, current)
        if not follows and not known and use is None:
            raise Refused(
                f"{file} is what Terraform could not write, and the state of {unit.address} has "
                "moved since",
                hint=f"compare it with `pytg tf {unit.address} -- state pull`; then "
                f"`pytg recover {unit.address} --use left` writes that file, and `--use stored` "
                "keeps the state that is there. Either way the other one stays in .pytg/backups",
            )
        if use is Use.STORED and not known:
            keep(estate.root, unit.address, body, "left by a dead run")
            _remember(estate.root, unit, body, current)
        elif follows or not known:
            after = body if follows else _after(unit, file, body, current)
            stored = store.raw(key)  # it may be cut off
            if stored is not None:
                keep(estate.root, unit.address, stored, "recovery")
            store.write(key, after)
    finally:
        store.unlock(key, lock.id)
    file.unlink()


def _current(estate: Estate, unit: Unit, body: bytes, states: StateReader) -> State | None:
    """The stored state; None where there is none, or the one after which `body` is, cut off.

    The disk was full: Terraform writes a local state in place. Its lineage stands at the top.
    """
    try:
        return states.read([unit])[unit.address].state
    except PytgError:
        for file in local_states(estate, unit)[:1]:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                if str(exact_json.loads(body)["lineage"]).encode() in file.read_bytes():
                    return None
        raise


def _after(unit: Unit, file: Path, body: bytes, current: State | None) -> bytes:
    """`body` as the state that follows `current`."""
    try:
        left = parse_state(body)
    except ValueError as error:
        raise Refused(
            f"{file} is no whole state: {error}",
            hint=f"`pytg recover {unit.address} --use stored` keeps it in .pytg/backups, and the "
            "state that is there",
        ) from error
    return state_text(next_state(current, left) or current or left)


def _remember(root: Path, unit: Unit, body: bytes, current: State | None) -> None:
    """Remember what only `body` holds, if that can be read: it may be in no state."""
    with contextlib.suppress(ValueError):
        calls = Calls({unit.address.module: unit.address}, composed=False)
        remember(root, {unit.address: only_in(parse_state(body), current, calls)})


def _compare(body: bytes, current: State | None) -> tuple[bool, bool]:
    """Whether `body` is the state after `current`, and whether that holds the same already."""
    try:
        left = parse_state(body)
        if current is None:
            return True, False
        newer = left["lineage"] == current["lineage"] and left["serial"] > current["serial"]
        return newer, same_content(left, current)
    except ValueError:  # half a file, or no state: a person has to look
        return False, False
