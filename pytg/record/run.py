"""What a run is: its units, their statuses, outcomes and changes, and its JSON document.

The dataclasses are pydantic's: the document on disk and its JSON Schema follow from them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass
from pydantic.json_schema import SkipJsonSchema

from pytg import __version__
from pytg.record.types import EXACT, Addresses, AddressText, Count, Moment, RunId

SCHEMA = "urn:pytg:run:1"
Mode = Literal["composed", "per-unit"]


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


@dataclass(frozen=True, slots=True, config=EXACT)
class Changes:
    """Resources by what happens to them."""

    create: Count = 0
    update: Count = 0
    replace: Count = 0
    delete: Count = 0

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


@dataclass(frozen=True, slots=True, config=EXACT)
class Outcome:
    """How a unit ended in a run.

    `blocked_by` are the units that a skipped one needs and that went wrong; `unknown_resources`
    may exist and be in no state.
    """

    status: Status
    reason: str = ""
    blocked_by: Addresses = ()
    unknown_resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, config=EXACT)
class UnitRecord:
    """One unit in a run. `log` is relative to the run's directory."""

    status: Status = Status.PENDING
    started_at: Moment | None = None
    finished_at: Moment | None = None
    reason: str = ""
    blocked_by: Addresses = ()
    attempts: Count = 0
    changes: Changes = Changes()
    unknown_resources: tuple[str, ...] = ()
    log: str | None = None


@dataclass(frozen=True, slots=True, config=EXACT)
class Selected:
    """What was selected: by one canonical expression, and the units."""

    canonical: str
    units: Addresses


@dataclass(frozen=True, slots=True, config=EXACT)
class Tool:
    """The Terraform or OpenTofu that ran."""

    binary: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True, config=EXACT, kw_only=True)
class Run:
    """The record of a run: `.pytg/runs/<id>/run.json`.

    `directory` is where the record lies; it is not part of it.
    """

    directory: SkipJsonSchema[Annotated[Path, Field(exclude=True)]]
    schema: Literal["urn:pytg:run:1"] = "urn:pytg:run:1"
    pytg_version: Annotated[str, Field(min_length=1)] = __version__
    run_id: RunId
    parent_run_id: RunId | None = None
    command: Annotated[str, Field(min_length=1)]
    args: tuple[str, ...]
    selection: Selected
    terraform: Tool
    mode: Mode
    started_at: Moment
    finished_at: Moment | None = None
    result: Result = Result.RUNNING
    exit_code: Annotated[int, Field(ge=0, le=255)] | None = None
    stages: tuple[Addresses, ...] = ()
    processes: Count = 0
    units: Mapping[AddressText, UnitRecord]

    @property
    def path(self) -> Path:
        return self.directory / "run.json"

    @property
    def changes(self) -> Changes:
        """The changes of all units together."""
        return sum((unit.changes for unit in self.units.values()), Changes())


RUN = TypeAdapter(Run)
UNIT = TypeAdapter(UnitRecord)


def run_document(run: Run) -> dict[str, Any]:
    """The run without its units, as JSON has it."""
    document: dict[str, Any] = RUN.dump_python(run, mode="json", exclude={"units"})
    return document


def unit_document(unit: UnitRecord) -> dict[str, Any]:
    """A unit's part of the document."""
    document: dict[str, Any] = UNIT.dump_python(unit, mode="json")
    return document


def parse_run(directory: Path, document: Mapping[str, Any]) -> Run:
    """A run from its document. Raises ValueError or TypeError when it is none."""
    return RUN.validate_python({**document, "directory": directory})


def begun(unit: UnitRecord, now: datetime) -> UnitRecord:
    """`unit` as it starts, once more or for the first time."""
    return replace(
        unit,
        status=Status.RUNNING,
        started_at=unit.started_at or now,
        finished_at=None,
        attempts=unit.attempts + 1,
    )


def ended(unit: UnitRecord, outcome: Outcome, now: datetime) -> UnitRecord:
    """`unit` at its end; one that never started has no time of its end."""
    return replace(
        unit,
        status=outcome.status,
        reason=outcome.reason,
        blocked_by=outcome.blocked_by,
        unknown_resources=outcome.unknown_resources,
        finished_at=unit.finished_at or (now if unit.started_at else None),
    )


def settled(run: Run, now: datetime | None, result: Result, exit_code: int | None) -> Run:
    """`run` at its end, with no unit pending or running. `now` is None when its process died."""
    worked = run.processes or any(unit.started_at for unit in run.units.values())
    orphaned = now is None and run.mode == "composed" and worked
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
