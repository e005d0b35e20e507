"""What a picture of the graph shows, whatever its format: nodes in groups and lanes, and links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from statistics import mean

import networkx as nx

from pytg.graph.build import UnitGraph, edge_between, implied, waves
from pytg.model import GLOBAL, Address, Estate

_SCOPES = ("account-wide", "environment-wide", "regional")


@dataclass(frozen=True, slots=True)
class Node:
    """A unit (`id` is its address), or a module with all its units (`id` is its name).

    `rank` counts from 0; it is larger than that of every node upstream, but for backward links.
    """

    id: str
    label: str
    group: str
    lane: str
    units: tuple[Address, ...]
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """`target` needs `source`. No outputs: order only. `bridge`: only through units not shown.

    `crossing`: from one region to another. `implied`: order only, and other links imply it.
    `backward`: against the ranks, between modules only.
    """

    source: str
    target: str
    outputs: tuple[str, ...]
    crossing: bool
    bridge: bool = False
    implied: bool = False
    backward: bool = False

    @property
    def kind(self) -> str:
        if self.bridge:
            return "bridge"
        if not self.outputs:
            return "order"
        return "crossing" if self.crossing else "flow"

    @property
    def title(self) -> str:
        what = {"bridge": "through units not shown", "order": "order only"}.get(self.kind)
        return f"{self.source} -> {self.target}: {what or ', '.join(self.outputs)}"


@dataclass(frozen=True, slots=True)
class View:
    """Nodes and links, sorted. `lanes` are the names of all lanes, in the order to draw them."""

    title: str
    level: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    lanes: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """In order: an account's own units before those of its environments."""
        first = {node.group: node.units[0] for node in self.nodes}
        return tuple(
            sorted(
                first,
                key=lambda g: (
                    first[g].account,
                    first[g].environment != GLOBAL,
                    first[g].environment,
                ),
            )
        )

    @property
    def depth(self) -> int:
        return 1 + max(node.rank for node in self.nodes)

    @property
    def summary(self) -> str:
        steps = "waves" if self.level == "unit" else "layers"
        parts = ((len(self.nodes), f"{self.level}s"), (len(self.links), "edges"))
        return ", ".join(
            f"{count} {noun.removesuffix('s') if count == 1 else noun}"
            for count, noun in (*parts, (self.depth, steps))
        )

    def drawn(self) -> View:
        """Without the links that other links imply."""
        return replace(self, links=tuple(link for link in self.links if not link.implied))

    def only(self, units: Iterable[Address]) -> View:
        """The part of a view on units that shows `units`, with ranks of its own."""
        keep = {str(unit) for unit in units}
        nodes = [node for node in self.nodes if node.id in keep]
        links = [e for e in self.links if e.source in keep and e.target in keep]
        return _ranked(replace(self, nodes=tuple(nodes), links=tuple(links)))


def view_of(estate: Estate, graph: UnitGraph, level: str = "unit") -> View:
    """What to draw of a graph that may be contracted. `level` is `unit` or `module`."""
    broken = {unit.module.name for unit in estate.units.values() if unit.module.broken}
    if level == "module":
        name: Callable[[Address], str] = attrgetter("module")
        nodes = _nodes(graph, name, lambda _: "modules", _scope, broken)
        links = _turned(graph, _links(graph, name))
        lanes = [*_SCOPES]
    else:
        nodes = _nodes(graph, str, _environment, attrgetter("region"), broken)
        links = _links(graph, str)
        lanes = _regions(estate, graph)
    found = {node.lane for node in nodes}
    shown = tuple(lane for lane in lanes if lane in found)
    return _ranked(View(estate.project, level, tuple(nodes), tuple(links), shown))


def _regions(estate: Estate, graph: UnitGraph) -> list[str]:
    """`global`, the source, the target, and the others by name."""
    roles = {name: region.role for name, region in estate.regions.items()}
    place = {"source": 0, "target": 1}
    return sorted(
        {unit.region for unit in graph},
        key=lambda r: (r != GLOBAL, place.get(roles.get(r) or "", 2), r),
    )


def _environment(address: Address) -> str:
    wide = address.environment == GLOBAL
    return f"{address.account} / {'account-wide' if wide else address.environment}"


def _scope(address: Address) -> str:
    if address.region != GLOBAL:
        return _SCOPES[2]
    return _SCOPES[0] if address.environment == GLOBAL else _SCOPES[1]


def _nodes(
    graph: UnitGraph,
    name: Callable[[Address], str],
    group: Callable[[Address], str],
    lane: Callable[[Address], str],
    broken: Collection[str],
) -> list[Node]:
    """Those of modules in `broken`, which cannot be read, say so."""
    members: dict[str, list[Address]] = defaultdict(list)
    for unit in sorted(graph, key=str):
        members[name(unit)].append(unit)
    return [
        Node(key, _label(units[0].module, broken), group(units[0]), lane(units[0]), tuple(units))
        for key, units in sorted(members.items())
    ]


def _label(module: str, broken: Collection[str]) -> str:
    return f"{module} (cannot be read)" if module in broken else module


def _links(graph: UnitGraph, name: Callable[[Address], str]) -> list[Link]:
    """One link a pair; it is a bridge, or implied, only if all edges in it are."""
    merged: dict[tuple[str, str], Link] = {}
    needless = implied(graph)
    for up, down, data in graph.edges(data=True):
        outputs = tuple(sorted(edge_between(graph, up, down).outputs))
        crossing = up.region != down.region and GLOBAL not in {up.region, down.region}
        link = Link(
            source=name(up),
            target=name(down),
            outputs=outputs,
            crossing=crossing,
            bridge=data.get("bridge", False),
            implied=(up, down) in needless,
        )
        known = merged.get((link.source, link.target), link)
        merged[link.source, link.target] = replace(
            link,
            outputs=tuple(sorted({*known.outputs, *link.outputs})),
            crossing=known.crossing or link.crossing,
            bridge=known.bridge and link.bridge,
            implied=known.implied and link.implied,
        )
    return [link for _, link in sorted(merged.items())]


def _turned(graph: UnitGraph, links: Iterable[Link]) -> list[Link]:
    """Modules may need each other in turn: links of such a circle against the run order."""
    order: dict[str, list[int]] = defaultdict(list)
    for wave, units in enumerate(waves(graph)):
        for unit in units:
            order[unit.module].append(wave)
    late = {module: (mean(found), module) for module, found in order.items()}
    modules: nx.DiGraph[str] = nx.DiGraph((e.source, e.target) for e in links)
    knots = nx.strongly_connected_components(modules)
    knot = {name: number for number, names in enumerate(knots) for name in names}
    return [
        replace(e, backward=knot[e.source] == knot[e.target] and late[e.source] >= late[e.target])
        for e in links
    ]


def _ranked(view: View) -> View:
    """A node's rank is the number of links on the longest path to it."""
    forward: nx.DiGraph[str] = nx.DiGraph()
    forward.add_nodes_from(node.id for node in view.nodes)
    forward.add_edges_from((e.source, e.target) for e in view.links if not e.backward)
    generations = enumerate(nx.topological_generations(forward))
    ranks = {name: rank for rank, names in generations for name in names}
    return replace(view, nodes=tuple(replace(n, rank=ranks[n.id]) for n in view.nodes))
