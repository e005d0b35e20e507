"""What a Terraform module's own files declare together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytg.config.declaration_cache import read_file
from pytg.config.module_files import LOCAL, TERRAFORM, module_files
from pytg.config.node import ReportProblem
from pytg.errors import Position, Problem
from pytg.model import Module, Output, Scope, Variable
from pytg.suggest import did_you_mean

if TYPE_CHECKING:
    from pytg.config.declarations import Declarations

_WHERE = {
    "provider": "its arguments stand in config.yaml under `terraform.providers`",
    "backend": "`backend` in config.yaml says where states live",
    "cloud": "`backend` in config.yaml says where states live",
}


@dataclass(frozen=True)
class DeclaredModule:
    """A module and the places of its declarations: `variable.x` or `output.x`.

    `complete` is false when a file could not be read, so that something may be missing.
    `mistakes` are inside the module, or a local one that it calls, and stop only what Terraform
    plans of it.
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
    found = _read_directory(root, name, source, report, flavour)
    nested = _nested(root, source, found, flavour)
    module = Module(
        name=name,
        path=root / source,
        scope=scope,
        variables={key: _variable(given) for key, given in found.named["variable"].items()},
        outputs={key: _output(given) for key, given in found.named["output"].items()},
        providers=frozenset(found.requires),
        aliases=frozenset(found.aliases()),
        parts=frozenset(
            [*found.named["resource"], *(f"module.{call}" for call in found.named["module"])]
        ),
    )
    mistakes = tuple(mistake for each in (found, *nested) for mistake in each.mistakes())
    return DeclaredModule(module, found.places, found.complete, mistakes)


def _read_directory(
    root: Path, name: str, source: str, report: ReportProblem, flavour: str
) -> _Found:
    found = _Found(report)
    for overrides, paths in enumerate(module_files(root / source, flavour)):
        for path in paths:
            file = Path(os.path.normpath(Path(source) / path.name))
            declared = read_file(root, name, path, file, report)
            if declared is None:
                found.complete = False
            else:
                found.add(file, declared, overrides=bool(overrides))
    return found


def _nested(root: Path, source: str, found: _Found, flavour: str) -> Iterator[_Found]:
    """The local modules that a module calls, at any depth, in as far as they can be read."""
    waiting, seen = [(source, found)], {os.path.normpath(source)}
    for base, calling in waiting:
        for call in calling.named["module"].values():
            inner = os.path.normpath(Path(base) / str(call["source"]))
            if str(call["source"]).startswith(LOCAL) and inner not in seen:
                seen.add(inner)
                below = _read_directory(root, "", inner, _ignore, flavour)
                waiting.append((inner, below))
                yield below


def _ignore(_problem: Problem) -> None:
    """For what Terraform itself says better."""


class _Found:
    """What the files of one module declare together."""

    def __init__(self, report: ReportProblem) -> None:
        self.report = report
        self.complete = True
        self.named: dict[str, dict[str, dict[str, Any]]] = {
            kind: {} for kind in ("variable", "output", "module", "resource")
        }
        self.places: dict[str, Position] = {}
        self.requires: dict[str, dict[str, Any]] = {}
        self.uses: dict[str, Position] = {}
        self.started_in: list[tuple[str, Position]] = []

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
        self.started_in += [(text, Position(file, at)) for text, at in declared.started_in.items()]
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

    def mistakes(self) -> Iterator[Problem]:
        """What is read and not declared, and what differs by where Terraform is started."""
        for text, place in self.started_in:
            message = f"`{text}` depends on the directory that Terraform is started in, and so "
            message += "differs from one kind of root, and one machine, to the next"
            yield Problem(message, place, 'write "${path.module}/..." for a file of the module')
        variables = self.named["variable"]
        for variable, place in self.uses.items():
            if self.complete and variable not in variables:
                message = f"this module declares no variable `{variable}`"
                yield Problem(message, place, did_you_mean(variable, variables))

    def aliases(self) -> Iterator[tuple[str, str]]:
        """The `configuration_aliases` as (provider, alias)."""
        for requirement in self.requires.values():
            for alias in requirement["aliases"]:
                provider, _, short = str(alias).partition(".")
                yield provider, short


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
    return Output(
        name=given["name"],
        sensitive=given.get("sensitive") == "true",
        description=given.get("description", ""),
        ephemeral=given.get("ephemeral") == "true",
    )
