"""Names in one place that must stand in another: modules, variables, providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytg.config.hierarchy import EstateFiles
from pytg.config.modules import DeclaredModule
from pytg.config.node import Node, ReportProblem
from pytg.errors import Position, Problem
from pytg.suggest import did_you_mean

BUILT_IN = "terraform"  # the provider inside Terraform itself
PEER = "peer"  # the one alias that a unit root has


def check_names(
    files: EstateFiles, modules: Mapping[str, DeclaredModule], report: ReportProblem
) -> None:
    """Report modules, common inputs and providers that are named and not known."""
    declared = files.project.find("modules")
    known = {*(declared.entries if declared else ()), *files.doubtful}
    documents = [
        files.project,
        *files.accounts.values(),
        *files.regions.values(),
        *files.environments.values(),
    ]
    for document in documents:
        for name, place in _named_modules(document):
            if name not in known:
                report(Problem(f"there is no module `{name}`", place, did_you_mean(name, known)))
    for name, entry in declared.entries.items() if declared else ():
        for item in (entry.find("after") or entry).items:
            if item.value == name:
                report(Problem(f"module `{name}` cannot come after itself", item.position))
    _check_common_inputs(documents, modules, report)
    if "terraform" not in files.doubtful_keys:
        _check_providers(files, modules, report)


def _named_modules(document: Node) -> Iterator[tuple[str, Position]]:
    """Every module that `document` names, and where."""
    entries = document.find("modules")
    for name, entry in entries.entries.items() if entries else ():
        yield name, entry.start
        for item in (entry.find("after") or entry).items:
            yield str(item.value), item.position
    maker = document.find("backend", "module")
    if maker and maker.value is not None:
        yield str(maker.value), maker.position


def _check_common_inputs(
    documents: list[Node], modules: Mapping[str, DeclaredModule], report: ReportProblem
) -> None:
    if not all(module.complete for module in modules.values()):
        return
    variables = {name for module in modules.values() for name in module.module.variables}
    for document in documents:
        inputs = document.find("inputs")
        for name, node in inputs.entries.items() if inputs else ():
            if name not in variables:
                message = f"no module declares a variable `{name}`"
                report(Problem(message, node.start, did_you_mean(name, variables)))


def _check_providers(
    files: EstateFiles, modules: Mapping[str, DeclaredModule], report: ReportProblem
) -> None:
    listed = files.project.find("terraform", "providers")
    known = {*(listed.entries if listed else ()), BUILT_IN}
    for name, declared in modules.items():
        entry = files.project.find("modules", name)
        place = entry.start if entry else None
        for provider in sorted(declared.module.providers - known):
            hint = f"add `terraform.providers.{provider}` with `source` and `version`"
            message = f"module `{name}` needs the provider `{provider}`, which is not listed"
            report(Problem(message, place, hint))
        for provider, alias in sorted(declared.module.aliases):
            if alias != PEER:
                message = f"module `{name}` needs the provider alias `{provider}.{alias}`"
                report(Problem(message, place, f"pytg passes the alias `{PEER}` only"))
