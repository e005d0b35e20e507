"""What of a unit's state can be brought back: backups of pytg, versions of the bucket, files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pytg.compose.state_document import STATE_VERSION, State, parse_state
from pytg.errors import PytgError, Refused, UsageError
from pytg.model import Address
from pytg.state.backups import backups
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import KeptVersion
from pytg.suggest import did_you_mean

MOST_VERSIONS = 20  # of a bucket's; each is read for its serial
_READERS = 8


@dataclass(frozen=True, slots=True)
class Restorable:
    """A state that once was. `kind` is `backup`, `version` or `file`; `why` of a backup alone.

    `state` is None where it is none that can be read, `problem` then says why.
    """

    name: str
    kind: str
    at: datetime
    why: str = ""
    state: State | None = field(default=None, repr=False)
    problem: str = ""

    @property
    def serial(self) -> int | None:
        """The serial that it had."""
        return None if self.state is None else self.state["serial"]


def restorable(root: Path, place: StateLocation, states: StateReader) -> list[Restorable]:
    """All that can be brought back of the state at `place`, the newest first."""
    kept = [
        _read(each.name, "backup", each.at, each.read, why=each.why)
        for each in backups(root, place.address)
    ]
    store, key = states.store(place), place.backend.key

    def read(version: KeptVersion) -> Restorable:
        return _read(version.id, "version", version.at, lambda: store.read_version(key, version))

    with ThreadPoolExecutor(_READERS) as pool:
        versions = list(pool.map(read, store.versions(key)[:MOST_VERSIONS]))
    return sorted([*kept, *versions], key=lambda each: each.at, reverse=True)


def choose(found: Sequence[Restorable], which: str, unit: Address) -> tuple[Restorable, State]:
    """The one that `which` names, or the file at that path, and its state.

    Raises UsageError where there is none, Refused where it is no state.
    """
    chosen = next((each for each in found if each.name == which), None)
    if chosen is None and Path(which).is_file():
        file = Path(which)
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        chosen = _read(which, "file", at, file.read_bytes)
    if chosen is None:
        hint = did_you_mean(which, [each.name for each in found], known=0)
        raise UsageError(
            f"there is no backup, no version and no file {which} of {unit}",
            hint=hint or f"`pytg state restore {unit}` lists what there is",
        )
    if chosen.state is None:
        raise Refused(
            f"{chosen.kind} {which} is no state of version {STATE_VERSION}: {chosen.problem}",
            hint=f"choose another one: `pytg state restore {unit}` lists them",
        )
    return chosen, chosen.state


def following(current: State | None, old: State, unit: Address, *, other_lineage: bool) -> State:
    """`old` as the state that follows `current`: with a serial beyond both.

    Raises Refused where they are not of one lineage, unless that is meant.
    """
    if current is None:
        return {**old, "serial": old["serial"] + 1}
    if current["lineage"] != old["lineage"] and not other_lineage:
        raise Refused(
            f"the state of {unit} is of lineage {current['lineage']}, and this one of "
            f"{old['lineage']}: it is of something else, or from before all was made anew",
            hint="where it is the right one all the same: --other-lineage",
        )
    return {**old, "serial": max(current["serial"], old["serial"]) + 1}


def _read(
    name: str, kind: str, at: datetime, read: Callable[[], bytes], *, why: str = ""
) -> Restorable:
    try:
        return Restorable(name, kind, at, why, parse_state(read()))
    except (PytgError, OSError, ValueError) as error:
        return Restorable(name, kind, at, why, None, str(error).partition("\n")[0])
