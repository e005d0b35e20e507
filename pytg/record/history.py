"""What past runs on this machine did to units, from their records."""

from __future__ import annotations

from pathlib import Path

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
    for path in sorted((root / RUNS).glob("*/run.json")):
        try:
            document = from_json(path.read_bytes())
            kind = document["command"].removesuffix("-all")
            ends = {
                name: (unit["status"], bool(unit.get("attempts")))
                for name, unit in document["units"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        for name, (status, begun) in ends.items():
            failed = status == Status.FAILED and begun
            if kind == "apply" and (status in _THERE or failed):
                found[name] = path.parent.name
            elif kind == "destroy" and status in _GONE:
                found.pop(name, None)
    return {Address.parse(name): run for name, run in found.items()}
