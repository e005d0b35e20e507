"""What happens in a run, as events: one JSON line each in `events.jsonl`, and to whoever shows it.

A line is `{"at": ..., "type": ..., <the event's fields>}`; `schemas/event.schema.json` holds it.
"""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pytg.model import Address
from pytg.record.run import Changes, Result, Status, changes_document, moment, timestamp
from pytg.record.writer import Clock, utc_now


@dataclass(frozen=True, slots=True)
class RunStarted:
    """`mode` is `composed` or `per-unit`."""

    run_id: str
    command: str
    mode: str
    units: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class StageStarted:
    """Stages count from 1."""

    stage: int
    units: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class StagePlanned:
    stage: int
    units: tuple[Address, ...]
    changes: Changes


@dataclass(frozen=True, slots=True)
class UnitStarted:
    unit: Address
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class UnitProgress:
    """`done` of `total` resources of the unit; `action` is what was done to `resource`."""

    unit: Address
    resource: str
    action: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class UnitFinished:
    unit: Address
    status: Status
    changes: Changes = field(default_factory=Changes)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`severity` is `error` or `warning`. `unit` is None when it concerns no single unit."""

    unit: Address | None
    severity: str
    summary: str
    detail: str = ""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class StateWritten:
    unit: Address
    serial: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """State that an interrupted run had left behind was written for these units."""

    units: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    result: Result
    exit_code: int


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
    values = {f.name: _plain(getattr(event, f.name)) for f in dataclasses.fields(event)}
    return {"at": timestamp(at), "type": _NAMES[type(event)], **values}


def read(path: Path) -> Iterator[tuple[datetime, Event]]:
    """The events of an `events.jsonl`. A last line that a dying process cut short is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                values = json.loads(line)
                at, cls = moment(values.pop("at")), TYPES[values.pop("type")]
                yield at, cls(**{name: _typed(name, value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, Changes):
        return changes_document(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    return _DECODE[name](value) if name in _DECODE else value


_DECODE: Mapping[str, Callable[[Any], Any]] = {
    "unit": Address.parse,
    "units": lambda units: tuple(Address.parse(unit) for unit in units),
    "changes": lambda changes: Changes(**changes),
    "status": Status,
    "result": Result,
}
