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
    plans of it. So does what is `broken` of the module.
    """

    module: Module
    places: dict[str, Position] = field(default_factory=dict)
    complete: bool = True
    mistakes: tuple[Problem, ...] = ()


def read_module(
    root: Path,
    name: str,
    source: str,
    scope: Scope,
    flavour: str = TERRAFORM,
    *,
    entry: Position | None = None,
) -> DeclaredModule:
    """Read `root / source`, which the configuration names at `entry`, as such a binary does.

    What is wrong with the files, and what is declared twice, makes the module a broken one: an
    estate can have it, and all that does not need it is planned.
    """
    broken: list[Problem] = []
    found = _read_directory(root, name, source, broken.append, flavour)
    if not found.files and found.complete:
        found.complete = False
        broken.append(_nothing_in(root, name, source, entry))
    nested = tuple(_nested(root, name, source, found, broken.append, flavour))
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
        broken=tuple(broken),
    )
    mistakes = tuple(mistake for each in (found, *nested) for mistake in each.mistakes())
    return DeclaredModule(module, found.places, found.complete, mistakes)


def _nothing_in(root: Path, name: str, source: str, entry: Position | None) -> Problem:
    """Why there is no module at `source`."""
    path = root / source
    why = f"no *.tf file in {source}"
    hint = "modules are directories of this project: make it, or name another with `source`"
    if path.is_symlink() and not path.exists():
        why = f"{source} is a link to {path.readlink()}, which is not there"
    elif path.exists() and not path.is_dir():
        why = f"{source} is a file, and no directory"
    return Problem(f"module `{name}`: {why}", entry, hint)


def _read_directory(
    root: Path, name: str, source: str, report: ReportProblem, flavour: str
) -> _Found:
    found = _Found(report)
    try:
        files = module_files(root / source, flavour)
    except OSError as error:
        message = f"module `{name}`: the directory cannot be read: {error.strerror}"
        report(Problem(message, Position(Path(source)), "mend it, or name another with `source`"))
        found.complete = False
        return found
    found.files = len(files[0]) + len(files[1])
    for overrides, paths in enumerate(files):
        for path in paths:
            file = Path(os.path.normpath(Path(source) / path.name))
            declared = read_file(root, name, path, file, report)
            if declared is None:
                found.complete = False
            else:
                found.add(file, declared, overrides=bool(overrides))
    return found


def _nested(  # noqa: PLR0917 - what a module is read with, handed on
    root: Path, name: str, source: str, found: _Found, report: ReportProblem, flavour: str
) -> Iterator[_Found]:
    """The local modules that a module calls, at any depth. Reports what cannot be read."""
    waiting, seen = [(source, found)], {os.path.normpath(source)}
    for base, calling in waiting:
        for called, call in calling.named["module"].items():
            inner = os.path.normpath(Path(base) / str(call["source"]))
            if str(call["source"]).startswith(LOCAL) and inner not in seen:
                seen.add(inner)
                if not (root / inner).is_dir():
                    report(_nothing_called(root, name, inner, calling.calls[called]))
                    continue
                below = _read_directory(root, name, inner, report, flavour)
                waiting.append((inner, below))
                yield below


def _nothing_called(root: Path, name: str, source: str, call: Position) -> Problem:
    why = f"{source} is no directory" if (root / source).exists() else f"there is no {source}"
    return Problem(f"module `{name}` calls what is not there: {why}", call, "mend its `source`")


class _Found:
    """What the files of one module declare together."""

    def __init__(self, report: ReportProblem) -> None:
        self.report = report
        self.complete = True
        self.files = 0
        self.named: dict[str, dict[str, dict[str, Any]]] = {
            kind: {} for kind in ("variable", "output", "module", "resource")
        }
        self.places: dict[str, Position] = {}
        self.calls: dict[str, Position] = {}
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
        if kind == "module":
            self.calls[name] = place
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
