"""What an apply writes to the units' states, noted beside its journal before it writes.

So whoever recovers it knows by its hash whether a state is still the one that the run read or
wrote, or somebody else's, without any record of the run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from pytg.compose.state_document import State
from pytg.files import write_new
from pytg.recovery.in_flight import recorded

NOTES = "written.jsonl"
_LINE = TypeAdapter(dict[str, str])


def begin(workdir: Path) -> None:
    """Begin the notes of an apply, with nothing in them. Raises OSError."""
    write_new(workdir / NOTES, b"")


def note(workdir: Path, versions: Mapping[str, str]) -> None:
    """Note what is about to be written: by unit, the version of its state; durable on return.

    Where that fails, as on a full disk, there are no notes any more: they would not be complete.
    """
    file = workdir / NOTES
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "wb") as notes:
            notes.write(_LINE.dump_json(dict(versions)) + b"\n")
            notes.flush()
            os.fsync(notes.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            file.unlink()


def noted(workdir: Path) -> dict[str, set[str]] | None:
    """By unit, the versions that the apply wrote or was about to; None where that is not known.

    A line that a dying process cut short was not written by yet.
    """
    found: dict[str, set[str]] = {}
    try:
        *lines, _ = (workdir / NOTES).read_bytes().split(b"\n")
        for line in lines:
            for unit, version in _LINE.validate_json(line).items():
                found.setdefault(unit, set()).add(version)
    except (OSError, ValueError):
        return None
    return found


def loses_nothing(before: State, after: State) -> bool:
    """Whether every managed object in the state `before` is in `after` too, by address and id."""
    there = recorded(after)
    return all(
        one.get("id") in [other.get("id") for other in there.get(address, ())]
        for address, instances in recorded(before, managed=True).items()
        for one in instances
    )
