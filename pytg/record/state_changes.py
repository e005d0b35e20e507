"""What pytg's own state commands left in states, so that no run looks for what was moved away."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from pytg.model import Address
from pytg.record.reader import RUNS
from pytg.record.types import AddressText, Count, Word

FILE = RUNS / "states.jsonl"
_TIME = "%Y%m%dT%H%M%SZ"  # as the ids of runs begin


@dataclass(frozen=True, slots=True)
class StateChange:
    """`resources`: how many the state of each unit holds since. `at` is as in the ids of runs.

    `left_out`: what was in the state of a unit before, and is in no state that was written.
    """

    at: Word
    operation: Word
    resources: Mapping[AddressText, Count]
    left_out: Mapping[AddressText, tuple[str, ...]] = field(default_factory=dict)


_CHANGE = TypeAdapter(StateChange)


def note(
    root: Path,
    operation: str,
    resources: Mapping[Address, int],
    now: datetime,
    left_out: Mapping[Address, tuple[str, ...]] | None = None,
) -> None:
    """Add a line to `.pytg/runs/states.jsonl`. Raises OSError."""
    (root / RUNS).mkdir(mode=0o700, parents=True, exist_ok=True)
    change = StateChange(now.strftime(_TIME), operation, resources, left_out or {})
    line = json.dumps(_CHANGE.dump_python(change, mode="json"))
    descriptor = os.open(root / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"\n{line}\n".encode())  # whatever a full disk left of the last one
    finally:
        os.close(descriptor)


def changes(root: Path) -> Iterator[StateChange]:
    """All that were noted, in order; what is no whole line is passed over."""
    with contextlib.suppress(OSError):
        for line in (root / FILE).read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                yield _CHANGE.validate_json(line)
