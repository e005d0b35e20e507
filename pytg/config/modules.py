"""What a Terraform module's own files declare, read once for each content of a file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from pytg.config.module_files import TERRAFORM, module_files
from pytg.config.node import ReportProblem
from pytg.errors import Position, Problem
from pytg.files import write_atomic
from pytg.model import Module, Output, Scope, Variable
from pytg.suggest import did_you_mean

if TYPE_CHECKING:
    from pytg.config.declarations import Declarations

CACHE = Path(".pytg/cache/modules")
_FORMAT = "4"
_WHERE = {
    "provider": "its arguments stand in config.yaml under `terraform.providers`",
    "backend": "`backend` in config.yaml says where states live",
    "cloud": "`backend` in config.yaml says where states live",
}


@dataclass(frozen=True)
class DeclaredModule:
    """A module and the places of its declarations: `variable.x` or `output.x`.

    `complete` is false when a file could not be read, so that something may be missing.
    `mistakes` are inside the module and stop only what Terraform plans of it.
    """

    module: Module
    places: dict[str, Position] = field(default_factory=dict)
    complete: bool = True
    mistakes: tuple[Problem, ...] = ()


def read_module(  # noqa: PLR0917 - the last one has a default
    root: Path,
    name: str,
    source: str,
    scope: Scope,
    report: ReportProblem,
    flavour: str = TERRAFORM,
) -> DeclaredModule:
    """Read `root / source` as a binary of this flavour does.

    Reports broken files and what is declared twice.
    """
    directory = root / source
    found = _Found(name, report)
    for overrides, paths in enumerate(module_files(directory, flavour)):
        for path in paths:
            file = Path(os.path.normpath(Path(source) / path.name))
            declared = _read_file(root, name, path, file, report)
            if declared is None:
                found.complete = False
            else:
                found.add(file, declared, overrides=bool(overrides))
    module = Module(
        name=name,
        path=directory,
        scope=scope,
        variables={key: _variable(given) for key, given in found.named["variable"].items()},
        outputs={key: _output(given) for key, given in found.named["output"].items()},
        providers=frozenset(found.requires),
        aliases=frozenset(found.aliases()),
        parts=frozenset(
            [*found.named["resource"], *(f"module.{call}" for call in found.named["module"])]
        ),
    )
    return DeclaredModule(module, found.places, found.complete, tuple(found.undeclared()))


class _Found:
    """What the files of one module declare together."""

    def __init__(self, name: str, report: ReportProblem) -> None:
        self.name = name
        self.report = report
        self.complete = True
        self.named: dict[str, dict[str, dict[str, Any]]] = {
            kind: {} for kind in ("variable", "output", "module", "resource")
        }
        self.places: dict[str, Position] = {}
        self.requires: dict[str, dict[str, Any]] = {}
        self.uses: dict[str, Position] = {}

    def add(self, file: Path, declared: Declarations, *, overrides: bool) -> None:
        """Take in a file; one that `overrides` changes what others declare."""
        listed = {
            "variable": declared.variables,
            "output": declared.outputs,
            "module": declared.calls,
            "resource": declared.resources,
        }
        for kind, blocks in listed.items():
            for given in blocks:
                place = Position(file, given["line"])
                if overrides:
                    self._override(kind, given, place)
                else:
                    self._declare(kind, given, place)
        self.requires |= declared.requires
        for variable, line in declared.uses.items():
            self.uses.setdefault(variable, Position(file, line))
        for block in declared.root_only:
            kind = block["kind"]
            message = f"a `{kind}` block belongs into a root module, and pytg writes those"
            place = Position(file, block["line"])
            self.report(Problem(message, place, f"take it out: {_WHERE[kind]}"))

    def _declare(self, kind: str, given: dict[str, Any], place: Position) -> None:
        name = given["name"]
        known = self.named[kind]
        if name in known and kind in ("variable", "output"):
            hint = f"first in {self.places[f'{kind}.{name}']}"
            self.report(Problem(f"{kind} {name} is declared twice", place, hint))
        known[name] = given
        if kind in ("variable", "output"):
            self.places.setdefault(f"{kind}.{name}", place)

    def _override(self, kind: str, given: dict[str, Any], place: Position) -> None:
        name = given["name"]
        known = self.named[kind]
        if name in known:
            chosen = {key: value for key, value in given.items() if value is not None}
            known[name] = known[name] | chosen
        elif self.complete:
            message = f"{kind} {name} is overridden here, and no other file declares it"
            self.report(Problem(message, place, did_you_mean(name, known)))

    def undeclared(self) -> Iterator[Problem]:
        """Variables that expressions read and that no file declares."""
        variables = self.named["variable"]
        for variable, place in self.uses.items():
            if self.complete and variable not in variables:
                message = f"module `{self.name}` declares no variable `{variable}`"
                yield Problem(message, place, did_you_mean(variable, variables))

    def aliases(self) -> Iterator[tuple[str, str]]:
        """The `configuration_aliases` as (provider, alias)."""
        for requirement in self.requires.values():
            for alias in requirement["aliases"]:
                provider, _, short = str(alias).partition(".")
                yield provider, short


def _read_file(
    root: Path, name: str, path: Path, file: Path, report: ReportProblem
) -> Declarations | None:
    from pytg.config.declarations import Declarations, declarations  # noqa: PLC0415 - as is hcl
    from pytg.config.hcl_tokens import HclError  # noqa: PLC0415 - not needed for what is cached

    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"module `{name}`: cannot be read: {error.strerror}"
        report(Problem(message, Position(file), "mend it, or take it away"))
        return None
    in_json = path.suffix == ".json"
    key = hashlib.sha256(f"{_FORMAT}{in_json}".encode() + content).hexdigest()
    entry = root / CACHE / f"{key}.json"
    cached = _load(entry)
    if cached is not None:
        return Declarations(**cached)
    try:
        found = declarations(content, in_json=in_json)
    except HclError as error:
        place = Position(file, error.line, error.column)
        message = f"module `{name}`: not valid {'JSON' if in_json else 'HCL'}: {error}"
        report(Problem(message, place, "`terraform fmt` says more about it"))
        return None
    _store(entry, found.plain)
    return found


def _load(entry: Path) -> dict[str, Any] | None:
    """The cached result, or None where there is none that can be trusted."""
    try:
        wrapped = from_json(entry.read_bytes())
        found: dict[str, Any] = wrapped["found"]
        return found if wrapped["digest"] == _digest(found) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(entry: Path, found: dict[str, Any]) -> None:
    text = json.dumps({"digest": _digest(found), "found": found})
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time only
        entry.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(entry, text.encode(), durable=False)


def _digest(found: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _variable(given: dict[str, Any]) -> Variable:
    return Variable(
        name=given["name"],
        type=given.get("type"),
        required="default" not in given,
        nullable=given.get("nullable") != "false",
        sensitive=given.get("sensitive") == "true",
        description=given.get("description", ""),
    )


def _output(given: dict[str, Any]) -> Output:
    sensitive = given.get("sensitive") == "true"
    return Output(name=given["name"], sensitive=sensitive, description=given.get("description", ""))
