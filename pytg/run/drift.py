"""What changed outside of Terraform, from a plan that only refreshes."""

from __future__ import annotations

from collections.abc import Iterable

from pytg.compose.changes import Calls, ResourceAction, UnitChanges
from pytg.model import Address
from pytg.terraform.event_stream import Event
from pytg.terraform.plan import Plan, ResourceChange

_STILL = frozenset({"noop", "read", "move"})


def has_drift(events: Iterable[Event]) -> bool:
    """Whether a plan found anything that is not as its state says."""
    return any(event.type == "resource_drift" for event in events)


def outside(plan: Plan, calls: Calls) -> dict[Address, UnitChanges]:
    """By unit: `update` is a resource that is not as its state says, `delete` one that is gone.

    Outputs follow from resources, and a `moved` block is no change from outside.
    """
    found: dict[Address, list[ResourceAction]] = {unit: [] for unit in calls.units.values()}
    for change in filter(_counts, plan.drift):
        if owner := calls.unit_of(change.address):
            found[owner[0]].append(ResourceAction(owner[1], change.action, change.type))
    return {
        unit: UnitChanges(
            unit,
            resources=tuple(sorted(resources)),
            update=sum(one.action == "update" for one in resources),
            delete=sum(one.action == "delete" for one in resources),
        )
        for unit, resources in found.items()
    }


def _counts(change: ResourceChange) -> bool:
    """Whether it is more than a name, or nothing that is read back as something empty."""
    return change.action not in _STILL and (change.action != "update" or bool(change.outside))
