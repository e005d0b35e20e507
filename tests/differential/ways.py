"""The four ways to plan and apply an estate; each has a directory of its own.

What a way has seen is a `Step`: the plans and the states by unit, in Terraform's own documents.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from differential.estates import Estate, UnitName
from differential.render import hand_root, module_files, project_files, write
from pytg import exact_json
from pytg.errors import PytgError
from pytg.model import Address
from pytg.project import Project, Selectors
from pytg.run.root import Root, SavedPlan

BINARY = os.environ.get("TERRAFORM") or os.environ.get("PYTG_TERRAFORM") or "terraform"
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A document that tells of a unit: `prefix` is its module call, `outputs` begin with `own`."""

    document: Document
    prefix: str
    own: str = ""


@dataclass
class Step:
    """What one way saw; `failed` are the units that failed, with what Terraform said."""

    plans: dict[UnitName, Part] = field(default_factory=dict)
    states: dict[UnitName, Part] = field(default_factory=dict)
    failed: dict[UnitName, str] = field(default_factory=dict)
    log: tuple[str, ...] = ()


class Failed(AssertionError):
    """Terraform or pytg ended with an error where none was expected."""


@dataclass(frozen=True)
class Way:
    """A directory, and a place for states that no unit owns."""

    root: Path
    outside: Path

    @property
    def environ(self) -> dict[str, str]:
        """Of every process; what a provisioner does is told in a file."""
        cli = self.root / ".pytg" / "terraform.rc"
        return {
            "DIFFERENTIAL_LOG": str(self.root / "provisioned.log"),
            "PYTG_TERRAFORM": BINARY,
            "TF_CLI_CONFIG_FILE": str(cli) if cli.exists() else os.devnull,
            "CHECKPOINT_DISABLE": "1",
        }

    def write(self, estate: Estate) -> None:
        """Write what this way works on."""
        write(self.root, project_files(estate, self.outside))

    def apply(self, estate: Estate) -> Step:
        """Write `estate`, plan and apply it."""
        raise NotImplementedError

    def changes(self, estate: Estate) -> list[str]:
        """What a plan afterwards would do: nothing, one hopes."""
        raise NotImplementedError

    @property
    def log(self) -> tuple[str, ...]:
        """What provisioners have written so far, in any order."""
        path = self.root / "provisioned.log"
        return tuple(sorted(path.read_text().splitlines())) if path.exists() else ()

    def terraform(self, directory: Path, *arguments: str) -> str:
        """Plain Terraform in `directory`. Raises Failed with what it said."""
        done = subprocess.run(
            [BINARY, *arguments],
            cwd=directory,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{' '.join(arguments)} in {directory}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def planned(self, directory: Path) -> Document:
        """Initialise, plan into `differential.plan`, and read it."""
        self.terraform(directory, "init", "-input=false", "-no-color")
        self.terraform(directory, "plan", "-input=false", "-no-color", "-out=differential.plan")
        return self.shown(directory, "differential.plan")

    def shown(self, directory: Path, plan: str) -> Document:
        found: Document = exact_json.loads(self.terraform(directory, "show", "-json", plan))
        return found


def touched(document: Document) -> list[str]:
    """What a plan does to resources and outputs."""
    changes = [(c["address"], c["change"]) for c in document.get("resource_changes", ())]
    changes += list(document.get("output_changes", {}).items())
    quiet = (["no-op"], ["read"])
    return [f"{name} {c['actions']}" for name, c in changes if c["actions"] not in quiet]


class Pytg(Way):
    """By pytg, composed."""

    options: Mapping[str, Any] = {}

    def apply(self, estate: Estate, selectors: Selectors | None = None) -> Step:
        self.write(estate)
        step = Step()
        for _ in range(1 + len(estate.modules)):
            with patch.dict(os.environ, self.environ), self._heard(estate, step):
                finished = self._project(estate).apply(selectors, yes=True, **self.options)
            if finished.ok:
                break
            if not self._again(finished.error):
                said = f"{finished.error}\n{getattr(finished.error, 'hint', '')}\n"
                raise Failed(said + "\n".join(f"{a}: {u}" for a, u in finished.run.units.items()))
        step.states = project_states(self.root, estate)
        step.log = self.log
        return step

    def changes(self, estate: Estate) -> list[str]:
        with patch.dict(os.environ, self.environ):
            finished = self._project(estate).plan(**self.options)
        if not finished.ok:
            raise Failed(str(finished.error))
        return [str(c) for c in finished.changes.values() if c.changed]

    def _again(self, _error: PytgError | None) -> bool:
        """Whether a run that ended so is begun again."""
        return False

    def _project(self, _estate: Estate) -> Project:
        return Project(self.root)

    @contextlib.contextmanager
    def _heard(self, estate: Estate, step: Step) -> Iterator[None]:
        """Keep the plan that each unit was last in, and for good the one that was applied."""
        units = {estate.address(unit): unit for unit in estate.units()}
        applied: set[UnitName] = set()
        plan, apply = Root.plan, Root.apply

        def hear(root: Root, *, final: bool) -> None:
            document = self.shown(root.workdir, root.plan_file.name)
            for unit in root.units:
                name = units[str(unit.address)]
                if name in applied:
                    continue
                slug = unit.address.slug
                alone = Part(document, f"module.{unit.address.module}.")
                many = Part(document, f"module.{slug}.", f"{slug}__")
                step.plans[name] = many if root.composed else alone
                applied.update({name} if final else ())

        def planning(root: Root, **options: Any) -> SavedPlan:
            saved = plan(root, **options)
            hear(root, final=False)
            return saved

        def applying(root: Root, *arguments: Any, **options: Any) -> Any:
            hear(root, final=True)
            return apply(root, *arguments, **options)

        with patch.object(Root, "plan", planning), patch.object(Root, "apply", applying):
            yield


class PerUnit(Pytg):
    """By pytg, one process a unit; what was not approved because it could not be known is next."""

    options: Mapping[str, Any] = {"per_unit": True}

    def _again(self, error: PytgError | None) -> bool:
        return error is None or "approved" in str(error)


class UnitRoots(Way):
    """By plain Terraform in what `pytg generate` writes, in order of need."""

    def apply(self, estate: Estate) -> Step:
        step = Step()
        self._generate(estate)
        for unit in estate.units():
            directory = self._directory(estate, unit)
            step.plans[unit] = Part(self.planned(directory), f"module.{unit.module}.")
            self.terraform(directory, "apply", "-input=false", "-no-color", "differential.plan")
        step.states = project_states(self.root, estate)
        step.log = self.log
        return step

    def changes(self, estate: Estate) -> list[str]:
        directories = (self._directory(estate, unit) for unit in estate.units())
        return [text for found in directories for text in touched(self.planned(found))]

    def _generate(self, estate: Estate) -> None:
        self.write(estate)
        generate(self.root, self.environ)

    def _directory(self, estate: Estate, unit: UnitName) -> Path:
        return self.root / ".pytg" / "units" / estate.address(unit)


class Hand(Way):
    """By plain Terraform on one root that the harness composed."""

    def write(self, estate: Estate) -> None:
        write(self.root, module_files(estate, self.outside) | hand_root(estate))

    def apply(self, estate: Estate) -> Step:
        self.write(estate)
        directory = self.root / "root"
        document = self.planned(directory)
        self.terraform(directory, "apply", "-input=false", "-no-color", "differential.plan")
        state = exact_json.loads((directory / "terraform.tfstate").read_text())
        step = Step(log=self.log)
        for unit in estate.units():
            step.plans[unit] = Part(document, f"module.{unit.call}.", f"{unit.call}__")
            step.states[unit] = Part(state, f"module.{unit.call}", f"{unit.call}__")
        return step

    def changes(self, _estate: Estate) -> list[str]:
        return touched(self.planned(self.root / "root"))


def generate(root: Path, environ: Mapping[str, str]) -> None:
    """`pytg generate`. Raises Failed."""
    from support.project import Project as Commands  # noqa: PLC0415

    done = Commands(root, environ).pytg("generate", expect=None)
    if done.code:
        raise Failed(done.err)


def project_states(root: Path, estate: Estate) -> dict[UnitName, Part]:
    """The units' states in a project with the local backend."""
    found = {}
    for unit in estate.units():
        path = root / ".pytg" / "state" / estate.address(unit) / "terraform.tfstate"
        document = exact_json.loads(path.read_text()) if path.exists() else {}
        found[unit] = Part(document, f"module.{Address.parse(estate.address(unit)).module}")
    return found
