"""What a round works on: a project, what exists outside of it, and the pytg that things befall."""

from __future__ import annotations

import contextlib
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from faults.estate import ENVIRONMENT, TELL, Estate
from faults.victim import Victim, start
from pytg.record.reader import RUNS
from support.project import Done, Project

PATIENCE_S = 60.0
POLL_S = 0.005
GATE_S = 0.1  # what waits at a gate looks again after a fifth of that


@dataclass(frozen=True)
class Ended:
    """A command that has ended, and what it was."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"pytg {' '.join(self.arguments)} -> {self.code}"


@dataclass
class World:
    """A project, and what was seen of it.

    `remote` reads the states of units where they lie elsewhere. Of the round that is played,
    `steps` tell what was done, `said` is all that pytg printed, `named` what may exist and is in
    no state, `excused` are units whose own state somebody damaged. Of earlier ones, `runs` are
    their records, and `given_up` the ids of what was in no state at their end: it was named.
    `tainted` are ids that a state has marked so.
    """

    place: Path
    estate: Estate
    rng: random.Random
    environ: Mapping[str, str] = field(default_factory=dict)
    remote: Callable[[], Mapping[str, Any]] | None = None
    steps: list[str] = field(default_factory=list)
    said: list[Ended] = field(default_factory=list)
    victims: list[Victim] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)
    runs: set[Path] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    tainted: set[str] = field(default_factory=set)
    started: int = 0
    _searched: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.side.mkdir(parents=True)
        (self.side / "tell.sh").write_text(TELL)
        for name in ("gates", "told", "waiting"):
            (self.side / name).touch()
        self.root.mkdir()

    @property
    def root(self) -> Path:
        """Of the project."""
        return self.place / "project"

    @property
    def side(self) -> Path:
        """Where resources tell that they exist."""
        return self.place / "side"

    @property
    def project(self) -> Project:
        environ = {"FAULTS_SIDE": str(self.side), "TF_CLI_CONFIG_FILE": os.devnull}
        return Project(self.root, environ | dict(self.environ))

    def begin(self, name: str) -> None:
        """The next round: what was named in the last one excuses nothing any more."""
        self.given_up |= self.exists().keys() - self.stored().keys()
        self.runs = set(self.records())
        self.victims = [victim for victim in self.victims if victim.runs]
        self.steps, self.said = [name], []
        self.named, self.excused = set(), set()
        self.gate()

    def records(self) -> list[Path]:
        """The directories of the runs that are recorded."""
        return [file.parent for file in (self.root / RUNS).glob("*/run.json")]

    def changed_files(self) -> Iterator[Path]:
        """The files of this world that were written since they were last asked for."""
        for file in self.place.rglob("*"):
            if file.is_file():
                seen = file.stat()
                mark = seen.st_ino, seen.st_ctime_ns
                if self._searched.get(file) != mark:
                    yield file
                    self._searched[file] = mark

    def step(self, text: str) -> None:
        self.steps.append(text)

    def write(self, estate: Estate) -> None:
        """Another configuration, from now on."""
        self.estate = estate
        estate.write(self.root)

    def pytg(self, *arguments: str) -> Ended:
        """Run pytg in this process, to its end."""
        return self.heard(arguments, self.project.pytg(*arguments, expect=None))

    def start(self, *arguments: str) -> Victim:
        """Start pytg beside this process."""
        self.started += 1
        prints = self.place / f"{self.started}"
        self.victims.append(start(self.root, arguments, self.project.environ, prints))
        return self.victims[-1]

    def end(self, victim: Victim) -> Ended:
        """Wait for its end. Raises AssertionError where there is none."""
        done = victim.end(PATIENCE_S)
        if done is None:
            tree = [f"{p.pid} {' '.join(p.cmdline())}" for p in self.processes()]
            raise AssertionError(f"pytg {victim.arguments} hangs; of this round live: {tree}")
        return self.heard(victim.arguments, done)

    def heard(self, arguments: tuple[str, ...], done: Done) -> Ended:
        """Keep what a command said."""
        ended = Ended(arguments, done.code, done.out, done.err)
        self.said.append(ended)
        self.step(str(ended))
        if self.remote is None:  # there it may be down just now
            self.tainted |= self._marked()
        return ended

    def _marked(self) -> set[str]:
        """Ids of what the states call tainted."""
        return {
            instance["attributes"]["id"]
            for state in self.states().values()
            for resource in state["resources"]
            for instance in resource["instances"]
            if instance.get("status") == "tainted"
        }

    def gate(self, *gates: str) -> None:
        """Let the resources of `gates`, such as `late + one:terraform_data.kept`, wait.

        Those of a Terraform that a killed pytg left are let go first: nobody would do so later.
        """
        if (self.side / "waiting").read_text():
            self.go()
            time.sleep(GATE_S)
        (self.side / "go").unlink(missing_ok=True)
        (self.side / "waiting").write_text("")
        (self.side / "gates").write_text("".join(f"{gate}\n" for gate in gates))
        if gates:
            self.step(f"waits: {', '.join(gates)}")

    def go(self) -> None:
        """Let go on what waits."""
        (self.side / "go").touch()

    def told(self) -> list[list[str]]:
        """Sign, resource and id of what was made and destroyed, in that order."""
        return [line.split() for line in (self.side / "told").read_text().splitlines()]

    def exists(self) -> dict[str, str]:
        """Resource by id, of all that was made and not destroyed.

        Terraform runs no provisioner where it destroys what was replaced by a new one first: of
        such a resource the newest counts. Nor does it where it destroys what is tainted.
        """
        found: dict[str, str] = {}
        first = {unit.name for unit in self.estate.units if unit.first}
        for sign, name, identity in self.told():
            if sign == "+":
                unit, _, resource = name.partition(":terraform_data.")
                if unit in first and resource.startswith("replaced"):
                    found = {i: n for i, n in found.items() if n != name}
                found[identity] = name
            else:
                found.pop(identity, None)
        unheard = self.given_up | self.tainted
        return {identity: name for identity, name in found.items() if identity not in unheard}

    def states(self) -> dict[str, dict[str, Any]]:
        """Each unit's state, where it can be read."""
        if self.remote:
            return dict(self.remote())
        found = {}
        for file in (self.root / ".pytg" / "state" / ENVIRONMENT).glob("*/terraform.tfstate"):
            try:
                found[file.parent.name] = json.loads(file.read_bytes())
            except ValueError:
                continue
        return found

    def whole_states(self) -> dict[Path, bytes]:
        """The files of states, without those that are empty or that somebody died writing."""
        found = {}
        for file in (self.root / ".pytg" / "state").rglob("terraform.tfstate"):
            body = file.read_bytes()
            if not file.with_name(f"{file.name}.new").exists():
                with contextlib.suppress(ValueError):
                    json.loads(body)
                    found[file] = body
        return found

    def stored(self) -> dict[str, str]:
        """Resource by id, of all that is in a state; a deposed one too."""
        return {
            instance["attributes"]["id"]: _name(unit, resource, instance)
            for unit, state in self.states().items()
            for resource in state["resources"]
            for instance in resource["instances"]
            if resource["type"] == "terraform_data"
        }

    def processes(self) -> list[psutil.Process]:
        """All that this round started and that lives: pytg, Terraform, provisioners."""
        own = [psutil.Process(v.pid) for v in self.victims if v.runs and psutil.pid_exists(v.pid)]
        return [*own, *_having(f"{self.side}")]

    def terraforms(self) -> list[psutil.Process]:
        return [p for p in self.processes() if _named(p, "terraform")]


def gone(found: list[psutil.Process]) -> list[psutil.Process]:
    """Those of `found` that do not end in a while."""
    deadline = time.monotonic() + PATIENCE_S / 4
    while found and time.monotonic() < deadline:
        found = [p for p in found if _lives(p)]
        time.sleep(POLL_S)
    return found


def _name(unit: str, resource: dict[str, Any], instance: dict[str, Any]) -> str:
    key = instance.get("index_key")
    return f"{unit}:terraform_data.{resource['name']}" + ("" if key is None else f"[{key}]")


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _named(process: psutil.Process, name: str) -> bool:
    try:
        return process.name() == name
    except psutil.Error:
        return False


def _having(side: str) -> Iterator[psutil.Process]:
    """Processes that were started with the side directory in their environment."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("FAULTS_SIDE") == side and _lives(process):
                yield process
        except psutil.Error:
            continue
