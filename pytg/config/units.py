"""One unit out of its place, its module and its inputs."""

from __future__ import annotations

from collections.abc import Mapping

from pytg.config.backends import backend_of, bootstrap
from pytg.config.edges import asked_after, edges_of
from pytg.config.inputs import resolve_inputs
from pytg.config.modules import DeclaredModule
from pytg.config.names import PEER
from pytg.config.node import Node
from pytg.config.problems import ProblemCollector
from pytg.config.references import Known, Resolver
from pytg.config.unit_places import UnitPlace
from pytg.errors import Position, Problem
from pytg.model import Address, Edge, Import, Unit
from pytg.suggest import did_you_mean


def build_unit(
    address: Address, nodes: Mapping[str, Node], known: Known, report: ProblemCollector
) -> tuple[Unit, tuple[Edge, ...]]:
    """The unit at `address`, whose inputs stand in `nodes`, and the edges that end at it."""
    place = known.places[address]
    declared = known.modules[address.module]
    resolver = Resolver(known, place, address.module, report)
    entry = place.settings.find("modules", address.module) or Node({}, place.position)
    inputs = resolve_inputs(nodes, declared, resolver, report)
    edges = edges_of(address, resolver.used, known)
    region = known.regions.get(place.region)
    _check_peer(declared, place, entry, known, report)
    maker = bootstrap(place, known)
    unit = Unit(
        address=address,
        module=declared.module,
        account=place.account,
        region=place.region,
        peer_region=region.peer if region else None,
        environment_name=place.environment_name,
        suffix=place.suffix,
        inputs=inputs,
        tags=place.tags,
        backend=backend_of(address, place, known, report),
        after=frozenset(
            {edge.upstream for edge in edges if not edge.outputs}
            | {upstream for upstream, _ in asked_after(address, place, known)}
        ),
        imports=_imports(declared, entry, resolver, report),
        isolate=_true(entry, "isolate"),
        bootstrap=maker is not None and maker[0] == address,
        protected=_true(place.settings, "protected"),
    )
    return unit, edges


def _imports(
    declared: DeclaredModule, entry: Node, resolver: Resolver, report: ProblemCollector
) -> tuple[Import, ...]:
    listed = entry.find("imports")
    found = []
    for item in listed.items if listed else ():
        to = item.entries["to"]
        _check_target(declared, str(to.value), to.start, report)
        found.append(Import(to=str(to.value), id=resolver.text(item.entries["id"])))
    return tuple(found)


def _check_target(
    declared: DeclaredModule, to: str, position: Position, report: ProblemCollector
) -> None:
    """The resource, or the module call it lies in, must be one that the module has."""
    part = ".".join(to.partition("[")[0].split(".")[:2])
    module = declared.module
    if not declared.complete or part in module.parts:
        return
    hint = did_you_mean(part, module.parts)
    report(Problem(f"module `{module.name}` has no `{part}` to import into", position, hint))


def _check_peer(
    declared: DeclaredModule, place: UnitPlace, entry: Node, known: Known, report: ProblemCollector
) -> None:
    region = known.regions.get(place.region)
    if region and not region.peer and any(a == PEER for _, a in declared.module.aliases):
        message = f"module `{declared.module.name}` needs the provider alias `{PEER}`"
        hint = f"region `{region.name}` has no peer: give it one under `regions` in config.yaml"
        report(Problem(message, entry.start, hint), str(place))


def _true(node: Node, key: str) -> bool:
    found = node.find(key)
    return found is not None and found.value is True
