"""The record of a run: `.pytg/runs/<id>/run.json`, whole and true whenever it is read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pytg import __version__
from pytg.files import write_atomic
from pytg.model import Address
from pytg.record.reader import RUNS, line, lock, write
from pytg.record.run import (
    Asked,
    Changes,
    Check,
    Finding,
    Mode,
    Outcome,
    Result,
    Run,
    Selected,
    Tool,
    UnitRecord,
)
from pytg.record.transitions import begun, ended, reopened, settled

SOON_S = 0.25
REDACTED = "***"
_SECRET = re.compile(
    r"(.*?(?:secret|password|token|credential|access_key)[^=]*=).*", re.DOTALL | re.IGNORECASE
)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class RunRecord:
    """The writer of one record, for the process that does the run. Safe to use from threads.

    While it lives it holds an advisory lock on the run's directory: that is how other processes
    tell a run that goes on from one whose process died.
    """

    def __init__(self, run: Run, *, clock: Clock = utc_now) -> None:
        self._run = run
        self._clock = clock
        self._mutex = threading.Lock()
        self._lock: int | None = lock(run.directory, fcntl.LOCK_EX)
        self._lines = {address: line(address, unit) for address, unit in run.units.items()}
        self._late: threading.Timer | None = None
        write(run, self._lines)

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        command: str,
        args: Sequence[str],
        selection: str,
        units: Collection[Address],
        terraform_binary: str,
        terraform_version: str,
        mode: Mode,
        asked: Asked | None = None,
        parent_run_id: str | None = None,
        clock: Clock = utc_now,
    ) -> RunRecord:
        """Start a record below the project `root`: on disk, all units pending, when this returns.

        `args` is what stood after `pytg` on the command line, `selection` its canonical
        expression, `mode` `composed` or `per-unit`; `parent_run_id` the run that is repeated.
        """
        now = clock()
        run_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        directory = root / RUNS / run_id
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700)
        record = cls(
            Run(
                directory=directory,
                pytg_version=__version__,
                run_id=run_id,
                command=command,
                args=redacted(args),
                asked=asked,
                selection=Selected(selection, tuple(sorted(units))),
                terraform=Tool(terraform_binary, terraform_version),
                mode=mode,
                started_at=now,
                result=Result.RUNNING,
                units={address: UnitRecord() for address in sorted(units)},
                parent_run_id=parent_run_id,
            ),
            clock=clock,
        )
        write_atomic(directory.parent / "latest", f"{run_id}\n".encode(), mode=0o644)
        return record

    @property
    def run(self) -> Run:
        """What the record says now."""
        return self._run

    def begin(self, unit: Address, *, soon: bool = False) -> None:
        """A unit starts: it is stamped and its attempt counted. KeyError for one not in the run.

        `soon`: on disk a moment later, for units that start many at a time. The first unit that
        starts is on disk at once: a run that died is then known to have begun.
        """
        with self._mutex:
            first = not any(found.started_at for found in self._run.units.values())
            moved = self._with({unit: begun(self._run.units[unit], self._clock())})
            if first or not soon:
                self._save(moved)
                return
            self._run, self._lines = moved, self._changed(moved)
            if self._late is None:
                self._late = threading.Timer(SOON_S, self._catch_up)
                self._late.daemon = True
                self._late.start()

    def end(self, outcomes: Mapping[Address, Outcome]) -> None:
        """Units are done, with one write for all. KeyError for a unit not in the run.

        Raises OSError where that finds no room; `run` knows it all the same.
        """
        with self._mutex:
            now, units = self._clock(), self._run.units
            done = {unit: ended(units[unit], outcome, now) for unit, outcome in outcomes.items()}
            self._know(self._with(done))

    def reopen(self, units: Iterable[Address]) -> None:
        """Units that ended are to be done once more. KeyError for one not in the run."""
        with self._mutex:
            self._save(self._with({unit: reopened(self._run.units[unit]) for unit in units}))

    def planned(
        self, changes: Mapping[Address, Changes], besides: Mapping[Address, str] | None = None
    ) -> None:
        """What is planned for units: counts of resources, and in words what else."""
        words = besides or {}
        with self._mutex:
            units = self._run.units
            self._save(
                self._with(
                    {
                        unit: replace(units[unit], changes=counts, besides=words.get(unit, ""))
                        for unit, counts in changes.items()
                    }
                )
            )

    def found(self, said: Mapping[Address | None, Sequence[Finding]]) -> None:
        """What was said of units, or of none: added to what was said before, with one write."""
        if not any(said.values()):
            return
        with self._mutex:
            units = self._run.units
            run = self._with(
                {
                    unit: replace(units[unit], diagnostics=(*units[unit].diagnostics, *findings))
                    for unit, findings in said.items()
                    if unit is not None and findings
                }
            )
            self._save(replace(run, diagnostics=(*run.diagnostics, *said.get(None, ()))))

    def checked(self, checks: Mapping[Address, Sequence[Check]]) -> None:
        """The checks that do not hold, of all units in `checks`: those known before are gone."""
        with self._mutex:
            units = self._run.units
            new = {u: replace(units[u], checks=tuple(c)) for u, c in checks.items()}
            if any(units[unit].checks != record.checks for unit, record in new.items()):
                self._save(self._with(new))

    def logged(self, unit: Address, log: str) -> None:
        """Where the log of a unit lies, from the run's directory."""
        with self._mutex:
            self._save(self._with({unit: replace(self._run.units[unit], log=log)}))

    def update_run(
        self,
        *,
        stages: Iterable[Iterable[Address]] | None = None,
        processes: int | None = None,
        orphans: Iterable[Address] | None = None,
        serials: Mapping[Address, int] | None = None,
    ) -> None:
        """Change what concerns the run as a whole; `processes` is the count so far.

        `orphans` left the configuration and hold resources, or may; `serials` are those of the
        states as the run last knew them.
        """
        with self._mutex:
            run = self._run
            if stages is not None:
                run = replace(run, stages=tuple(tuple(sorted(stage)) for stage in stages))
            if processes is not None:
                run = replace(run, processes=processes)
            if orphans is not None:
                run = replace(run, orphans=tuple(sorted(orphans)))
            if serials is not None:
                run = replace(run, serials=dict(sorted(serials.items())))
            self._save(run)

    def finish(self, result: Result, exit_code: int, reason: str = "") -> Run:
        """Close the record: units still pending become cancelled, running ones unknown.

        `reason` is the error that ended the run. Raises OSError where that finds no room; `run`
        knows it all the same, and for others the process that did the run is dead then.
        """
        with self._mutex:
            ended = settled(self._run, self._clock(), result, exit_code)
            try:
                self._know(replace(ended, reason=reason))
            finally:
                if self._lock is not None:
                    os.close(self._lock)
                    self._lock = None
            return self._run

    def _with(self, changed: Mapping[Address, UnitRecord]) -> Run:
        return replace(self._run, units={**self._run.units, **changed})

    def _changed(self, run: Run) -> dict[Address, str]:
        before = self._run.units
        return self._lines | {a: line(a, u) for a, u in run.units.items() if u is not before[a]}

    def _know(self, run: Run) -> None:
        """Save what a person is told at the end: also where only memory has room for it."""
        self._run, self._lines = run, self._changed(run)
        self._save(run)

    def _save(self, run: Run) -> None:
        lines = self._changed(run)
        write(run, lines)
        self._run, self._lines = run, lines
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _catch_up(self) -> None:
        with self._mutex, contextlib.suppress(OSError):  # the next write raises it
            if self._late is not None:
                self._save(self._run)


def redacted(args: Sequence[str]) -> tuple[str, ...]:
    """`args` with a mask for values that may be secret, by names such as `secret_key`."""
    return tuple(_SECRET.sub(rf"\1{REDACTED}", arg) for arg in args)
