"""The record of a run: `.pytg/runs/<id>/run.json`, whole and true whenever it is read."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytg.errors import Refused
from pytg.files import write_atomic
from pytg.model import Address
from pytg.run.data import (
    SCHEMA,
    Result,
    Run,
    UnitRecord,
    moved_on,
    parse_run,
    run_document,
    settled,
    unit_document,
)

RUNS = Path(".pytg", "runs")
SOON_S = 0.25

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
        self._lock: int | None = _lock(run.directory, fcntl.LOCK_EX)
        self._lines = {address: _line(address, unit) for address, unit in run.units.items()}
        self._late: threading.Timer | None = None
        _write(run, self._lines)

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        command: str,
        args: Sequence[str],
        selection: str,
        units: Iterable[Address],
        terraform_binary: str,
        terraform_version: str,
        mode: str,
        parent_run_id: str | None = None,
        clock: Clock = utc_now,
    ) -> RunRecord:
        """Start a record below the project `root`: on disk, all units pending, when this returns.

        `args` is what stood after `pytg` on the command line, `selection` its canonical
        expression, `mode` `composed` or `per-unit`.
        """
        now = clock()
        run_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        directory = root / RUNS / run_id
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700)
        record = cls(
            Run(
                directory=directory,
                run_id=run_id,
                command=command,
                args=redacted(args),
                selection=selection,
                terraform_binary=terraform_binary,
                terraform_version=terraform_version,
                mode=mode,
                started_at=now,
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

    def update(self, address: Address, **changed: Any) -> None:
        """Change fields of one unit, such as `status`, `reason` or `changes`.

        Status `running` stamps `started_at` and counts an attempt; a final status stamps
        `finished_at` of a unit that had started. Raises KeyError for a unit not in the run.
        """
        self.update_all({address: changed})

    def update_all(self, changed: Mapping[Address, Mapping[str, Any]]) -> None:
        """`update` for several units with one write."""
        with self._mutex:
            self._save(self._moved(changed))

    def update_soon(self, address: Address, **changed: Any) -> None:
        """`update`, on disk a moment later: for changes that come many at a time.

        The first unit that starts is on disk at once: a run that died is then known to have
        begun.
        """
        with self._mutex:
            moved = self._moved({address: changed})
            if not any(unit.started_at for unit in self._run.units.values()):
                self._save(moved)
                return
            self._run, self._lines = moved, self._changed(moved)
            if self._late is None:
                self._late = threading.Timer(SOON_S, self._catch_up)
                self._late.daemon = True
                self._late.start()

    def update_run(
        self,
        *,
        stages: Iterable[Iterable[Address]] | None = None,
        processes: int | None = None,
    ) -> None:
        """Change what concerns the run as a whole; `processes` is the count so far."""
        with self._mutex:
            run = self._run
            if stages is not None:
                run = replace(run, stages=tuple(tuple(sorted(stage)) for stage in stages))
            if processes is not None:
                run = replace(run, processes=processes)
            self._save(run)

    def finish(self, result: Result, exit_code: int) -> Run:
        """Close the record: units still pending become cancelled, running ones unknown."""
        with self._mutex:
            self._save(settled(self._run, self._clock(), result, exit_code))
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
            return self._run

    def _moved(self, changed: Mapping[Address, Mapping[str, Any]]) -> Run:
        now = self._clock()
        units = dict(self._run.units)
        for address, values in changed.items():
            units[address] = moved_on(units[address], now, values)
        return replace(self._run, units=units)

    def _changed(self, run: Run) -> dict[Address, str]:
        before = self._run.units
        return self._lines | {a: _line(a, u) for a, u in run.units.items() if u is not before[a]}

    def _save(self, run: Run) -> None:
        lines = self._changed(run)
        _write(run, lines)
        self._run, self._lines = run, lines
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _catch_up(self) -> None:
        with self._mutex, contextlib.suppress(OSError):  # the next write raises it
            if self._late is not None:
                self._save(self._run)


def load(path: Path) -> Run:
    """Read a record: `run.json`, or its directory. Raises Refused when it is none."""
    path = path / "run.json" if path.is_dir() else path
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise Refused(
                f"{path}: the record has schema {document['schema']}, this pytg reads {SCHEMA}",
                hint="use the version of pytg that wrote it",
            )
        return parse_run(path.parent, document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{path}: not a run record: {error}", hint="`.pytg/runs` holds the records there are"
        ) from error


def runs(root: Path) -> list[Run]:
    """Every run of the project, the newest first. Raises Refused for a record it cannot read."""
    found = (load(path) for path in (root / RUNS).glob("*/run.json"))
    return sorted(found, key=lambda run: (run.started_at, run.run_id), reverse=True)


def mark_dead(
    run: Run, in_flight: Callable[[Run], Mapping[Address, Sequence[str]] | None] = lambda _run: {}
) -> Run:
    """Close the record of a run whose process died; return the record as it is afterwards.

    A run that goes on, or has ended, comes back as it is. Units that were running become
    unknown. So do pending ones of a composed run in which a unit or Terraform had started, for
    Terraform may have gone on without pytg; otherwise they become cancelled. `in_flight` says
    of a run that is dead which resources of a unit may exist and be in no state; it is called
    before the record is closed, and with None it stays open.
    """
    if run.result is not Result.RUNNING:
        return run
    try:
        lock = _lock(run.directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return run
    try:
        current = load(run.directory)
        if current.result is Result.RUNNING:
            found = in_flight(current)
            if found is None:
                return current
            current = settled(current, None, Result.INTERRUPTED, None)
            units = dict(current.units)
            for unit, resources in found.items():
                units[unit] = replace(units[unit], unknown_resources=tuple(sorted(resources)))
            current = replace(current, units=units)
            _write(current, {address: _line(address, unit) for address, unit in units.items()})
        return current
    finally:
        os.close(lock)


def redacted(args: Sequence[str]) -> tuple[str, ...]:
    """`args` without values that may be secret: `-var x=y`, and names such as `secret_key`."""
    shown = []
    for before, arg in zip(("", *args), args, strict=False):
        secret = _VARIABLE if before in ("-var", "--var") else _SECRET
        shown.append(secret.sub(r"\1***", arg))
    return tuple(shown)


_VARIABLE = re.compile(r"([^=]+=).*", re.DOTALL)
_SECRET = re.compile(
    r"(--?var=[^=]+=|.*?(?:secret|password|token|credential|access_key)[^=]*=).*",
    re.DOTALL | re.IGNORECASE,
)


def _lock(directory: Path, operation: int) -> int:
    """An advisory lock on `directory` that ends with this process. Raises BlockingIOError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _line(address: Address, unit: UnitRecord) -> str:
    return f'    "{address}": {json.dumps(unit_document(unit))}'


def _write(run: Run, lines: Mapping[Address, str]) -> None:
    """One line a field and a unit: readable, and quick to write again for hundreds of units."""
    head = [f'  "{name}": {json.dumps(value)}' for name, value in run_document(run).items()]
    units = ",\n".join(lines.values())
    text = "{\n" + ",\n".join([*head, f'  "units": {{\n{units}\n  }}']) + "\n}\n"
    write_atomic(run.path, text.encode(), mode=0o644)
