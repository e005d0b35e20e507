"""What a run is: its units, their statuses, outcomes and changes, and its JSON document.

The document on disk and its JSON Schema follow from the types of the fields. They are checked
when a document is read, not when a run changes: a run of hundreds of units changes often.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter
from pydantic.json_schema import SkipJsonSchema

from pytg.record.types import (
    Addresses,
    AddressText,
    Count,
    ExitCode,
    Moment,
    Number,
    OptionName,
    RunId,
    Word,
)

SCHEMA: Final = "urn:pytg:run:1"
Mode = Literal["composed", "per-unit"]
OptionValue = bool | int | float | str | tuple[str, ...]


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
IDLE = (Status.SKIPPED, Status.CANCELLED)
DONE = frozenset({Status.SUCCEEDED, Status.UNCHANGED})
BAD = frozenset(Status) - DONE - {*OPEN}


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


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that Terraform, or pytg, said, with the place where it was written."""

    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    file: str | None = None
    line: Number | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A `check` block that does not hold. `address` is inside the unit's module.

    `status` is `fail`, `error` where it could not be evaluated, or `unknown` before an apply.
    """

    address: str
    status: Literal["fail", "error", "unknown"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a unit ended in a run.

    `blocked_by` are the units that a skipped one needs and that went wrong; `unknown_resources`
    may exist and be in no state. `passing`: it failed on what comes and goes, and on which.
    `made` is how many of the planned changes were made.
    """

    status: Status
    reason: str = ""
    blocked_by: Addresses = ()
    unknown_resources: tuple[str, ...] = ()
    passing: str = ""
    made: int = 0


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """One unit in a run. `log` is relative to the run's directory.

    `besides` is what is planned beside `changes`, in words, such as `outputs change`. `made` is
    how many of `changes` an apply has made.
    """

    status: Status = Status.PENDING
    started_at: Moment | None = None
    finished_at: Moment | None = None
    reason: str = ""
    blocked_by: Addresses = ()
    attempts: Count = 0
    changes: Changes = field(default_factory=Changes)
    besides: str = ""
    made: Count = 0
    unknown_resources: tuple[str, ...] = ()
    log: str | None = None
    diagnostics: tuple[Finding, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """What was selected: by one canonical expression, and the units."""

    canonical: str
    units: Addresses


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked beside the units, so that it can be asked again.

    `options` are those that were not left as they are by default, by the names of their fields.
    `bundle` is the place of the reviewed plan that was applied, where it was one.
    """

    suffix: str | None = None
    options: Mapping[OptionName, OptionValue] = field(default_factory=dict)
    bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """The Terraform or OpenTofu that ran."""

    binary: Word
    version: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of a run: `.pytg/runs/<id>/run.json`.

    `asked` is None in records of a pytg before 0.2. `serials` are those of the states that the
    run read or wrote, as it last knew them; empty until it ends. `reason` is the error that ended
    it, such as a refusal.
    """

    # where the record lies is not a part of it
    directory: SkipJsonSchema[Annotated[Path, Field(exclude=True)]]
    schema: Literal["urn:pytg:run:1"] = SCHEMA
    pytg_version: Word
    run_id: RunId
    parent_run_id: RunId | None = None
    command: Word
    args: tuple[str, ...]
    asked: Asked | None = None
    selection: Selected
    terraform: Tool
    mode: Mode
    started_at: Moment
    finished_at: Moment | None = None
    result: Result
    exit_code: ExitCode | None = None
    reason: str = ""
    stages: tuple[Addresses, ...] = ()
    processes: Count = 0
    diagnostics: tuple[Finding, ...] = ()
    orphans: Addresses = ()
    serials: Mapping[AddressText, Count] = field(default_factory=dict)
    units: Mapping[AddressText, UnitRecord]

    @property
    def path(self) -> Path:
        return self.directory / "run.json"

    @property
    def changes(self) -> Changes:
        """The changes of all units together."""
        return sum((unit.changes for unit in self.units.values()), Changes())

    @property
    def made(self) -> int:
        """How many of `changes` an apply or destroy has made."""
        units = self.units.values()
        return sum(u.changes.total if u.status is Status.SUCCEEDED else u.made for u in units)


RUN = TypeAdapter(Run)
UNIT = TypeAdapter(UnitRecord)
