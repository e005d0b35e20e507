"""States that Terraform could not write to a unit's backend and left in the unit's root.

Its next apply there would plan on the old state, make everything again and write over that file.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from pytg import exact_json
from pytg.compose.state_document import State
from pytg.compose.state_merge import same_content
from pytg.errors import PytgError, Refused
from pytg.generate.unit import local_states, unit_directory
from pytg.model import Estate, Unit
from pytg.recovery.composed_directory import reserved
from pytg.recovery.journal import ERRORED_STATE
from pytg.recovery.printed_state import finish_taking_out
from pytg.recovery.recovery import Recovery
from pytg.state.state_reader import StateReader
from pytg.state.state_store import LockInfo


def push_unpushed_states(
    estate: Estate,
    units: Iterable[Unit],
    states: StateReader,
    say: Callable[[str], None],
    cancel: threading.Event,
) -> list[Recovery]:
    """Write what Terraform left in the roots of `units` into their backends, under the locks.

    Raises Refused where the backend's state is not the one that Terraform began with.
    """
    pushed = []
    for unit in units:
        file = unit_directory(estate, unit) / ERRORED_STATE
        finish_taking_out(file.parent)
        if not file.exists():
            continue
        with reserved(file.parent, cancel, say):
            if file.exists():  # else another pytg wrote it while this one waited
                _push(estate, unit, file, states)
                pushed.append(unit.address)
    return [Recovery(None, tuple(pushed))] if pushed else []


def _push(estate: Estate, unit: Unit, file: Path, states: StateReader) -> None:
    store, key = states.store(unit), unit.backend.key
    lock = LockInfo.new("pytg recover")
    store.lock(key, lock)
    try:
        store.digest_repair(key)
        body = file.read_bytes()
        current = _current(estate, unit, body, states)
        follows, known = _compare(body, current)
        if not follows and not known:
            raise Refused(
                f"{file} is what Terraform could not write, and the state of {unit.address} has "
                "moved since",
                hint=f"compare it with `pytg tf {unit.address} -- state pull`, keep what is right, "
                "then move that file away",
            )
        if follows:
            store.write(key, body)
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


def _compare(body: bytes, current: State | None) -> tuple[bool, bool]:
    """Whether `body` is the state after `current`, and whether that holds the same already."""
    try:
        left = exact_json.loads(body)
        if current is None:
            return True, False
        newer = left["lineage"] == current["lineage"] and left["serial"] > current["serial"]
        return newer, same_content(left, current)
    except (ValueError, KeyError, TypeError):  # half a file: a person has to look
        return False, False
