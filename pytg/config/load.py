"""From files to an estate, with every problem on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytg.config.hierarchy import LIVE, EstateFiles, read_files
from pytg.config.inputs import chosen_inputs
from pytg.config.module_files import TERRAFORM
from pytg.config.modules import DeclaredModule, read_module
from pytg.config.names import check_names
from pytg.config.node import Node
from pytg.config.problems import ProblemCollector
from pytg.config.project_file import accounts_of, regions_of, terraform_of
from pytg.config.references import Known
from pytg.config.schema import ProjectFile, ProjectModuleEntry
from pytg.config.schema_types import SUFFIX_PATTERN, check_name
from pytg.config.stateful import stateful_types
from pytg.config.unit_places import PlaceFinder, UnitPlace
from pytg.config.units import build_unit
from pytg.errors import Position, Problem, UsageError
from pytg.model import Address, Edge, Estate, Scope, Unit


@dataclass(frozen=True)
class LoadedEstate:
    """An estate and what it was made of: `inputs` are the nodes behind each unit's inputs.

    `declared` is where each module declares what it has, such as `output.arn`.
    `mistakes` inside modules, broken ones included, stop no other unit: a plan blames them on the
    units of the module. `checks` says where each of the estate's stands.
    """

    estate: Estate
    places: Mapping[Address, UnitPlace]
    inputs: Mapping[Address, Mapping[str, Node]]
    mistakes: tuple[Problem, ...] = ()
    checks: Mapping[str, Position] = field(default_factory=dict)
    declared: Mapping[str, Mapping[str, Position]] = field(default_factory=dict)

    def written(self, unit: Address, path: tuple[str | int, ...]) -> Position | None:
        """Where the value at `path` stands, or what comes nearest to it on the way there.

        Below `inputs` those that were chosen for the unit; `("outputs", name)` in its module;
        else keys of the configuration.
        """
        if path[:1] == ("outputs",):
            return self.declared[unit.module].get(f"output.{path[1]}")
        settings = self.places[unit].settings
        if path[:1] == ("inputs",):
            found = self.inputs[unit].get(str(path[1])) if len(path) > 1 else None
            node, steps = found or settings.find("modules", unit.module), path[2:]
        else:
            node, steps = settings.find(*path[:2]), path[2:]
        for step in steps:
            inner = node.find(step) if node else None
            if inner is None:
                break
            node = inner
        return node.start if node else None


def terraform_flavour(_configured: str) -> str:
    """The flavour of a binary of which nothing is known."""
    return TERRAFORM


def load_project(
    root: Path, suffix: str | None = None, flavour: Callable[[str], str] = terraform_flavour
) -> LoadedEstate:
    """The estate under `root`, with the trail of every value.

    `suffix` replaces that of every environment. `flavour` is asked with `terraform.binary` whose
    rules say which files a module is made of. Raises ConfigError with every problem found, and
    UsageError for a suffix that is none.
    """
    if suffix is not None:
        _check_suffix(suffix)
    report = ProblemCollector()
    files = read_files(root, report)
    binary = files.project.find("terraform", "binary")
    used = flavour(str(binary.value) if binary and binary.value else TERRAFORM)
    modules = _read_modules(root, files, used)
    if not files.sound:
        report.raise_found()
    project = ProjectFile.model_validate(files.project.plain)
    regions = regions_of(project, files.project, report)
    check_names(files, modules, report)
    places = PlaceFinder(
        files, project, regions, accounts_of(files.accounts, report), suffix=suffix, report=report
    )
    enabled = dict(_enabled(places.all(), modules))
    known = Known(modules, regions, enabled, frozenset(files.doubtful))
    if not files.environments and not enabled:
        hint = "an environment is a directory live/ACCOUNT/REGION/ENVIRONMENT with an env.yaml"
        report(Problem("there is no environment, and so no unit", Position(LIVE), hint))
    stateful = stateful_types(files.project, project.stateful, report)
    loaded = _wire(root, project, known, places, report, stateful=stateful)
    if checks := files.project.find("checks"):
        commands = {name: entry.find("command") or entry for name, entry in checks.entries.items()}
        loaded = replace(loaded, checks={name: node.start for name, node in commands.items()})
    report.raise_found(beside=loaded.mistakes)
    return loaded


def _wire(
    root: Path,
    project: ProjectFile,
    known: Known,
    places: PlaceFinder,
    report: ProblemCollector,
    *,
    stateful: frozenset[str],
) -> LoadedEstate:
    inputs: dict[Address, Mapping[str, Node]] = {}
    units: dict[Address, Unit] = {}
    edges: list[Edge] = []
    for address, place in sorted(known.places.items(), key=lambda item: item[0]):
        nodes = chosen_inputs(place, known.modules[address.module], report)
        units[address], found = build_unit(address, nodes, known, report)
        inputs[address] = nodes
        edges += found
    estate = Estate(
        root=root,
        project=project.project,
        terraform=terraform_of(project),
        regions=known.regions,
        accounts=places.accounts,
        units=units,
        edges=tuple(sorted(edges, key=lambda edge: (edge.upstream, edge.unit))),
        stateful=stateful,
        checks={name: tuple(entry.command) for name, entry in sorted(project.checks.items())},
    )
    modules = known.modules.values()
    mistakes = [m for found in modules for m in (*found.module.broken, *found.mistakes)]
    once = {(mistake.position, mistake.message): mistake for mistake in mistakes}
    declared = {name: found.places for name, found in known.modules.items()}
    return LoadedEstate(estate, known.places, inputs, tuple(once.values()), declared=declared)


def _check_suffix(suffix: str) -> None:
    try:
        check_name(suffix, SUFFIX_PATTERN)
    except ValueError as error:
        raise UsageError(f"--suffix: {error}") from error


def _read_modules(root: Path, files: EstateFiles, flavour: str) -> dict[str, DeclaredModule]:
    """Every module of config.yaml as its directory declares it."""
    node = files.project.find("modules")
    found: dict[str, DeclaredModule] = {}
    for name, entry in sorted(node.entries.items()) if node else ():
        settings = ProjectModuleEntry.model_validate(entry.plain or {})
        source = settings.source or f"modules/{name}"
        where = entry.find("source") or entry
        scope = Scope(settings.scope)
        found[name] = read_module(root, name, source, scope, flavour, entry=where.start)
    return found


def _enabled(
    places: Iterator[UnitPlace], modules: Mapping[str, DeclaredModule]
) -> Iterator[tuple[Address, UnitPlace]]:
    """Every unit's address, with its place."""
    for place in places:
        for name, declared in modules.items():
            switch = place.settings.find("modules", name, "enabled")
            on = switch is None or switch.value is True
            if on and declared.module.scope is place.scope:
                yield place.address(name), place
