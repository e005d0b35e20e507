"""A few units made of objects, their states in memory, and a `terraform` that does as it is told.

What a test changes is the world; what it looks at is what the run returns and records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from run_words import RESOURCE, at, stage, state_of

from pytg.generate.aws import STATES
from pytg.generate.fingerprint import Fingerprints
from pytg.graph.build import UnitGraph, build_graph, contract
from pytg.graph.selection import Selection
from pytg.model import Estate, Reference, Unit, Value
from pytg.record.run import Result, Status
from pytg.record.run_events import Event, EventLog, Note, read
from pytg.record.writer import RunRecord
from pytg.run.composed_plan import ComposedPlan, plan_composed
from pytg.run.execution import Execution, Question, show_nothing
from pytg.run.options import Options, Request
from pytg.run.reviewed import Keep
from pytg.run.root import Root
from pytg.run.roots import composed_root, unit_root
from pytg.run.runner import Finished, View, run
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import StateStore
from pytg.terraform.binary import Binary
from support.estate_in_memory import edge_of, estate_of, unit_at
from support.fake_terraform import FakeTerraform
from support.memory_store import MemoryStore
from support.process import eventually


@dataclass
class World:
    """`reads` maps a unit to the units whose output `arn` it reads; `traits` are fields of units.

    All states lie in `store`, except where `stores` has one of the unit's own.
    """

    root: Path
    reads: Mapping[str, Sequence[str]]
    traits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stateful: frozenset[str] = frozenset()
    store: MemoryStore = field(default_factory=MemoryStore)
    stores: dict[str, StateStore] = field(default_factory=dict)
    opened: list[EventLog] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fake = FakeTerraform.install(self.root / "bin")
        edges = [
            edge_of(str(at(u)), str(at(n)), "arn") for n, ups in self.reads.items() for u in ups
        ]
        made = estate_of([self._unit(name) for name in self.reads], edges)
        self.estate: Estate = replace(made, root=self.root / "estate", stateful=self.stateful)
        self.graph: UnitGraph = build_graph(self.estate)
        self.states = StateReader(self._store)

    def _unit(self, name: str) -> Unit:
        inputs: dict[str, Value] = {u: Reference(at(u), "arn") for u in self.reads[name]}
        unit = replace(unit_at(str(at(name))), inputs=inputs)
        path = self.root / "estate" / "modules" / name
        path.mkdir(parents=True)
        (path / "main.tf").write_text('resource "terraform_data" "this" {}\n')
        return replace(
            unit, module=replace(unit.module, path=path), **dict(self.traits.get(name, {}))
        )

    def _store(self, unit: StateLocation) -> StateStore:
        self._take_in(unit)
        return self.stores.get(unit.address.module, self.store)

    def _take_in(self, unit: StateLocation) -> None:
        """The first state that a Terraform has written at the end of an apply in a unit's root."""
        written = self.estate.root / STATES / unit.backend.key
        if unit.backend.key not in self.store.states and written.is_file():
            self.store.states[unit.backend.key] = written.read_bytes()

    def hold(
        self,
        name: str,
        *resources: str,
        outputs: Mapping[str, Value] | None = None,
        serial: int = 1,
    ) -> None:
        """Put a state of the unit into the store."""
        body = state_of(name, *(resources or (RESOURCE,)), outputs=outputs, serial=serial)
        self.store.states[str(at(name))] = body

    def plans(self, *names: str, cwd: str = "", resource: str = RESOURCE) -> None:
        """Terraform plans to create `resource` of these units, in a directory like `cwd`."""
        own = cwd.startswith("units")
        calls = [n if own else at(n).slug for n in names]
        self.fake.rule(
            command="plan", cwd=cwd, resources=[f"module.{call}.{resource}" for call in calls]
        )

    def workdir(self, *names: str) -> Path:
        """Where these units are planned together."""
        execution = self.execution(*names)
        execution.record.finish(Result.SUCCEEDED, 0)
        return root_for(execution, *names).workdir

    def selection(self, names: Iterable[str] = ()) -> Selection:
        """These units, or all, in run order."""
        chosen = {at(name) for name in names} or set(self.graph)
        order = tuple(contract(self.graph, chosen))
        return Selection(order, dict.fromkeys(order, "asked for"), "")

    @property
    def binary(self) -> Binary:
        return Binary(self.fake.path, "1.11.4", "terraform")

    def execution(self, *names: str, command: str = "apply", **given: Any) -> Execution:
        """An execution over these units, or all; `given` are options, or fields of it."""
        fields = {"show", "confirm", "overwritten", "cancel", "kill", "attended"} & given.keys()
        own = {name: given.pop(name) for name in fields}
        selection = self.selection(names)
        record = RunRecord.create(
            self.estate.root,
            command=command,
            args=(),
            selection="",
            units=selection.units,
            terraform_binary=str(self.fake.path),
            terraform_version="1.11.4",
            mode="composed",
        )
        log = EventLog(record.run.directory)
        self.opened.append(log)
        return Execution(
            estate=self.estate,
            graph=self.graph,
            order=contract(self.graph, selection.units),
            selection=selection,
            options=Options(**given),
            states=self.states,
            binary=self.binary,
            environment=lambda _units: {},
            record=record,
            log=log,
            **{
                "cancel": threading.Event(),
                "kill": threading.Event(),
                "show": show_nothing,
                "confirm": lambda _question: True,
                "overwritten": lambda *_: None,
                **own,
            },
        )

    def run(
        self,
        command: str,
        *names: str,
        view: View | None = None,
        overwritten: Callable[[Unit, str, str], str | None] = lambda *_: None,
        **options: Any,
    ) -> Finished:
        """A whole run over these units, or all."""
        if command == "destroy":
            options["destroy"] = True
        request = Request(command, options=Options(**options))
        return self.do(request, *names, view=view, overwritten=overwritten)

    def do(
        self,
        request: Request,
        *names: str,
        view: View | None = None,
        overwritten: Callable[[Unit, str, str], str | None] = lambda *_: None,
        keep: Keep | None = None,
    ) -> Finished:
        """A whole run that does `request` on these units, or all."""
        return run(
            request,
            view or View(),
            estate=self.estate,
            graph=self.graph,
            selection=self.selection(names),
            binary=self.binary,
            states=self.states,
            environment=lambda _units: {},
            overwritten=overwritten,
            made_from=lambda: Fingerprints(self.estate),
            keep=keep,
        )

    def commands(self) -> list[str]:
        """The Terraform commands that were started, without `init`."""
        return [call["command"] for call in self.fake.calls() if call["command"] != "init"]


