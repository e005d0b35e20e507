"""Progress as plain lines: for logs, for CI, and wherever no live display is wanted."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TextIO

from pytg.model import Address
from pytg.record.run import Changes, Status
from pytg.record.run_events import (
    Diagnosed,
    Event,
    Note,
    Recovered,
    RunFinished,
    RunStarted,
    StagePlanned,
    StageStarted,
    StateWritten,
    UnitFinished,
    UnitProgress,
    UnitStarted,
)
from pytg.record.words import counted, ended_as
from pytg.record.writer import Clock, utc_now
from pytg.report.table import Style, printable

KEEP_ALIVE = 15.0  # seconds
APART = timedelta(seconds=1)
STATUS_COLOURS = {
    Status.SUCCEEDED: "green",
    Status.UNCHANGED: "dim",
    Status.FAILED: "red",
    Status.UNKNOWN: "red",
    Status.SKIPPED: "yellow",
    Status.CANCELLED: "yellow",
}


def changed(changes: Changes) -> str:
    """Such as `3 create, 1 delete`; `no changes` where there are none."""
    counts = {
        "create": changes.create,
        "update": changes.update,
        "replace": changes.replace,
        "delete": changes.delete,
    }
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "no changes"


def seconds(end: datetime, start: datetime) -> str:
    """The time between, such as `8s`, `2m05s` or `1h00m`."""
    minutes, rest = divmod(int((end - start).total_seconds()), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes_left:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


class PlainReport:
    """A subscriber of `EventLog` that writes to `stream`, a line an event.

    Of a unit's resources it names the last, and of the others at most one a second; all of them
    are in `events.jsonl`. Why a unit failed is said once, in full, where Terraform says it.

    Used as a context manager it also says of what runs, every 15 seconds in which nothing is
    heard of it, that it still does; of a unit whose changes are all made only the run is left
    to speak of. Times of day are UTC, as in the record.
    """

    def __init__(
        self, stream: TextIO, *, style: Style | None = None, clock: Clock = utc_now
    ) -> None:
        self._stream = stream
        self._style = style or Style.of(stream)
        self._clock = clock
        self._mutex = threading.Lock()
        self._column = 0
        self._command = ""
        # None is the run as a whole
        self._started: dict[Address | None, datetime] = {}
        self._heard: dict[Address | None, datetime] = {}
        self._applied: set[Address] = set()  # all that was planned for them
        self._told: set[Address] = set()  # why they failed was said
        self._asking = False
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._tick_on, name="plain-report", daemon=True)

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closed.set()
        self._ticker.join()

    def __call__(self, at: datetime, event: Event) -> None:
        with self._mutex:
            if isinstance(event, RunStarted):
                self._started[None] = at
                self._command = event.command
                self._column = max((len(str(unit)) for unit in event.units), default=0)
            elif isinstance(event, UnitStarted):
                self._started[event.unit] = at
                self._applied.discard(event.unit)
                self._told.discard(event.unit)
            elif isinstance(event, Diagnosed) and event.unit and event.severity == "error":
                self._told.add(event.unit)
            elif isinstance(event, UnitProgress) and event.done >= event.total:
                self._applied.add(event.unit)
            elif isinstance(event, UnitProgress) and self._just_heard_of(event.unit, at):
                return
            text, colour = TEXTS[type(event)](event)
            if isinstance(event, UnitFinished):
                text = ended_as(event.status, self._command)
            unit = getattr(event, "unit", None)
            if isinstance(event, UnitFinished | RunFinished) and unit in self._started:
                text = f"{text} after {seconds(at, self._started.pop(unit))}"
            if isinstance(event, UnitFinished) and not self._was_told(event):
                text = f"{text}{_why(event)}"
            if text:
                self._line(at, unit, text, colour)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a question stands nothing ticks; what runs counts as heard of at its end."""
        with self._mutex:
            self._asking = True
        try:
            yield
        finally:
            with self._mutex:
                self._heard = dict.fromkeys(self._heard, self._clock())
                self._asking = False

    def tick(self) -> None:
        """Say of everything that has been silent for long that it still runs."""
        with self._mutex:
            if self._asking:
                return
            now = self._clock()
            units = sorted({unit for unit in self._started if unit} - self._applied)
            for unit in units or {None} & set(self._started):
                if (now - self._heard[unit]).total_seconds() >= KEEP_ALIVE:
                    text = f"still running after {seconds(now, self._started[unit])}"
                    self._line(now, unit, text, "dim")

    def _was_told(self, event: UnitFinished) -> bool:
        """Whether the lines above say why the unit failed."""
        return event.status is Status.FAILED and event.unit in self._told

    def _just_heard_of(self, unit: Address, at: datetime) -> bool:
        return unit in self._heard and at - self._heard[unit] < APART

    def _tick_on(self) -> None:
        with suppress(OSError):  # the reader of the stream may be gone
            while not self._closed.wait(1):
                self.tick()

    def _line(self, at: datetime, unit: Address | None, text: str, colour: str) -> None:
        for heard in {unit, None} & set(self._started):
            self._heard[heard] = at
        time = self._style.paint(f"{at.astimezone(UTC):%H:%M:%S}", "dim")
        name = f"{unit!s:<{self._column}}  " if unit else ""
        painted = self._style.paint(printable(text), *([colour] if colour else []))
        self._stream.write(f"{time} {name}{painted}\n")
        self._stream.flush()


def _why(event: UnitFinished) -> str:
    if event.reason:
        return f": {event.reason.splitlines()[0]}"
    if event.changes.total:
        return f": {changed(event.changes)}"
    return f": {event.besides}" if event.besides else ""


def _diagnostic(event: Diagnosed) -> tuple[str, str]:
    where = f" ({event.file}:{event.line})" if event.file else ""
    detail = textwrap.indent(event.detail.strip(), "    ")
    text = f"{event.severity}: {event.summary}{where}" + (f"\n{detail}" if detail else "")
    return text, "red" if event.severity == "error" else "yellow"


# an event's text and colour; no text: nothing to show
TEXTS: Mapping[type[Event], Callable[[Any], tuple[str, str]]] = {
    RunStarted: lambda e: (f"run {e.run_id}: {e.command}, {_units(e.units)}, {e.mode}", "bold"),
    StageStarted: lambda e: (f"stage {e.stage}: {_units(e.units)}", ""),
    StagePlanned: lambda e: (f"stage {e.stage} planned: {e.besides or changed(e.changes)}", ""),
    UnitStarted: lambda e: (f"starts, attempt {e.attempt}" if e.attempt > 1 else "starts", ""),
    UnitProgress: lambda e: (f"{e.action} {e.done}/{e.total} {e.resource}", ""),
    UnitFinished: lambda e: (str(e.status), STATUS_COLOURS[e.status]),
    Diagnosed: _diagnostic,
    StateWritten: lambda _: ("", ""),
    Recovered: lambda e: (f"recovered the state of {', '.join(map(str, e.units))}", "yellow"),
    Note: lambda e: (e.text, ""),
    RunFinished: lambda e: (f"run {e.result}", "bold"),
}


def _units(units: Sequence[Address]) -> str:
    return counted(len(units), "unit")
