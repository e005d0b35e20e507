"""What a plan does, unit by unit, from the events of `terraform plan -json`.

The source of the events: Terraform's machine-readable UI. They carry addresses and actions,
and no values, so that nothing secret passes here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytg.compose.shape import output_of
from pytg.generate.composed import FIRST
from pytg.model import Address

ACTIONS = ("create", "update", "replace", "delete")
_QUIET = frozenset({"noop", "read"})


@dataclass(frozen=True, order=True, slots=True)
class ResourceAction:
    """One resource instance that a plan touches. `address` is inside the unit's module."""

    address: str
    action: str
    type: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnitChanges:
    """What a plan does to one unit. `outputs` are the outputs whose value may change.

    `drift` counts the resources that are gone outside Terraform. Other drift is not counted:
    a provider's computed attributes change after nearly every apply.
    """

    address: Address
    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    imports: int = 0
    outputs: tuple[str, ...] = ()
    resources: tuple[ResourceAction, ...] = ()
    drift: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Changes by action, in the order of ACTIONS."""
        return {action: getattr(self, action) for action in ACTIONS}

    @property
    def besides(self) -> str:
        """What changes and has no count, such as `1 to import; outputs change`."""
        others = Counter(c.action for c in self.resources if c.action not in ACTIONS)
        parts = (
            f"{self.imports} to import" if self.imports else "",
            *(f"{count} to {action}" for action, count in sorted(others.items())),
            "outputs change" if self.outputs and not self.resources else "",
        )
        return "; ".join(part for part in parts if part)

    def that(self, *actions: str) -> tuple[str, ...]:
        """The resources that one of `actions` is done to, inside the unit's module."""
        return tuple(each.address for each in self.resources if each.action in actions)

    @property
    def changed(self) -> bool:
        """Whether applying the plan would write this unit's state."""
        return bool(self.resources or self.imports or self.outputs)


@dataclass(frozen=True, slots=True)
class Calls:
    """How module calls and root outputs of one root module belong to units.

    `composed`: outputs are named `<call>__<output>`; otherwise the root has one call, and all
    that it manages belongs to that unit.
    """

    units: Mapping[str, Address]
    composed: bool = True

    def unit_of(self, address: str) -> tuple[Address, str] | None:
        """The unit of a resource address, and the address inside its module.

        What somebody added beside the call to a unit's own root is given with its whole address.
        """
        call, _, rest = address.removeprefix("module.").partition(".")
        call = call.removesuffix(FIRST)
        unit = self.units.get(call) if address.startswith("module.") else None
        if unit:
            return unit, rest
        if self.composed or not address or address.startswith("data."):
            return None
        return next(iter(self.units.values())), address

    def plain(self, text: str) -> str:
        """A text of Terraform without the instance key of counted module calls."""
        for call in self.units if FIRST in text else ():
            text = text.replace(f"module.{call}{FIRST}", f"module.{call}")
        return text

    def by_unit(self, addresses: Iterable[str]) -> dict[Address, list[str]]:
        """Resource addresses by unit, inside its module; those of no unit are left out."""
        found: dict[Address, list[str]] = {}
        for unit, inside in filter(None, map(self.unit_of, addresses)):
            found.setdefault(unit, []).append(inside)
        return found

    def output_of(self, name: str) -> tuple[Address, str] | None:
        """The unit of a root output, and the output's own name."""
        if not self.composed:
            return next(iter(self.units.values())), name
        found = output_of(name, self.units)
        return (self.units[found[0]], found[1]) if found else None


def split_changes(events: Iterable[Mapping[str, Any]], calls: Calls) -> dict[Address, UnitChanges]:
    """The changes of every unit in `calls`; units that the plan leaves alone have none."""
    resources: dict[Address, list[ResourceAction]] = {u: [] for u in calls.units.values()}
    outputs: dict[Address, list[str]] = {u: [] for u in calls.units.values()}
    imports = dict.fromkeys(calls.units.values(), 0)
    drift = dict.fromkeys(calls.units.values(), 0)
    for event in events:
        if event.get("type") == "outputs":
            for name, value in event["outputs"].items():
                found = calls.output_of(name)
                if found and value.get("action", "noop") != "noop":
                    outputs[found[0]].append(found[1])
            continue
        change = event.get("change") or {}
        found = calls.unit_of((change.get("resource") or {}).get("addr", ""))
        if not found:
            continue
        unit, inside = found
        if event["type"] == "resource_drift":
            drift[unit] += change["action"] == "delete"
        elif event["type"] == "planned_change":
            imports[unit] += "importing" in change
            if change["action"] not in _QUIET:
                kind = change["resource"]["resource_type"]
                reason = change.get("reason", "")
                resources[unit].append(ResourceAction(inside, change["action"], kind, reason))
    return {
        unit: _count(
            UnitChanges(
                unit,
                imports=imports[unit],
                outputs=tuple(sorted(outputs[unit])),
                resources=tuple(sorted(resources[unit])),
                drift=drift[unit],
            )
        )
        for unit in calls.units.values()
    }


def exceeds(
    planned: UnitChanges, approved: UnitChanges, *, again: bool = False
) -> tuple[ResourceAction, ...]:
    """What `planned` does to resources that `approved` did not show.

    `again`: after an apply of `approved` that failed half way. What it was to create may be there
    in part and be replaced; what it was to replace may be gone and be created.
    """
    shown = {(c.address, c.action) for c in approved.resources}
    if again:
        made = {address for address, action in shown if action in {"create", "replace"}}
        shown |= {(address, action) for address in made for action in ("create", "replace")}
    return tuple(c for c in planned.resources if (c.address, c.action) not in shown)


def total(changes: Iterable[UnitChanges]) -> dict[str, int]:
    """Changes by action, over all units."""
    every = [c.counts for c in changes]
    return {action: sum(c[action] for c in every) for action in ACTIONS}


def _count(changes: UnitChanges) -> UnitChanges:
    actions = [c.action for c in changes.resources]
    # `forget` (a `removed` block) and `move` write the state and touch nothing: no count.
    return replace(changes, **{action: actions.count(action) for action in ACTIONS})  # type: ignore[arg-type]  # the four counts are int
