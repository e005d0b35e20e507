"""What a run is: its units, their statuses and changes, and its form as a JSON document."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytg import __version__
from pytg.model import Address

SCHEMA = "urn:pytg:run:1"


class Status(enum.StrEnum):
    """Where a unit stands in a run. After a run nothing is `pending` or `running`."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


OPEN = (Status.PENDING, Status.RUNNING)


class Result(enum.StrEnum):
    """How a run ended, or that it has not."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Changes:
    """Resources by what happens to them."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.create + other.create,
            self.update + other.update,
            self.replace + other.replace,
            self.delete + other.delete,
        )

    @property
    def total(self) -> int:
        return self.create + self.update + self.replace + self.delete


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a unit ended in a run.

    `blocked_by` are the units that a skipped one needs and that went wrong; `unknown_resources`
    may exist and be in no state.
    """

    status: Status
    reason: str = ""
    blocked_by: tuple[Address, ...] = ()
    unknown_resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """One unit in a run. `log` is relative to the run's directory."""

    status: Status = Status.PENDING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str = ""
    blocked_by: tuple[Address, ...] = ()
    attempts: int = 0
    changes: Changes = field(default_factory=Changes)
    unknown_resources: tuple[str, ...] = ()
    log: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its record says. `directory` is where the record lies; it is not part of it."""

    directory: Path
    run_id: str
    command: str
    args: tuple[str, ...]
    selection: str
    terraform_binary: str
    terraform_version: str
    mode: str
    started_at: datetime
    units: Mapping[Address, UnitRecord]
    parent_run_id: str | None = None
    pytg_version: str = __version__
    finished_at: datetime | None = None
    result: Result = Result.RUNNING
    exit_code: int | None = None
    stages: tuple[tuple[Address, ...], ...] = ()
    processes: int = 0

    @property
    def path(self) -> Path:
        return self.directory / "run.json"

    @property
    def changes(self) -> Changes:
        """The changes of all units together."""
        return sum((unit.changes for unit in self.units.values()), Changes())


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2025-01-31T12:03:04.567Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moved_on(unit: UnitRecord, now: datetime, values: Mapping[str, Any]) -> UnitRecord:
    """`unit` with `values` changed at `now`: starts, ends and attempts are noted."""
    unit = replace(unit, **values)
    if values.get("status") is Status.RUNNING:
        return replace(
            unit, started_at=unit.started_at or now, finished_at=None, attempts=unit.attempts + 1
        )
    if unit.status not in OPEN and unit.started_at and not unit.finished_at:
        return replace(unit, finished_at=now)
    return unit


def settled(run: Run, now: datetime | None, result: Result, exit_code: int | None) -> Run:
    """`run` at its end, with no unit pending or running. `now` is None when its process died."""
    begun = run.processes or any(unit.started_at for unit in run.units.values())
    orphaned = now is None and run.mode == "composed" and begun
    ends = {
        Status.RUNNING: (Status.UNKNOWN, "the run ended before this unit did"),
        Status.PENDING: (Status.UNKNOWN, "the run died; Terraform may have gone on")
        if orphaned
        else (Status.CANCELLED, "the run ended before this unit started"),
    }
    units = dict(run.units)
    for address, unit in run.units.items():
        if unit.status in ends:
            status, reason = ends[unit.status]
            units[address] = replace(
                unit,
                status=status,
                reason=unit.reason or reason,
                finished_at=now if unit.started_at else None,
            )
    return replace(run, units=units, finished_at=now, result=result, exit_code=exit_code)


def moment(text: str) -> datetime:
    """The inverse of `timestamp`."""
    return datetime.fromisoformat(text)


def changes_document(changes: Changes) -> dict[str, int]:
    return {
        "create": changes.create,
        "update": changes.update,
        "replace": changes.replace,
        "delete": changes.delete,
    }


def unit_document(unit: UnitRecord) -> dict[str, Any]:
    return {
        "status": unit.status,
        "started_at": _text(unit.started_at),
        "finished_at": _text(unit.finished_at),
        "reason": unit.reason,
        "blocked_by": [str(address) for address in unit.blocked_by],
        "attempts": unit.attempts,
        "changes": changes_document(unit.changes),
        "unknown_resources": list(unit.unknown_resources),
        "log": unit.log,
    }


def run_document(run: Run) -> dict[str, Any]:
    """The run without its units, as `run.schema.json` says."""
    return {
        "schema": SCHEMA,
        "pytg_version": run.pytg_version,
        "run_id": run.run_id,
        "parent_run_id": run.parent_run_id,
        "command": run.command,
        "args": list(run.args),
        "selection": {"canonical": run.selection, "units": [str(unit) for unit in run.units]},
        "terraform": {"binary": run.terraform_binary, "version": run.terraform_version},
        "mode": run.mode,
        "started_at": timestamp(run.started_at),
        "finished_at": _text(run.finished_at),
        "result": run.result,
        "exit_code": run.exit_code,
        "stages": [[str(unit) for unit in stage] for stage in run.stages],
        "processes": run.processes,
    }


def parse_run(directory: Path, document: Mapping[str, Any]) -> Run:
    """A run from its document. Raises KeyError, TypeError or ValueError when it is none."""
    return Run(
        directory=directory,
        pytg_version=document["pytg_version"],
        run_id=document["run_id"],
        parent_run_id=document["parent_run_id"],
        command=document["command"],
        args=tuple(document["args"]),
        selection=document["selection"]["canonical"],
        terraform_binary=document["terraform"]["binary"],
        terraform_version=document["terraform"]["version"],
        mode=document["mode"],
        started_at=moment(document["started_at"]),
        finished_at=_moment(document["finished_at"]),
        result=Result(document["result"]),
        exit_code=document["exit_code"],
        stages=tuple(tuple(map(Address.parse, stage)) for stage in document["stages"]),
        processes=document["processes"],
        units={Address.parse(key): _parse_unit(u) for key, u in document["units"].items()},
    )


def _parse_unit(document: Mapping[str, Any]) -> UnitRecord:
    return UnitRecord(
        status=Status(document["status"]),
        started_at=_moment(document["started_at"]),
        finished_at=_moment(document["finished_at"]),
        reason=document["reason"],
        blocked_by=tuple(map(Address.parse, document["blocked_by"])),
        attempts=document["attempts"],
        changes=Changes(**document["changes"]),
        unknown_resources=tuple(document["unknown_resources"]),
        log=document["log"],
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
