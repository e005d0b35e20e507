"""The other way: one Terraform process a unit, in the unit's own root with its own backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytg.compose.changes import Calls, UnitChanges, exceeds, split_changes
from pytg.errors import Refused
from pytg.generate.composed import init_key
from pytg.generate.unit import render_unit, unit_directory
from pytg.model import Address, Unit
from pytg.run.composed import PARALLELISM, PLAN, digest_of, refuse_another_plan
from pytg.run.data import Changes, Status
from pytg.run.events import UnitProgress
from pytg.run.execution import Execution
from pytg.run.guards import refuse_losing_stateful
from pytg.run.progress import Progress, raws
from pytg.run.unplannable import PlanFailed
from pytg.terraform.command import Command
from pytg.terraform.events import Event
from pytg.terraform.process import Completed, run
from pytg.terraform.workdir import prepare


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A plan file in a unit's own root."""

    unit: Unit
    workdir: Path
    environment: Mapping[str, str]
    changes: Mapping[Address, UnitChanges]
    changed: bool
    digest: str

    @property
    def calls(self) -> Calls:
        """The root's only module call."""
        return _calls(self.unit)


def plan_unit(execution: Execution, unit: Unit) -> UnitPlan:
    """Plan one unit in its own root. Raises PlanFailed."""
    workdir = unit_directory(execution.estate, unit)
    workdir.mkdir(mode=0o700, parents=True, exist_ok=True)  # a plan holds secrets in clear
    environment = execution.environment((unit,))
    files = render_unit(execution.estate, unit)
    prepare(
        execution.binary,
        workdir,
        files,
        environment,
        init_key=init_key(files, workdir),
        logs=_log(execution, unit, "init").parent,
        record=execution.processes,
        cancel=execution.cancel,
        kill=execution.kill,
    )
    events: list[Event] = []
    options = {
        "json": True,
        "input": False,
        "detailed_exitcode": True,
        "out": PLAN,
        "destroy": execution.options.destroy or None,
        "lock_timeout": f"{execution.options.lock_timeout_s:.0f}s",
    }
    completed = _terraform(execution, unit, "plan", Command("plan", options), events.append)
    if not completed.ok:
        raise PlanFailed(completed, _calls(unit), {}, workdir=workdir, units=[unit])
    changes = split_changes(raws(events), _calls(unit))
    return UnitPlan(unit, workdir, environment, changes, completed.changes, digest_of(workdir))


def apply_unit(execution: Execution, plan: UnitPlan) -> dict[str, Any]:
    """Apply exactly `plan`; returns the fields of the unit's record."""
    refuse_another_plan(plan.workdir, plan.digest)
    address = plan.unit.address
    progress = Progress(plan.calls, plan.changes)

    def on_event(event: Event) -> None:
        found = progress.feed(event)
        if found and event.type != "apply_start":
            done, total = progress.done.get(address, 0), progress.total.get(address, 0)
            execution.log.emit(UnitProgress(address, found[1], event.action, done, total))

    options = {
        "json": True,
        "input": False,
        "parallelism": PARALLELISM,
        "lock_timeout": f"{execution.options.lock_timeout_s:.0f}s",
    }
    command = Command("apply", options, (PLAN,))
    completed = _terraform(execution, plan.unit, "apply", command, on_event)
    (plan.workdir / PLAN).unlink(missing_ok=True)
    return progress.outcomes(completed, execution.needs)[address]


def run_unit(
    execution: Execution,
    unit: Unit,
    approved: Mapping[Address, UnitChanges] | None,
    found: dict[Address, UnitChanges],
) -> dict[str, Any]:
    """Plan one unit at its turn and apply that plan; returns the fields of its record.

    Its changes are put into `found`.
    `approved` is what a person saw of each unit; a plan that goes beyond it is refused, with
    the difference. None: nobody was asked (`--yes`).
    """
    plan = plan_unit(execution, unit)
    changes = plan.changes[unit.address]
    found[unit.address] = changes
    execution.record.update(unit.address, changes=Changes(**changes.counts))
    if not plan.changed:
        return {"status": Status.UNCHANGED}
    if approved is not None:
        beyond = exceeds(changes, approved.get(unit.address, UnitChanges(unit.address)))
        if beyond:
            raise Refused(
                f"the plan of {unit.address} goes beyond what was approved:\n"
                + "\n".join(f"    {change.action} {change.address}" for change in beyond),
                hint="run the command again to see and approve the new plan",
            )
    refuse_losing_stateful(execution.estate, [changes], execution.options.allow_loss)
    return apply_unit(execution, plan)


def _calls(unit: Unit) -> Calls:
    return Calls({unit.address.module: unit.address}, composed=False)


def _terraform(
    execution: Execution, unit: Unit, what: str, command: Command, on_event: Any
) -> Completed:
    log = _log(execution, unit, what).with_suffix(".jsonl")
    execution.record.update(unit.address, log=str(log.relative_to(execution.directory)))
    return run(
        execution.binary.path,
        unit_directory(execution.estate, unit),
        command,
        execution.environment((unit,)),
        log,
        log.with_suffix(".err"),
        record=execution.processes,
        on_event=on_event,
        cancel=execution.cancel,
        kill=execution.kill,
    )


def _log(execution: Execution, unit: Unit, what: str) -> Path:
    directory = execution.directory / "units" / str(unit.address)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory / what
