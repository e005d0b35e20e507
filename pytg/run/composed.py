"""One plan of a whole stage in one Terraform process, and the apply of exactly that plan."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from pytg.compose.changes import Calls, UnitChanges, split_changes
from pytg.compose.shape import Shape
from pytg.compose.stages import Stage
from pytg.compose.state import merge
from pytg.errors import Refused, StalePlan
from pytg.files import write_atomic
from pytg.generate.composed import init_key, render_composed
from pytg.model import Address, Unit
from pytg.run.adopt import Imports, importable, remembered, with_imports, without_missing
from pytg.run.execution import Execution
from pytg.run.journal import NAME, SNAPSHOT, STATE
from pytg.run.progress import raws
from pytg.run.sources import Sources, read_sources
from pytg.run.states import Held
from pytg.run.unplannable import PlanFailed, unplannable
from pytg.terraform.command import Command
from pytg.terraform.events import Event
from pytg.terraform.plan import Plan, show_plan
from pytg.terraform.process import run
from pytg.terraform.workdir import is_locked, locked, prepare

COMPOSED = Path(".pytg", "composed")
PLAN = "plan.tfplan"
PARALLELISM = 30


@dataclass(frozen=True, slots=True)
class Planned:
    """A composed plan, on disk in `workdir`. `read` are all states that it was made from."""

    stage: Stage
    changes: Mapping[Address, UnitChanges]
    workdir: Path
    environment: Mapping[str, str]
    shapes: Sequence[tuple[Unit, Shape]]
    read: Mapping[Address, Held]
    digest: str = ""

    @property
    def calls(self) -> Calls:
        """Which module call is which unit."""
        return Calls({shape.slug: unit.address for unit, shape in self.shapes})

    @property
    def touched(self) -> tuple[Unit, ...]:
        """The units whose state applying it writes."""
        return tuple(unit for unit, _ in self.shapes if self.changes[unit.address].changed)


class OnDisk(Protocol):
    """A plan file in a working directory, whichever kind of root it is of."""

    @property
    def workdir(self) -> Path:
        """Where it lies."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What Terraform is run with there."""
        ...


def composed_directory(execution: Execution, stage: Stage) -> Path:
    """The working directory of a stage: the same for the same units, so that init is kept."""
    names = "\n".join(sorted(str(address) for address in stage.units))
    key = hashlib.sha256(names.encode()).hexdigest()[:12]
    return execution.estate.root / COMPOSED / key


