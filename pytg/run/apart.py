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
    order = execution.order.subgraph(planned.changes)
    below = {
        unit: {d for d in nx.descendants(order, unit) if _says_so(planned, d)}
        for unit in _replacing(planned)
    }
    if not any(below.values()):
        return {}
    late: dict[Address, str] = {}
    for unit, resource in _replaced_early(planned):
        for other in below.get(unit, ()):
            late[other] = f"its create_before_destroy would also hold for {unit} {resource}"
    return late


def _says_so(planned: ComposedPlan, unit: Address) -> bool:
    return any(shape.early for each, shape in planned.shapes if each.address == unit)


def _replacing(planned: ComposedPlan) -> dict[Address, frozenset[str]]:
    """Units with a replacement that they alone would begin by destroying, with what is not such."""
    found: dict[Address, frozenset[str]] = {}
    for unit, shape in planned.shapes:
        early = replaced_early(shape, planned.read[unit.address].state)
        replaced = [r for r in planned.changes[unit.address].resources if r.action == "replace"]
        if early is not None and any(
            not is_early(without_keys(r.address), early) for r in replaced
        ):
            found[unit.address] = early
    return found


def _replaced_early(planned: ComposedPlan) -> list[tuple[Address, str]]:
    """What the plan creates before it destroys it, and the unit alone would not."""
    replacing = _replacing(planned)
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
