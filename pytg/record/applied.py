"""With which configuration each unit was last applied from this project, by the runs' records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from pytg.files import write_atomic
from pytg.model import Address
from pytg.record.run import DONE, Run, Status, UnitRecord
from pytg.record.runs import CHANGING, kind
from pytg.record.types import AddressText

CONFIGURATION = "configuration.json"

_PARTS = TypeAdapter(dict[AddressText, dict[str, str]])


@dataclass(frozen=True, slots=True)
class Applied:
    """The run that worked on a unit last, and the parts that the unit was made from then.

    `parts` is None where that cannot be told, and `why` says so.
    """

    run_id: str
    parts: Mapping[str, str] | None
    why: str = ""


def keep(directory: Path, parts: Mapping[Address, Mapping[str, str]]) -> None:
    """Keep what units are made from with the record of the run that applies them."""
    document = {str(address): dict(found) for address, found in sorted(parts.items())}
    write_atomic(directory / CONFIGURATION, json.dumps(document).encode())


def last_configurations(runs: Sequence[Run]) -> dict[Address, Applied]:
    """By unit, how it was applied last; a unit that was destroyed since is not in it.

    `runs` are in the order of their start.
    """
    found: dict[Address, Applied | None] = {}
    for run in reversed(runs):
        if kind(run) not in CHANGING:
            continue
        worked = {a: u for a, u in run.units.items() if a not in found and _worked(u)}
        done = {address for address, unit in worked.items() if unit.status in DONE}
        if kind(run) == "destroy":
            found |= dict.fromkeys(done)
        elif done:
            kept, why = _kept(run), f"{run.command} {run.run_id} kept no configuration"
            for address in done:
                parts = kept.get(address)
                found[address] = Applied(run.run_id, parts, "" if parts else why)
        for address in worked.keys() - done:
            why = f"{run.command} {run.run_id} ended {worked[address].status}"
            found[address] = Applied(run.run_id, None, why)
    return {address: applied for address, applied in found.items() if applied is not None}


def _worked(unit: UnitRecord) -> bool:
    """Whether the run did, or may have done, anything to the unit, or found it done."""
    return unit.status in DONE or unit.status is Status.UNKNOWN or bool(unit.attempts)


def _kept(run: Run) -> Mapping[Address, Mapping[str, str]]:
    """What `keep` wrote; nothing where the file is not there, or is damaged."""
    try:
        return _PARTS.validate_json((run.directory / CONFIGURATION).read_bytes())
    except (OSError, ValueError):
        return {}
