"""A root module on disk, which one pytg has to itself: prepared, planned, applied, cleared.

A stage has one for all its units, in `.pytg/composed`; a unit has its own in `.pytg/units`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytg import exact_json
from pytg.compose.changes import UnitChanges, split_changes
from pytg.errors import PytgError, StalePlan
from pytg.model import Address, Unit
from pytg.run.diagnosis import hear, tell
from pytg.run.drift import has_drift, outside
from pytg.run.plan_failure import PlanFailed, circular, unplannable
from pytg.run.progress import raw_events
from pytg.run.root_directory import RootDirectory
from pytg.terraform.command import Command
from pytg.terraform.completed import Completed
from pytg.terraform.conditions import Condition
from pytg.terraform.event_stream import Event
from pytg.terraform.installed import ended_for_want_of_init
from pytg.terraform.plan import Plan, read_plan, show_json
from pytg.terraform.process import Process

PARALLELISM = 30


class Root(RootDirectory):
    """Where its units are planned and applied."""

    __slots__ = ()

    def plan(self, **options: object) -> SavedPlan:
        """Plan into a file. Raises PlanFailed with Terraform's diagnostics.

        What fails on errors that come and go is planned once more.
        """
        tried = 0
        while True:
            tried += 1
            try:
                return self._plan(**options)
            except PlanFailed as error:
                said = [str(one) for one in error.errors] or [error.message]
                if error.late or not self.again("plan", tried, said):
                    raise

    def _plan(self, **options: object) -> SavedPlan:
        self.plan_file.unlink(missing_ok=True)  # one that fails early would be judged by the last
        events: list[Event] = []
        common = {
            "json": True,
            "input": False,
            "detailed_exitcode": True,
            "out": self.plan_file.name,
            "destroy": self.execution.options.destroy or None,
            "refresh_only": self.execution.drift or None,
        }
        command = Command("plan", common | options)
        completed = self.run(command, events.append)
        if ended_for_want_of_init(completed):
            self.init_again()
            events.clear()
            completed = self.run(command, events.append)
        said = hear(self.execution, self.blame, completed, self._planned_conditions)
        if not completed.ok:
            late = unplannable(completed, self.workdir, self.units)
            late = late or circular(completed, self.calls)
            raise PlanFailed(completed, self.calls, late, said)
        tell(self.execution, said)
        digest = _digest(self.plan_file)
        if self.execution.drift:
            seen = self.details() if has_drift(events) else Plan((), ())
            return SavedPlan(self, outside(seen, self.calls), digest, seen=seen)
        return SavedPlan(self, split_changes(raw_events(events), self.calls), digest)

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
        return self.run(command, on_event, on_start, hold)

    def details(self) -> Plan:
        """The plan file in full: one more Terraform process."""
        return read_plan(exact_json.loads(self.document()))

    def document(self) -> str:
        """The same as JSON, as Terraform writes it: sensitive values are in clear."""
        execution = self.execution
        return show_json(
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


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan in the file of its root; `seen` is what `details` has read already."""

    root: Root
    changes: Mapping[Address, UnitChanges]
    digest: str
    seen: Plan | None = field(default=None, kw_only=True, repr=False)

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
        return self.seen or self.root.details()


def _digest(plan: Path) -> str:
    return hashlib.sha256(plan.read_bytes()).hexdigest()
