"""What happens in a run, as events: one JSON line each in `events.jsonl`, and to whoever shows it.

A line is `{"at": ..., "type": ..., <the fields of the event>}`. As with a run, the types of the
fields are its form, and are checked when it is read.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from pytg.record.run import Changes, Mode, Result, Status
from pytg.record.types import EXACT, Addresses, AddressText, Count, RunId, moment, timestamp
from pytg.record.writer import Clock, utc_now

Number = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True, config=EXACT)
class RunStarted:
    """`mode` is `composed` or `per-unit`."""

    run_id: RunId
    command: str
    mode: Mode
    units: Addresses


@dataclass(frozen=True, slots=True, config=EXACT)
class StageStarted:
    """Stages count from 1."""

    stage: Number
    units: Addresses


@dataclass(frozen=True, slots=True, config=EXACT)
class StagePlanned:
    stage: Number
    units: Addresses
    changes: Changes


@dataclass(frozen=True, slots=True, config=EXACT)
class UnitStarted:
    unit: AddressText
    attempt: Number = 1


@dataclass(frozen=True, slots=True, config=EXACT)
class UnitProgress:
    """`done` of `total` resources of the unit; `action` is what was done to `resource`."""

    unit: AddressText
    resource: str
    action: str
    done: Count
    total: Count


@dataclass(frozen=True, slots=True, config=EXACT)
class UnitFinished:
    unit: AddressText
    status: Status
    changes: Changes = Changes()
    reason: str = ""


@dataclass(frozen=True, slots=True, config=EXACT)
class Diagnostic:
    """`severity` is `error` or `warning`. `unit` is None when it concerns no single unit."""

    unit: AddressText | None
    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    file: str | None = None
    line: Number | None = None


@dataclass(frozen=True, slots=True, config=EXACT)
class StateWritten:
    unit: AddressText
    serial: Count


@dataclass(frozen=True, slots=True, config=EXACT)
class Recovered:
    """State that an interrupted run had left behind was written for these units."""

    units: Addresses


@dataclass(frozen=True, slots=True, config=EXACT)
class Note:
    text: str


@dataclass(frozen=True, slots=True, config=EXACT)
class RunFinished:
    result: Result
    exit_code: Annotated[int, Field(ge=0, le=255)]


Event = (
    RunStarted
    | StageStarted
    | StagePlanned
    | UnitStarted
    | UnitProgress
    | UnitFinished
    | Diagnostic
    | StateWritten
    | Recovered
    | Note
    | RunFinished
)
Subscriber = Callable[[datetime, Event], None]

# run_started -> RunStarted
TYPES: Mapping[str, type[Event]] = {
    re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower(): cls for cls in Event.__args__
}
_NAMES = {cls: name for name, cls in TYPES.items()}
ADAPTERS: Mapping[type[Event], TypeAdapter[Any]] = {cls: TypeAdapter(cls) for cls in _NAMES}


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

    def subscribe(self, subscriber: Subscriber) -> None:
        with self._mutex:
            self._subscribers.append(subscriber)

    def emit(self, event: Event) -> None:
        """Write `event` with the time of now, then hand it to the subscribers."""
        with self._mutex:
            at = self._clock()
            self._file.write(f"{json.dumps(document(at, event))}\n".encode())
            failed = []
            for subscriber in tuple(self._subscribers):
                try:
                    subscriber(at, event)
                except Exception as error:  # noqa: BLE001 - a display never stops a run
                    self._subscribers.remove(subscriber)
                    failed.append(Note(f"a display failed and is off: {error!r}"))
            for note in failed:
                self.emit(note)


def document(at: datetime, event: Event) -> dict[str, Any]:
    """The event as its line in `events.jsonl` has it."""
    cls = type(event)
    return {
        "at": timestamp(at),
        "type": _NAMES[cls],
        **ADAPTERS[cls].dump_python(event, mode="json"),
    }


def read(path: Path) -> Iterator[tuple[datetime, Event]]:
    """The events of an `events.jsonl`. A last line that a dying process cut short is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                values = json.loads(line)
                at, cls = moment(values.pop("at")), TYPES[values.pop("type")]
                yield at, ADAPTERS[cls].validate_python(values)
