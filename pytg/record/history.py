"""What past runs on this machine did to units, from their records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from pytg.model import Address
from pytg.record.reader import RUNS
from pytg.record.run import Status

_THERE = (Status.SUCCEEDED, Status.UNCHANGED, Status.UNKNOWN)
_GONE = (Status.SUCCEEDED, Status.UNCHANGED)


def last_applied(root: Path) -> dict[Address, str]:
    """By unit, the run that applied it last, half way too, where none has destroyed it since.

    Records that cannot be read are passed over.
    """
    found: dict[str, str] = {}
    for run, kind, units in _records(root):
        for name, unit in units.items():
            failed = unit["status"] == Status.FAILED and unit.get("attempts")
            if kind == "apply" and (unit["status"] in _THERE or failed):
                found[name] = run
            elif kind == "destroy" and unit["status"] in _GONE:
                found.pop(name, None)
    return {Address.parse(name): run for name, run in found.items()}


def last_made(root: Path) -> dict[Address, tuple[str, int]]:
    """By unit, the run that made resources of it last, and how many there should be by all runs.

    A unit is left out where runs have deleted as many as they made. What a run did half way is
    not counted.
    """
    found: dict[str, tuple[str, int]] = {}
    for run, kind, units in _records(root):
        for name, unit in units.items():
            last, count = found.get(name, (run, 0))
            if kind == "destroy" and unit["status"] in _GONE:
                found.pop(name, None)
            elif kind == "apply" and unit["status"] == Status.SUCCEEDED:
                changes = unit["changes"]
                more = int(changes["create"]) - int(changes["delete"])
                found[name] = (run if more > 0 else last, count + more)
    return {Address.parse(name): made for name, made in found.items() if made[1] > 0}


def _records(root: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The runs from the oldest on: id, command without `-all`, and units as their records are."""
    for path in sorted((root / RUNS).glob("*/run.json")):
        try:
            document = from_json(path.read_bytes())
            kind = document["command"].removesuffix("-all")
            units = {name: dict(unit) for name, unit in document["units"].items()}
            whole = all({"status", "changes"} <= unit.keys() for unit in units.values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if whole:
            yield path.parent.name, kind, units
