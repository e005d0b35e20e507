"""A root module on disk, which one pytg has to itself: reserved, prepared, and run Terraform in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytg.compose.changes import Calls
from pytg.errors import Refused
from pytg.files import close_to_others
from pytg.generate.composed import init_key
from pytg.generate.unit import local_states
from pytg.model import Unit
from pytg.record.words import named
from pytg.recovery.composed_directory import (
    DOCUMENTS,
    PLANS,
    clear,
    keep_log,
    remove_plans,
    reserved,
)
from pytg.recovery.hide import has_words
from pytg.recovery.journal import STREAM, pending
from pytg.recovery.printed_state import take_out_state
from pytg.run.blame import Blame
from pytg.run.execution import Execution
from pytg.run.hidden import Hidden
from pytg.run.passing import transient_of, wait_to_try_again
from pytg.run.plan_failure import PlanFailed
from pytg.terraform.command import Command
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Diagnostic, Event
from pytg.terraform.process import Process, run
from pytg.terraform.workdir import InitFailed, init_again, prepare


class LogUnwritten(OSError):
    """What Terraform told could not be kept as it should, and Terraform has ended: `completed`."""

    def __init__(self, error: OSError, completed: Completed) -> None:
        super().__init__(error.errno, error.strerror, error.filename)
        self.completed = completed


@dataclass(frozen=True, slots=True)
class RootDirectory:
    """`calls` says which module call is which of `units`; logs begin with `logs`, as a path."""

    execution: Execution
    workdir: Path
    units: tuple[Unit, ...]
    calls: Calls
    environment: Mapping[str, str]
    logs: Callable[[str], Path]
    composed: bool

    @contextlib.contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep other pytg processes out, from the plan to the end of its apply.

        At the end the plan is removed; what a journal guards stays.
        """
        execution = self.execution
        with reserved(
            self.workdir,
            execution.cancel,
            execution.note,
            run_id=execution.record.run.run_id,
            timeout_s=execution.options.lock_timeout,
        ):
            remove_plans(self.workdir)  # of runs that died
            try:
                yield
            finally:
                self._discard()

    def prepare(self, files: Mapping[str, str], **init: object) -> None:
        """Write the files, and initialise where that is needed, with the options `init`.

        More than once if it must be. See `_init_led_back`.
        """
        tried = 0
        while True:
            tried += 1
            try:
                return self._prepare(files, init)
            except Refused as error:
                if not self.again("init", tried, [error.message]):
                    raise

    def again(self, what: str, tried: int, errors: Sequence[str]) -> bool:
        why = transient_of(self.execution).among(errors)
        units = named([unit.address for unit in self.units])
        return wait_to_try_again(self.execution, f"{what} of {units}", tried, why)

    def _prepare(self, files: Mapping[str, str], init: Mapping[str, object]) -> None:
        with self._init_led_back():
            prepare(
                self.execution.binary,
                self.workdir,
                files,
                self.environment,
                init_key=init_key(files, self.workdir, self.execution.binary.flavour),
                logs=self.logs("init").parent,
                options=init,
                record=self.execution.processes,
                cancel=self.execution.cancel,
                kill=self.execution.kill,
                lock_timeout=self.execution.options.lock_timeout,
            )

    @property
    def blame(self) -> Blame:
        """Leads back what Terraform says here."""
        execution = self.execution
        root, written = execution.estate.root, execution.written
        return Blame(root, self.workdir, self.calls, self.units, written)

    def init_again(self) -> None:
        execution = self.execution
        with self._init_led_back():
            init_again(
                execution.binary,
                self.workdir,
                self.environment,
                logs=self.logs("init").parent,
                record=execution.processes,
                cancel=execution.cancel,
                kill=execution.kill,
            )

    @contextlib.contextmanager
    def _init_led_back(self) -> Iterator[None]:
        """Raise PlanFailed where init fails for what is in a unit's module, else InitFailed."""
        try:
            yield
        except InitFailed as error:
            said = self.blame.of(error.completed.diagnostics)
            wrong = [one for one in said if one.diagnostic.severity == "error" and one.file]
            if not any(one.units for one in wrong):
                raise
            raise PlanFailed(error.completed, self.calls, {}, said) from error

    def _discard(self) -> None:
        if not self.composed:
            remove_plans(self.workdir)
        elif not pending(self.workdir):
            clear(self.workdir)

    def close_to_others(self) -> None:
        """What Terraform writes here, or as a state in the project, is readable to everybody."""
        alone = () if self.composed else self.units
        files = (file for unit in alone for file in local_states(self.execution.estate, unit))
        close_to_others(self.workdir, *files)

    @property
    def plan_file(self) -> Path:
        """Of this run alone: a Terraform that outlived its pytg may still be writing one there."""
        return self._file(PLANS)

    @property
    def document_file(self) -> Path:
        """Where `document` stands while a program reads it from a file."""
        return self._file(DOCUMENTS)

    def _file(self, pattern: str) -> Path:
        return self.workdir / pattern.replace("*", self.execution.record.run.run_id)

    def log(self, what: str) -> Path:
        """The file that the events of the command `what` are written to."""
        return self.logs(what).with_suffix(".jsonl")

    def run(
        self,
        command: Command,
        on_event: Callable[[Event], None],
        on_start: Callable[[Process], None] | None = None,
        hold: int | None = None,
    ) -> Completed:
        """Run Terraform here to its end; see `terraform.process.run`.

        Raises LogUnwritten, as on a full disk, once it has ended.
        """
        self.close_to_others()
        log = self.log(command.name)
        hidden = Hidden(self.execution, self.workdir, self.units)
        beside = self.composed and command.name == "apply"  # what a recovery needs
        stream = self.workdir / STREAM if beside else log
        completed = run(
            self.execution.binary.path,
            self.workdir,
            command,
            self.environment,
            stream,
            log.with_suffix(".err"),
            record=self.execution.processes,
            hold=hold,
            on_event=lambda event: on_event(hidden.event(event)),
            on_start=on_start,
            cancel=self.execution.cancel,
            kill=self.execution.kill,
        )
        self.close_to_others()
        said = map(self._plain, map(hidden.diagnostic, completed.diagnostics))
        told = replace(completed, diagnostics=tuple(said))
        try:
            if completed.strays:
                take_out_state(stream, self.workdir)
            if completed.diagnostics or has_words(stream):
                hidden.log(stream)
        except OSError as error:
            raise LogUnwritten(error, told) from error
        if beside:
            keep_log(self.workdir, log)
        return told

    def _plain(self, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic that names resources as people know them."""
        words = (diagnostic.summary, diagnostic.address, diagnostic.detail)
        summary, address, detail = map(self.calls.plain, words)
        return replace(diagnostic, summary=summary, address=address, detail=detail)
