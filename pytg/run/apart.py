"""Units that must not be planned together, for the lifecycle of one would hold for the other.

`create_before_destroy` holds for all that a resource depends on. In a composed plan that is what
is upstream too: a thing with a fixed name would be created while the old one is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx

from pytg.compose.lifecycle import is_early, replaced_early, without_keys
from pytg.model import Address
from pytg.run.composed_plan import ComposedPlan
from pytg.run.root import SavedPlan

Late = Mapping[Address, str]

_EARLY = ("create", "delete")


@dataclass(frozen=True, slots=True)
class Apart:
    """A stage to be planned in two: `late` are the units of the second, with the reason."""

    late: Late


def leaking(planned: SavedPlan) -> Late:
    """Units whose lifecycle has changed how the plan replaces something upstream, and why.

    Costs one Terraform process, and only where such a unit is after one with a replacement.
    """
    execution = planned.root.execution
    if execution.options.destroy or not isinstance(planned, ComposedPlan):
        return {}
    replacing = _replacing(planned)
    says_so = {unit.address for unit, shape in planned.shapes if shape.early}
    order = execution.order.subgraph(planned.changes)
    below = {unit: nx.descendants(order, unit) & says_so for unit in replacing}
    late: dict[Address, str] = {}
    for unit, resource in _replaced_early(planned, replacing) if any(below.values()) else ():
        for other in below[unit]:
            late[other] = f"its create_before_destroy would also hold for {unit} {resource}"
    return late


def _replacing(planned: ComposedPlan) -> dict[Address, frozenset[str]]:
    """Units with a replacement, and what each alone creates before it destroys it."""
    found = {
        unit.address: replaced_early(shape, planned.read[unit.address].state)
        for unit, shape in planned.shapes
        if planned.changes[unit.address].replace
    }
    return {unit: early for unit, early in found.items() if early is not None}


def _replaced_early(
    planned: ComposedPlan, replacing: Mapping[Address, frozenset[str]]
) -> list[tuple[Address, str]]:
    """What the plan creates before it destroys it, and the unit alone would not."""
    owners = (
        planned.root.calls.unit_of(change.address)
        for change in planned.details().changes
        if change.actions == _EARLY
    )
    return [
        owner
        for owner in owners
        if owner
        and owner[0] in replacing
        and not is_early(without_keys(owner[1]), replacing[owner[0]])
    ]
