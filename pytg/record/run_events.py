"""What happens in a run, as events: one JSON line each in `events.jsonl`, and to whoever shows it.

A line is `{"at": ..., "type": ..., <the fields of the event>}`. As with a run, the types of the
fields are its form, and are checked when it is read.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, WithJsonSchema
from pydantic_core import from_json

from pytg.errors import Refused
from pytg.record.run import OPEN, Changes, Mode, Result, Status
from pytg.record.types import (
    Addresses,
    AddressText,
    Count,
    ExitCode,
    Number,
    RunId,
    moment,
    problem,
    timestamp,
)
from pytg.record.writer import Clock, utc_now


def _final_status(status: Status) -> Status:
    if status in OPEN:
        raise ValueError(f"a unit that is {status} has not finished")
    return status


def _final_result(result: Result) -> Result:
    if result is Result.RUNNING:
        raise ValueError("a run that is running has not finished")
    return result


FinalStatus = Annotated[
    Status,
    AfterValidator(_final_status),
    WithJsonSchema({"enum": [str(status) for status in Status if status not in OPEN]}),
]
FinalResult = Annotated[
    Result,
    AfterValidator(_final_result),
    WithJsonSchema({"enum": [str(result) for result in Result if result is not Result.RUNNING]}),
]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """`mode` is `composed` or `per-unit`."""

    type: Literal["run_started"] = field(default="run_started", kw_only=True, repr=False)
    run_id: RunId
    command: str
    mode: Mode
    units: Addresses


@dataclass(frozen=True, slots=True)
class StageStarted:
    """Stages count from 1."""

    type: Literal["stage_started"] = field(default="stage_started", kw_only=True, repr=False)
    stage: Number
    units: Addresses


@dataclass(frozen=True, slots=True)
class StagePlanned:
    """`besides`: where no resource changes, what else does, and in which units."""

    type: Literal["stage_planned"] = field(default="stage_planned", kw_only=True, repr=False)
    stage: Number
    units: Addresses
    changes: Changes
    besides: str = ""


@dataclass(frozen=True, slots=True)
class UnitStarted:
    type: Literal["unit_started"] = field(default="unit_started", kw_only=True, repr=False)
    unit: AddressText
    attempt: Number = 1


@dataclass(frozen=True, slots=True)
class UnitProgress:
    """`done` of `total` changes of the unit; `action` is what was done to `resource`.

    A resource that is replaced is one change, done with the second of its two actions.
    """

    type: Literal["unit_progress"] = field(default="unit_progress", kw_only=True, repr=False)
    unit: AddressText
    resource: str
    action: str
    done: Count
    total: Count


@dataclass(frozen=True, slots=True)
class UnitFinished:
    type: Literal["unit_finished"] = field(default="unit_finished", kw_only=True, repr=False)
    unit: AddressText
    status: FinalStatus
    changes: Changes = field(default_factory=Changes)
    reason: str = ""
    besides: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """`severity` is `error` or `warning`. `unit` is None when it concerns no single unit."""

    type: Literal["diagnostic"] = field(default="diagnostic", kw_only=True, repr=False)
    unit: AddressText | None
    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    file: str | None = None
    line: Number | None = None


@dataclass(frozen=True, slots=True)
class StateWritten:
    type: Literal["state_written"] = field(default="state_written", kw_only=True, repr=False)
    unit: AddressText
    serial: Count


@dataclass(frozen=True, slots=True)
class Recovered:
    """State that an interrupted run had left behind was written for these units."""

    type: Literal["recovered"] = field(default="recovered", kw_only=True, repr=False)
    units: Addresses


@dataclass(frozen=True, slots=True)
class Note:
    type: Literal["note"] = field(default="note", kw_only=True, repr=False)
    text: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    type: Literal["run_finished"] = field(default="run_finished", kw_only=True, repr=False)
    result: FinalResult
    exit_code: ExitCode


Event = (
    RunStarted
    | StageStarted
    | StagePlanned
    | UnitStarted
    | UnitProgress
    | UnitFinished
    | Diagnosed
    | StateWritten
    | Recovered
    | Note
    | RunFinished
)
Subscriber = Callable[[datetime, Event], None]

EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


class EventLog:
    """Append events to `events.jsonl` in a run's directory and pass them on. Safe from threads.

    Subscribers are called one at a time, in the order of the file, in the thread that emits. One
    that raises is not called again, and the log says so: a display never stops a run.
    """

    def __init__(self, directory: Path, *subscribers: Subscriber, clock: Clock = utc_now) -> None:
        self._file = (directory / "events.jsonl").open("ab", buffering=0)
        self._subscribers = list(subscribers)
        self._clock = clock
        self._mutex = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        with self._mutex:
            self._file.close()

    def emit(self, event: Event) -> None:
        """Write `event` with the time of now, then hand it to the subscribers.

        Raises OSError where it cannot be written whole; then nothing of it is.
        """
        with self._mutex:
            at = self._clock()
            self._append(f"{line(at, event)}\n".encode())
            failed = []
            for subscriber in tuple(self._subscribers):
                try:
                    subscriber(at, event)
                except Exception as error:  # noqa: BLE001 - a display never stops a run
                    self._subscribers.remove(subscriber)
                    failed.append(Note(f"a display failed and is off: {error!r}"))
            for note in failed:
                self.emit(note)

    def _append(self, data: bytes) -> None:
        """Write a line whole, or nothing of it: what a full disk has room for would be half one."""
        before = os.fstat(self._file.fileno()).st_size
        if self._file.write(data) != len(data):
            os.ftruncate(self._file.fileno(), before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)


def line(at: datetime, event: Event) -> str:
    """The event as `events.jsonl` has it."""
    fields = EVENT.dump_python(event, mode="json")
    return json.dumps({"at": timestamp(at), "type": event.type, **fields})


def read(path: Path) -> Iterator[tuple[datetime, Event]]:
    """The events of an `events.jsonl`. A last line that a dying process cut short is left out.

    Raises OSError, and Refused at a line that is no event.
    """
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if text.endswith(b"\n"):
                yield _parse(path, number, text)


def _parse(path: Path, number: int, text: bytes) -> tuple[datetime, Event]:
    try:
        values = from_json(text)
        return moment(values["at"]), EVENT.validate_python(values)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{path}:{number}: not an event of a run: {problem(error)}",
            hint="a newer version of pytg may have written it; else the file is damaged",
        ) from error
