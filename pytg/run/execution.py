"""One execution of plan, apply or destroy over a selection: what all its steps share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import networkx as nx

from pytg.compose.changes import Calls, UnitChanges
from pytg.compose.shape import Shape, shape_of
from pytg.compose.stage import Stage
from pytg.errors import Refused
from pytg.graph.selection import Selection
from pytg.model import Address, Estate, Unit
from pytg.record.run import Changes, Finding, Outcome, Status
from pytg.record.run_events import EventLog, Note, UnitFinished, UnitStarted
from pytg.record.runs import CHANGING, kind, looks_outside
from pytg.record.writer import RunRecord
from pytg.run.generated import Written
from pytg.run.options import Options
from pytg.state.state_reader import StateReader, UnitState
from pytg.terraform.binary import Binary
from pytg.terraform.plan import Plan


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked. With `typed`, that text is the only yes: `y` is typed too soon."""

    text: str
    typed: str = ""


def refuse_nobody(typed: str = "", what: str = "the plan") -> None:
    """Nobody can be asked about `what`. Raises Refused; `typed` is what would have to be typed."""
    how = f", by typing {typed}, which is protected" if typed else ""
    raise Refused(
        f"nobody is there to approve {what}{how}",
        hint="pass --yes to approve it, or run the command in a terminal",
    )


Show = Callable[[Stage, Mapping[Address, UnitChanges], Calls, Callable[[], Plan]], None]


def show_nothing(*_: object) -> None:
    """For a run that nobody watches."""


@dataclass(frozen=True, slots=True)
class Execution:
    """`graph` is the whole estate's, `order` that of the selection, contracted.

    `environment(units)` is the environment of a Terraform process for these units. `show` is
    told each plan before it is applied; `confirm` asks. `overwritten` says what a
    resource of a type would overwrite in a bucket. `written` is where a value of a unit stands in
    the configuration; `passing` are units that failed on what comes and goes, with what it was;
    `told` is what was said of units, and is not said again. `serials` are those of the states as
    this run last read or wrote them. `later` are units that a reviewed plan leaves to the next one.
    `reviewed`: what is applied was approved before, as a bundle. `attended` says whether somebody
    is there who can answer.
    """

    estate: Estate
    graph: nx.DiGraph[Address]
    order: nx.DiGraph[Address]
    selection: Selection
    options: Options
    states: StateReader
    binary: Binary
    environment: Callable[[tuple[Unit, ...]], Mapping[str, str]]
    record: RunRecord
    log: EventLog
    cancel: threading.Event
    kill: threading.Event
    show: Show
    confirm: Callable[[Question], bool]
    overwritten: Callable[[Unit, str, str], str | None]
    written: Written = lambda _unit, _path: None
    passing: dict[Address, str] = field(default_factory=dict)
    told: set[tuple[Address | None, Finding]] = field(default_factory=set)
    serials: dict[Address, int] = field(default_factory=dict)
    later: set[Address] = field(default_factory=set)
    reviewed: bool = False
    attended: Callable[[], bool] = lambda: True

    def units(self, stage: Stage) -> tuple[Unit, ...]:
        """The units of `stage`, in its order."""
        return tuple(self.estate.units[address] for address in stage.units)

    def shape(self, unit: Unit) -> Shape:
        """The names of `unit` in both kinds of root."""
        upstream = frozenset(a.slug for a in self.graph.predecessors(unit.address))
        return shape_of(self.estate, unit, upstream)

    def begin(self, unit: Address, *, among_many: bool = False) -> None:
        """A unit starts; `among_many` may start at about the same time."""
        self.record.begin(unit, soon=among_many)
        self.log.emit(UnitStarted(unit, self.record.run.units[unit].attempts))

    def end(self, outcomes: Mapping[Address, Outcome]) -> None:
        """Units are done."""
        if not outcomes:
            return
        self.record.end(outcomes)
        self.passing.update({u: each.passing for u, each in outcomes.items() if each.passing})
        for unit, outcome in outcomes.items():
            planned = self.record.run.units[unit]
            self.log.emit(
                UnitFinished(unit, outcome.status, planned.changes, outcome.reason, planned.besides)
            )

    def planned(self, found: Mapping[Address, UnitChanges]) -> None:
        """Record what is planned for units, on top of what this run has applied to them."""
        units = self.record.run.units
        applied = {u: units[u].changes for u in found if self.status(u) is Status.SUCCEEDED}
        self.record.planned(
            {u: applied.get(u, Changes()) + Changes(**each.counts) for u, each in found.items()},
            {unit: each.besides for unit, each in found.items()},
        )

    def status(self, unit: Address) -> Status:
        """Where the unit stands now."""
        return self.record.run.units[unit].status

    def knows(self, read: Mapping[Address, UnitState]) -> None:
        """Remember which states a plan was made from."""
        self.serials.update({unit: held.serial for unit, held in read.items()})

    def note(self, text: str) -> None:
        """Tell whoever follows the run."""
        self.log.emit(Note(text))

    @property
    def tries_again(self) -> bool:
        """Whether units are planned and applied once more that failed on what comes and goes.

        Not with a reviewed plan: their states have moved, and nobody has seen another plan.
        """
        return not (self.reviewed or self.options.fail_fast or self.cancel.is_set())

    @property
    def only_plans(self) -> bool:
        """Whether nothing is applied after the plan."""
        return kind(self.record.run) not in CHANGING

    @property
    def drift(self) -> bool:
        """Whether the run only looks for what changed outside of Terraform."""
        return looks_outside(self.record.run)

    @property
    def needs(self) -> nx.DiGraph[Address]:
        """What must be done before what: `order`; in a destroy, its reverse."""
        return self.order.reverse(copy=False) if self.options.destroy else self.order

    @property
    def directory(self) -> Path:
        """The run's own directory, with its record and its logs."""
        return self.record.run.directory

    @property
    def processes(self) -> Path:
        """The file that counts the Terraform processes of this run."""
        return self.directory / "processes.jsonl"