@contextmanager
def once_there(path: Path, act: Callable[[], None]) -> Iterator[None]:
    """Do `act` as soon as `path` exists, beside what is done in the block."""

    def wait() -> None:
        eventually(path.exists)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


class Person:
    """Answers `y` or `n` to each question in turn, and remembers the questions."""

    def __init__(self, answers: str = "") -> None:
        self.questions: list[str] = []
        self.typed: list[str] = []
        self._answers = list(answers)

    def __call__(self, question: Question) -> bool:
        self.questions.append(question.text)
        self.typed.append(question.typed)
        return self._answers.pop(0) == "y"


def root_for(execution: Execution, *names: str, composed: bool = True) -> Root:
    units = tuple(execution.estate.units[at(name)] for name in names)
    return composed_root(execution, units, 1) if composed else unit_root(execution, units[0])


def statuses(source: Execution | Finished) -> dict[str, Status]:
    """How the units stand, by name."""
    run = source.record.run if isinstance(source, Execution) else source.run
    return {address.module: unit.status for address, unit in run.units.items()}


def events(source: Execution | Finished, kind: type[Event]) -> list[Any]:
    """The events of `kind` that the run wrote."""
    run = source.record.run if isinstance(source, Execution) else source.run
    return [event for _, event in read(run.directory / "events.jsonl") if isinstance(event, kind)]


def notes(source: Execution | Finished) -> list[str]:
    return [note.text for note in events(source, Note)]


def rooted(world: World, *names: str, composed: bool = True, **options: Any) -> Root:
    """A root that is initialised as far as a plan needs it."""
    root = root_for(world.execution(**options), *(names or ("a",)), composed=composed)
    root.workdir.mkdir(parents=True, exist_ok=True)
    return root


def planned(world: World, *names: str, **options: Any) -> ComposedPlan:
    """The plan of these units together."""
    return plan_composed(rooted(world, *names, **options), stage(*names))
