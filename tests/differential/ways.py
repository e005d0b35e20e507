"""What the ways to plan and apply an estate share.

Each way has a directory of its own. What it has seen is a `Step`: the plans and the states by unit,
in Terraform's own documents.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from differential.binary import BINARY
from differential.ends import FAILED, OK, End, said_in
from differential.estates import Estate, UnitName
from differential.render import project_files, write
from pytg.model import Address

Document = Mapping[str, Any]


def parsed(text: str) -> Any:
    """A JSON document of Terraform's; a number in it is a text, the same for the same number."""
    return json.loads(text, parse_int=_number, parse_float=_number)


def _number(text: str) -> str:
    sign, digits, exponent = Decimal(text).as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    kept = written.rstrip("0")
    at = int(exponent) + len(written) - len(kept)
    return f"number {'-' * sign}{kept}e{at}" if kept else "number 0"


@dataclass(frozen=True)
class Part:
    """A document that tells of a unit: `prefix` is its module call, `outputs` begin with `own`."""

    document: Document
    prefix: str
    own: str = ""


@dataclass
class Step:
    """What one way saw.

    `told` is what pytg said of each unit's plan: action by address. `log` is what provisioners
    wrote, in that order. `processes` counts pytg's plans. `ends` is how each unit ended; a root
    made by hand has one for `all`.
    """

    plans: dict[UnitName, Part] = field(default_factory=dict)
    states: dict[UnitName, Part] = field(default_factory=dict)
    told: dict[UnitName, dict[str, str]] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    processes: int = 0
    ends: dict[UnitName, End] = field(default_factory=dict)
    whole: End = field(default_factory=lambda: End(OK))


class Failed(AssertionError):
    """Terraform or pytg ended with an error where none was expected."""


@dataclass(frozen=True)
class Way:
    """A directory, a place for states that no unit owns, and what is added to the environment."""

    root: Path
    outside: Path
    added: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """Of every process; what a provisioner does is told in a file."""
        cli = self.root / ".pytg" / "terraform.rc"
        return {
            "DIFFERENTIAL_LOG": str(self.root / "provisioned.log"),
            "PYTG_TERRAFORM": BINARY,
            "TF_CLI_CONFIG_FILE": str(cli) if cli.exists() else os.devnull,
            "CHECKPOINT_DISABLE": "1",
            **self.added,
        }

    def write(self, estate: Estate) -> None:
        """Write what this way works on."""
        write(self.root, project_files(estate, self.outside))

    def apply(self, estate: Estate) -> Step:
        """Write `estate`, plan and apply it."""
        raise NotImplementedError

    def leave(self, estate: Estate, units: Sequence[UnitName], destroyed: Sequence[str]) -> None:
        """Destroy those `units` of what `estate` describes that are of modules in `destroyed`."""
        raise NotImplementedError

    def destroy(self, estate: Estate) -> None:
        """Destroy all of it, last what others need."""
        self.leave(estate, estate.units()[::-1], [module.name for module in estate.modules])

    def changes(self, estate: Estate) -> list[str]:
        """What a plan afterwards would do: nothing, one hopes."""
        raise NotImplementedError

    @property
    def log(self) -> tuple[str, ...]:
        """What provisioners have written so far."""
        path = self.root / "provisioned.log"
        return tuple(path.read_text().splitlines()) if path.exists() else ()

    def terraform(self, directory: Path, *arguments: str) -> str:
        """Plain Terraform in `directory`. Raises Failed with what it said."""
        done = self.ran(directory, *arguments)
        if done.returncode:
            raise Failed(f"{' '.join(arguments)} in {directory}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def heard(self, directory: Path, phase: str, *arguments: str) -> End:
        """How a plan or an apply of plain Terraform ended."""
        done = self.ran(directory, phase, "-json", "-input=false", *arguments)
        said = said_in(done.stdout)
        return End(FAILED, phase, said) if done.returncode else End(OK, said=said)

    def ran(self, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Plain Terraform in `directory`, however it ends."""
        return subprocess.run(
            [BINARY, *arguments],
            cwd=directory,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )

    def shown(self, directory: Path, plan: str) -> Document:
        found: Document = parsed(self.terraform(directory, "show", "-json", plan))
        return found


def touched(document: Document, part: Part | None = None) -> list[str]:
    """What a plan does to resources and outputs, of the unit that `part` tells of or of all."""
    changes = [(c["address"], c["change"]) for c in document.get("resource_changes", ())]
    outputs = document.get("output_changes", {}).items()
    if part:
        changes = [(name, c) for name, c in changes if name.startswith(part.prefix)]
        outputs = [(name, c) for name, c in outputs if name.startswith(part.own)]
    quiet = (["no-op"], ["read"])
    found = [*changes, *outputs]
    return [f"{name} {c['actions']}" for name, c in found if c["actions"] not in quiet]


def generate(root: Path, environ: Mapping[str, str], estate: Estate) -> None:
    """`pytg generate`, which writes what it can. Raises Failed."""
    from support.project import Project as Commands  # noqa: PLC0415

    done = Commands(root, environ).pytg("generate", expect=None)
    if bool(done.code) != any(map(estate.unread, estate.units())):
        raise Failed(done.err)


def project_states(root: Path, estate: Estate) -> dict[UnitName, Part]:
    """The units' states in a project with the local backend."""
    found = {}
    for unit in estate.units():
        path = root / ".pytg" / "state" / estate.address(unit) / "terraform.tfstate"
        document = parsed(path.read_text()) if path.exists() else {}
        found[unit] = Part(document, f"module.{Address.parse(estate.address(unit)).module}")
    return found
