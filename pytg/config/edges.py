"""The edges of the graph: from references, from `after`, and from the backend's own unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pytg.config.backends import bootstrap
from pytg.config.references import Known
from pytg.config.unit_places import UnitPlace
from pytg.errors import Position
from pytg.model import GLOBAL, Address, Edge, Reference


@dataclass
class _Flow:
    """What is known of one edge so far."""

    outputs: set[str] = field(default_factory=set)
    positions: set[Position] = field(default_factory=set)


def edges_of(
    unit: Address, used: Iterable[tuple[Reference, Position]], known: Known
) -> tuple[Edge, ...]:
    """The edges that end at `unit`, by upstream address."""
    flows: dict[Address, _Flow] = defaultdict(_Flow)
    for reference, position in used:
        flows[reference.unit].outputs.add(reference.output)
        flows[reference.unit].positions.add(position)
    place = known.places[unit]
    for upstream, position in (*asked_after(unit, place, known), *_bootstrap(unit, place, known)):
        flows[upstream].positions.add(position)
    return tuple(
        Edge(upstream, unit, frozenset(flow.outputs), tuple(sorted(flow.positions)))
        for upstream, flow in sorted(flows.items())
    )


def asked_after(
    unit: Address, place: UnitPlace, known: Known
) -> Iterator[tuple[Address, Position]]:
    """Every unit of a module in `after` in the same account, and where that is said.

    And in the same environment and region, where both units belong to one.
    """
    node = place.settings.find("modules", unit.module, "after")
    for item in node.items if node else ():
        for other in _units_of(known.places, str(item.value)):
            if other.account == unit.account and all(
                theirs == ours or GLOBAL in (theirs, ours)
                for theirs, ours in (
                    (other.environment, unit.environment),
                    (other.region, unit.region),
                )
            ):
                yield other, item.position


def _units_of(places: Mapping[Address, UnitPlace], module: str) -> Iterator[Address]:
    return (address for address in places if address.module == module)


def _bootstrap(unit: Address, place: UnitPlace, known: Known) -> Iterator[tuple[Address, Position]]:
    found = bootstrap(place, known)
    if found and found[0] != unit:
        yield found
