"""Follows the Terraform of a composed apply: what it tells is kept in memory before all else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytg.model import Address
from pytg.record.run import Status
from pytg.record.run_events import UnitProgress
from pytg.recovery.in_flight import Begun
from pytg.recovery.journal import Journal
from pytg.recovery.reserve import Reserve
from pytg.run.execution import Execution
from pytg.run.progress import Progress
from pytg.terraform.event_stream import Event
from pytg.terraform.process import Process


class Follower:
    """Takes in the events of an apply.

    What cannot be written, as on a full disk, is tried again with the room that was kept for it.
    Where that does not do either, Terraform has to end, and the error is in `failed`.
    """

    def __init__(
        self,
        execution: Execution,
        progress: Progress,
        journal: Journal,
        workdir: Path,
        reserve: Reserve,
    ) -> None:
        self.begun = Begun()
        self.failed: list[OSError] = []
        self._execution = execution
        self._progress = progress
        self._journal = journal
        self._workdir = workdir
        self._reserve = reserve
        self._process: Process | None = None

    def started(self, process: Process) -> None:
        """Note which process it is."""
        self._process = process
        self._write(lambda: self._journal.started(self._workdir, process.pid))

    def feed(self, event: Event) -> None:
        """Take in an event; never raises OSError."""
        self.begun.feed(event)
        found = self._progress.feed(event)
        if found:
            self._write(lambda: self._report(found, event))
        if self._execution.options.fail_fast and self._progress.failed:
            self._interrupt()

    def _write(self, write: Callable[[], object]) -> None:
        try:
            try:
                write()
            except OSError:
                self._reserve.free()
                write()
        except OSError as error:
            self.failed.append(error)
            self._interrupt()

    def _interrupt(self) -> None:
        if self._process is not None:
            self._process.interrupt()

    def _report(self, found: tuple[Address, str], event: Event) -> None:
        unit, resource = found
        execution, progress = self._execution, self._progress
        if event.type == "apply_start":
            if execution.status(unit) is Status.PENDING:
                execution.begin(unit, among_many=True)
            return
        done, total = progress.done.get(unit, 0), progress.total.get(unit, 0)
        execution.log.emit(UnitProgress(unit, resource, event.action, done, total))
