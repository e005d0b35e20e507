"""What past runs on this machine did to units, from their records.

Records that are closed are read once: what they come to is kept in `.pytg/runs/history.json`, with
a digest of their names, times and sizes. Where that does not fit, all are read anew.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic_core import from_json

from pytg.files import write_atomic
from pytg.model import Address
from pytg.record.reader import RUNS
from pytg.record.run import DONE, Result, Status
from pytg.record.state_changes import StateChange, changes

KEPT = RUNS / "history.json"
_FORMAT: Final = 1
CHANGING = ("apply", "destroy")
_THERE = DONE | {Status.UNKNOWN}


@dataclass(slots=True)
class _Sum:
    """What the first `count` events come to, whose digest is `digest`; units by their addresses.

    `applied`: the run that applied each last. `made`: how its resources came, and how many.
    `left_out`: by which command what it held came into no state, where it was not applied since.
    """

    format: Literal[1] = _FORMAT
    count: int = 0
    digest: str = ""
    applied: dict[str, str] = field(default_factory=dict)
    made: dict[str, tuple[str, int]] = field(default_factory=dict)
    left_out: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Event:
    """A run, or a change of states; `order` sorts them, `mark` changes with what it says."""

    order: str
    mark: str
    source: Path | StateChange


@dataclass(frozen=True, slots=True)
class _Read:
    """A run: `units` as in its record; or a change of states by the command `kind`: `held`."""

    run: str
    kind: str
    closed: bool
    units: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: Mapping[Address, int] = field(default_factory=dict)
    left_out: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)


_SUM = TypeAdapter(_Sum)


def last_applied(root: Path) -> dict[Address, str]:
    """By unit, the run that applied it last, half way too, where none has destroyed it since.

    Nor has `pytg state` taken all away since. Records that cannot be read are passed over.
    """
    return {Address.parse(name): run for name, run in _summed(root).applied.items()}


def last_made(root: Path) -> dict[Address, tuple[str, int]]:
    """By unit, what brought resources of it last, in words, and how many there should be by all.

    A unit is left out where runs have deleted, or `pytg state` has taken, as many as were made.
    What a run did half way is not counted.
    """
    made = _summed(root).made
    return {Address.parse(name): found for name, found in made.items() if found[1] > 0}


def last_left_out(root: Path) -> dict[Address, tuple[str, tuple[str, ...]]]:
    """By unit, the command that took resources out of its state, into no other, and which.

    A unit is left out that was applied or destroyed since.
    """
    return {Address.parse(name): found for name, found in _summed(root).left_out.items()}


def _summed(root: Path) -> _Sum:
    """What all runs come to; what those before the first that goes on come to is kept."""
    events = sorted(_events(root), key=lambda event: event.order)
    found = _kept(root, events)
    first, whole = found.count, True
    for at, event in enumerate(events[first:], first):
        read = _read(event)
        if whole and not read.closed:
            _keep(root, found, events[:at], first)
            whole = False
        _add(found, read)
    if whole:
        _keep(root, found, events, first)
    return found


def _events(root: Path) -> Iterator[_Event]:
    """All runs, whatever their records are, and changes of states."""
    for path in (root / RUNS).glob("*/run.json"):
        with contextlib.suppress(OSError):
            stat = path.stat()
            yield _Event(path.parent.name, f"{stat.st_mtime_ns} {stat.st_size}", path)
    for change in changes(root):
        # after the runs of its second: to tell nothing is better than to tell what is wrong
        yield _Event(f"{change.at}~", repr(change), change)


def _read(event: _Event) -> _Read:
    if isinstance(event.source, StateChange):
        change = event.source
        held, out = change.resources, change.left_out
        return _Read("", change.operation, closed=True, held=held, left_out=out)
    name = event.source.parent.name
    try:
        document = from_json(event.source.read_bytes())
        kind = document["command"].removesuffix("-all")
        units = {unit: dict(found) for unit, found in document["units"].items()}
        closed = document["result"] != Result.RUNNING
    except OSError:
        return _Read(name, "", closed=False)
    except (ValueError, KeyError, TypeError, AttributeError):
        return _Read(name, "", closed=True)
    whole = all({"status", "changes"} <= unit.keys() for unit in units.values())
    return _Read(name, kind, closed, units if whole else {})


def _add(found: _Sum, read: _Read) -> None:
    """Add what a run did, or what a change of states left."""
    _add_change(found, read)
    _add_run(found, read)


def _add_change(found: _Sum, read: _Read) -> None:
    for address, count in read.held.items():
        found.left_out.pop(str(address), None)
        if names := read.left_out.get(address):
            found.left_out[str(address)] = (read.kind, names)
        if count:
            found.made[str(address)] = (f"`{read.kind}` brought resources into it", count)
        else:
            found.made.pop(str(address), None)
            found.applied.pop(str(address), None)


def _add_run(found: _Sum, read: _Read) -> None:
    for name, unit in read.units.items():
        status, changes = unit["status"], unit["changes"]
        if read.kind in CHANGING and status in DONE:
            found.left_out.pop(name, None)
        if read.kind == "destroy" and status in DONE:
            found.applied.pop(name, None)
            found.made.pop(name, None)
        elif read.kind == "apply":
            if status in _THERE or (status == Status.FAILED and unit.get("attempts")):
                found.applied[name] = read.run
            if status == Status.SUCCEEDED:
                how, count = found.made.get(name, ("", 0))
                more = int(changes["create"]) - int(changes["delete"])
                if more > 0 or not how:
                    how = f"run {read.run} made resources of it"
                found.made[name] = (how, count + more)


def _kept(root: Path, events: Sequence[_Event]) -> _Sum:
    """What was kept of the first of `events`; nothing where it is of others, or damaged."""
    with contextlib.suppress(OSError, ValueError):
        found = _SUM.validate_json((root / KEPT).read_bytes())
        if found.count <= len(events) and found.digest == _digest(events[: found.count]):
            return found
    return _Sum()


def _keep(root: Path, found: _Sum, events: Sequence[_Event], known: int) -> None:
    """Keep what `events` come to, where that is more than the first `known` of them."""
    if len(events) > known:
        kept = replace(found, count=len(events), digest=_digest(events))
        with contextlib.suppress(OSError):  # the next run reads them once more
            write_atomic(root / KEPT, _SUM.dump_json(kept), durable=False)


def _digest(events: Iterable[_Event]) -> str:
    text = "\n".join(f"{event.order} {event.mark}" for event in events)
    return hashlib.sha256(text.encode()).hexdigest()
