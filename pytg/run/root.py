"""A root module on disk, which one pytg has to itself: prepared, planned, applied, cleared.

A stage has one for all its units, in `.pytg/composed`; a unit has its own in `.pytg/units`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytg.compose.changes import Calls, UnitChanges, split_changes
from pytg.errors import PytgError, StalePlan
from pytg.generate.composed import init_key
from pytg.model import Address, Unit
from pytg.recovery.composed_directory import PLANS, clear, keep_log, remove_plans, reserved
from pytg.recovery.journal import STREAM, pending
from pytg.run.blame import Blame
from pytg.run.diagnosis import hear, tell
from pytg.run.execution import Execution
from pytg.run.plan_failure import PlanFailed, circular, unplannable
from pytg.run.progress import raw_events
from pytg.terraform.command import Command
from pytg.terraform.completed import Completed
from pytg.terraform.conditions import Condition
from pytg.terraform.event_stream import Diagnostic, Event
from pytg.terraform.installed import ended_for_want_of_init
from pytg.terraform.plan import Plan, show_plan
from pytg.terraform.process import Process, run
from pytg.terraform.workdir import init_again, prepare

PARALLELISM = 30


@dataclass(frozen=True, slots=True)
class Root:
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

    def prepare(self, files: Mapping[str, str]) -> None:
        """Write the files, and initialise where that is needed."""
        prepare(
            self.execution.binary,
            self.workdir,
            files,
            self.environment,
            init_key=init_key(files, self.workdir, self.execution.binary.flavour),
            logs=self.logs("init").parent,
            record=self.execution.processes,
            cancel=self.execution.cancel,
            kill=self.execution.kill,
        )

    def plan(self, **options: object) -> SavedPlan:
        """Plan into a file. Raises PlanFailed with Terraform's diagnostics."""
        self.plan_file.unlink(missing_ok=True)  # one that fails early would be judged by the last
        events: list[Event] = []
        common = {
            "json": True,
            "input": False,
            "detailed_exitcode": True,
            "out": self.plan_file.name,
            "destroy": self.execution.options.destroy or None,
        }
        command = Command("plan", common | options)
        completed = self._run(command, events.append)
        if ended_for_want_of_init(completed):
            self._init_again()
            events.clear()
            completed = self._run(command, events.append)
        said = hear(self.execution, self.blame, completed, self._planned_conditions)
        if not completed.ok:
            late = unplannable(completed, self.workdir, self.units)
            late = late or circular(completed, self.calls)
            raise PlanFailed(completed, self.calls, late, said)
        tell(self.execution, said)
        changes = split_changes(raw_events(events), self.calls)
        return SavedPlan(self, changes, _digest(self.plan_file))

    def apply(
        self,
        on_event: Callable[[Event], None],
        on_start: Callable[[Process], None] | None = None,
        *,
        hold: int | None = None,
        **options: object,
    ) -> Completed:
        """Apply the plan file; see `terraform.process.run`."""
        common: dict[str, object] = {"json": True, "input": False}
        command = Command("apply", common | options, (self.plan_file.name,))
        return self._run(command, on_event, on_start, hold)

    @property
    def blame(self) -> Blame:
        """Leads back what Terraform says here."""
        execution = self.execution
        root, written = execution.estate.root, execution.written
        return Blame(root, self.workdir, self.calls, self.units, written)

    def details(self) -> Plan:
        """The plan file in full: one more Terraform process."""
        execution = self.execution
        return show_plan(
            execution.binary.path,
            self.workdir,
            Path(self.plan_file.name),
            self.environment,
            record=execution.processes,
        )

    def _planned_conditions(self) -> Sequence[Condition]:
        """The results of all conditions: Terraform writes a plan that failed, too."""
        with contextlib.suppress(PytgError):
            return self.details().conditions if self.plan_file.exists() else ()
        return ()

    def _init_again(self) -> None:
        execution = self.execution
        init_again(
            execution.binary,
            self.workdir,
            self.environment,
            logs=self.logs("init").parent,
            record=execution.processes,
            cancel=execution.cancel,
            kill=execution.kill,
        )

    def _discard(self) -> None:
        if not self.composed:
            remove_plans(self.workdir)
        elif not pending(self.workdir):
            clear(self.workdir)

    @property
    def plan_file(self) -> Path:
        """Of this run alone: a Terraform that outlived its pytg may still be writing one there."""
        return self.workdir / PLANS.replace("*", self.execution.record.run.run_id)

    def log(self, what: str) -> Path:
        """The file that the events of the command `what` are written to."""
        return self.logs(what).with_suffix(".jsonl")

    def _run(
        self,
        command: Command,
        on_event: Callable[[Event], None],
        on_start: Callable[[Process], None] | None = None,
        hold: int | None = None,
    ) -> Completed:
        log = self.log(command.name)
        beside = self.composed and command.name == "apply"  # what a recovery needs
        completed = run(
            self.execution.binary.path,
            self.workdir,
            command,
            self.environment,
            self.workdir / STREAM if beside else log,
            log.with_suffix(".err"),
            record=self.execution.processes,
            hold=hold,
            on_event=on_event,
            on_start=on_start,
            cancel=self.execution.cancel,
            kill=self.execution.kill,
        )
        if beside:
            keep_log(self.workdir, log)
        return replace(completed, diagnostics=tuple(map(self._plain, completed.diagnostics)))

    def _plain(self, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic that names resources as people know them."""
        words = (diagnostic.summary, diagnostic.address, diagnostic.detail)
        summary, address, detail = map(self.calls.plain, words)
        return replace(diagnostic, summary=summary, address=address, detail=detail)


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan in the file of its root."""

    root: Root
    changes: Mapping[Address, UnitChanges]
    digest: str

    @property
    def touched(self) -> tuple[Unit, ...]:
        """The units whose state applying it writes.

        Terraform says "changes" also where it would only read: that is nothing to apply.
        """
        return tuple(unit for unit in self.root.units if self.changes[unit.address].changed)

    def require_same(self) -> None:
        """Raises StalePlan where the plan file is not the one that was shown."""
        plan = self.root.plan_file
        if not plan.exists() or _digest(plan) != self.digest:
            raise StalePlan(
                f"the plan in {plan.parent} is no longer the one that was shown",
                hint="another pytg planned there: plan again",
            )

    def details(self) -> Plan:
        """The plan in full: one more Terraform process."""
        return self.root.details()


def _digest(plan: Path) -> str:
    return hashlib.sha256(plan.read_bytes()).hexdigest()