@contextlib.contextmanager
def only_here(workdir: Path, cancel: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
    """Keep other pytg processes on this machine out of `workdir`; waits for them, and says so."""
    workdir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = workdir / "stage.lock"
    if is_locked(lock):
        say(f"waiting: another pytg works on the same units in {workdir}")
    with locked(lock, cancel):
        yield


def plan_stage(execution: Execution, stage: Stage) -> Planned:
    """Plan a stage; its directory is private, for a plan holds secrets in clear.

    What a killed run may have left in no state is imported where it is found. Raises
    PlanFailed with Terraform's diagnostics, Refused where a unit outside the selection is read
    and was never applied.
    """
    sources = read_sources(execution, stage)
    planned = _plan_with(execution, stage, sources, {})
    adopted = {} if execution.options.destroy else _adoptable(execution, planned)
    if not adopted:
        return planned
    while adopted:
        try:
            return _plan_with(execution, stage, sources, adopted)
        except PlanFailed as error:
            fewer = without_missing(adopted, error.completed)
            if fewer is None:
                raise
            adopted = fewer
    return _plan_with(execution, stage, sources, {})


def details(execution: Execution, planned: OnDisk) -> Plan:
    """The plan in full: one more Terraform process."""
    return show_plan(
        execution.binary.path,
        planned.workdir,
        Path(PLAN),
        planned.environment,
        record=execution.processes,
    )


def _adoptable(execution: Execution, planned: Planned) -> Imports:
    in_flight = remembered(execution.estate.root)
    if not in_flight.keys() & set(planned.stage.units):
        return {}
    return importable(details(execution, planned), planned.calls, in_flight)


def _plan_with(execution: Execution, stage: Stage, sources: Sources, adopted: Imports) -> Planned:
    """Write the root module and the merged state, and plan."""
    workdir = composed_directory(execution, stage)
    if (workdir / NAME).exists():
        raise Refused(
            f"an unfinished apply lies in {workdir}",
            hint="run pytg again: it takes that up before anything else",
        )
    units = [with_imports(unit, adopted) for unit in sources.units]
    order = {u: frozenset(execution.order.predecessors(u)) for u in stage.units}
    composed = render_composed(
        execution.estate,
        units,
        sources.literals,
        workdir,
        order,
        types=sources.types,
        every_edge=execution.options.destroy,
    )
    environment = {**execution.environment(sources.units), **composed.environment}
    prepare(
        execution.binary,
        workdir,
        composed.files,
        environment,
        init_key=init_key(composed.files, workdir),
        logs=execution.directory,
        record=execution.processes,
        cancel=execution.cancel,
        kill=execution.kill,
    )
    shapes = [(unit, execution.shape(unit)) for unit in sources.units]
    inside = {unit.address for unit in sources.units}
    others = [u for u in execution.estate.units.values() if u.address not in inside]
    merged = merge(
        [(shape, sources.held[unit.address].state) for unit, shape in shapes]
        + [(execution.shape(unit), None) for unit in others]  # the graph goes on through them
    )
    for stale in (SNAPSHOT, PLAN):
        (workdir / stale).unlink(missing_ok=True)
    write_atomic(workdir / STATE, json.dumps(merged, indent=2).encode())
    planned = Planned(stage, {}, workdir, environment, shapes, sources.held)
    return _plan(execution, planned, refresh=not sources.missing)


def _plan(execution: Execution, planned: Planned, *, refresh: bool) -> Planned:
    options = execution.options
    events: list[Event] = []
    log = log_name(execution, planned.stage, "plan")
    completed = run(
        execution.binary.path,
        planned.workdir,
        Command(
            "plan",
            {
                "json": True,
                "input": False,
                "detailed_exitcode": True,
                "out": PLAN,
                "parallelism": options.parallelism or PARALLELISM,
                "destroy": options.destroy or None,
                # with a value gone that a variable needs, a refresh would fail on it
                "refresh": None if refresh else False,
            },
        ),
        planned.environment,
        execution.directory / f"{log}.jsonl",
        execution.directory / f"{log}.err",
        record=execution.processes,
        on_event=events.append,
        cancel=execution.cancel,
        kill=execution.kill,
    )
    if not completed.ok:
        units = [unit for unit, _ in planned.shapes]
        late = unplannable(completed, planned.workdir, units)
        raise PlanFailed(completed, planned.calls, late, workdir=planned.workdir, units=units)
    changes = split_changes(raws(events), planned.calls)
    return replace(planned, changes=changes, digest=digest_of(planned.workdir))


def digest_of(workdir: Path) -> str:
    """What says that a plan file is still the one that was shown."""
    return hashlib.sha256((workdir / PLAN).read_bytes()).hexdigest()


def refuse_another_plan(workdir: Path, digest: str) -> None:
    """Raises StalePlan where the plan file is not the one that was shown."""
    if not (workdir / PLAN).exists() or digest_of(workdir) != digest:
        raise StalePlan(
            f"the plan in {workdir} is no longer the one that was shown",
            hint="another pytg planned there: plan again",
        )


def log_name(execution: Execution, stage: Stage, what: str) -> str:
    """The name of a log of one stage, below the run's directory."""
    names = [str(a) for a in stage.units]
    number = next(
        (i for i, s in enumerate(execution.record.run.stages) if set(map(str, s)) == set(names)), 0
    )
    return f"{what}-{number + 1}"
