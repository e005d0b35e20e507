"""The past runs of a project on this machine: listed, found, and what each left undone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytg.errors import Refused, UsageError
from pytg.model import Address
from pytg.record.reader import RUNS, load, lock
from pytg.record.run import BAD, DONE, Result, Run, UnitRecord
from pytg.record.transitions import settled
from pytg.suggest import did_you_mean

LATEST = "latest"
CHANGING = ("apply", "destroy")
DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that cannot be read, and why."""

    run_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PastRuns:
    """The runs, the oldest first; one whose process died stands as the next run will close it."""

    runs: tuple[Run, ...]
    damaged: tuple[Damaged, ...]

    @property
    def changing(self) -> tuple[Run, ...]:
        """Those that applied or destroyed."""
        return tuple(run for run in self.runs if kind(run) in CHANGING)

    def find(self, text: str) -> Run:
        """The run with the id `text`, or with one that begins so; `latest` is the newest.

        Raises UsageError where there is none or several, and Refused for a damaged record.
        """
        if text == LATEST and self.runs:
            return self.runs[-1]
        found = [run for run in self.runs if run.run_id.startswith(text)]
        broken = [one for one in self.damaged if one.run_id.startswith(text)]
        if text and len(found) + len(broken) == 1:
            if broken:
                raise Refused(broken[0].reason, hint="`pytg runs` lists those that can be read")
            return found[0]
        if text and found + broken:
            names = ", ".join([*(run.run_id for run in found), *(one.run_id for one in broken)])
            raise UsageError(f"several runs begin with `{text}`", hint=names)
        ids = [run.run_id for run in self.runs]
        hint = did_you_mean(text, ids, most=3, quote="", known=0) or "`pytg runs` lists them"
        raise UsageError(f"no run `{text}`", hint=hint)


def past_runs(root: Path) -> PastRuns:
    """Every run of the project `root` that left a directory, whatever is in it."""
    runs: list[Run] = []
    damaged: list[Damaged] = []
    for directory in sorted((root / RUNS).glob("*/")):
        try:
            runs.append(as_it_stands(load(directory / "run.json")))
        except Refused as error:
            damaged.append(Damaged(directory.name, str(error)))
    runs.sort(key=lambda run: (run.started_at, run.run_id))
    return PastRuns(tuple(runs), tuple(damaged))


def as_it_stands(run: Run) -> Run:
    """`run`, or how it ended where its process died and nobody has closed its record yet."""
    if run.result is not Result.RUNNING:
        return run
    try:
        os.close(lock(run.directory, fcntl.LOCK_SH | fcntl.LOCK_NB))
    except OSError:  # somebody holds it: the run goes on
        return run
    return settled(run, None, Result.INTERRUPTED, None)


def kind(run: Run) -> str:
    """What the run did: `plan`, `apply`, `destroy` or `drift`."""
    return run.command.removesuffix("-all")


def looks_outside(run: Run) -> bool:
    """Whether the run only looks for what changed outside of Terraform."""
    return kind(run) == DRIFT


def left(run: Run, later: Iterable[Run]) -> Mapping[Address, UnitRecord]:
    """The units of `run` that were not done, in it or in one of the `later` runs of its kind."""
    done = {
        address
        for other in later
        if kind(other) == kind(run) and other.started_at > run.started_at
        for address, unit in other.units.items()
        if unit.status in DONE
    }
    return {a: u for a, u in run.units.items() if u.status in BAD and a not in done}
