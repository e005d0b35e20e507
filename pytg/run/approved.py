"""What a person approved of a unit, and what a plan made later does beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pytg.compose.changes import Calls, UnitChanges, exceeds
from pytg.errors import Refused
from pytg.model import Address
from pytg.run.root import SavedPlan
from pytg.terraform.difference import Values, uncovered
from pytg.terraform.plan import Plan

Named = tuple[Address, str]  # a unit, and an address or an output's name inside it


@dataclass(frozen=True, slots=True)
class Approved:
    """`changes` by unit; `resources` and `outputs` as values that were known then, where read."""

    changes: Mapping[Address, UnitChanges]
    resources: Mapping[Named, Values] = field(default_factory=dict)
    outputs: Mapping[Named, Values] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: SavedPlan) -> Approved:
        """What `plan` shows: one more Terraform process."""
        return cls(plan.changes, *_values(plan.details(), plan.root.calls))

    def refuse_beyond(self, plan: SavedPlan, unit: Address, *, again: bool) -> None:
        """Raise Refused where `plan`, of `unit` alone, goes beyond this; see `beyond`."""
        if beyond := self.beyond(plan, unit, again=again):
            lines = "\n".join(f"    {line}" for line in beyond)
            raise Refused(
                f"the plan of {unit} goes beyond what was approved:\n{lines}",
                hint="run the command again to see and approve the new plan",
            )

    def beyond(self, plan: SavedPlan, unit: Address, *, again: bool) -> list[str]:
        """What `plan` does to `unit` that this did not show: an action, an import, or a value.

        What was not known when it was approved may be anything. `again`: see `exceeds`. Costs one
        Terraform process where something changes and values were read.
        """
        shown = self.changes.get(unit, UnitChanges(unit))
        planned = plan.changes[unit]
        beyond = [f"{c.action} {c.address}" for c in exceeds(planned, shown, again=again)]
        if planned.imports > shown.imports:
            beyond.append(f"{planned.imports} to import, and {shown.imports} were shown")
        if plan.root.composed:  # in a unit's own root, Terraform may name other ones
            fresh = sorted(set(planned.outputs) - set(shown.outputs))
            beyond += [f"output {name} changes, and was not shown" for name in fresh]
        return beyond or list(self._other_values(plan, unit))

    def _other_values(self, plan: SavedPlan, unit: Address) -> Iterator[str]:
        """Where values are others than those shown; without the values, which may be secret."""
        if not (self.resources or self.outputs):
            return
        resources, outputs = _values(plan.details(), plan.root.calls)
        for (owner, name), values in resources.items():
            if owner == unit and (shown := self.resources.get((unit, name))):
                for place in uncovered(shown, values):
                    yield f"{name}: {place} is not what was shown"
        for (owner, name), values in outputs.items():
            if owner == unit and (shown := self.outputs.get((unit, name))):
                for _ in uncovered(shown, values):
                    yield f"output {name} is not what was shown"


def _values(plan: Plan, calls: Calls) -> tuple[dict[Named, Values], dict[Named, Values]]:
    resources: dict[Named, Values] = {}
    for change in plan.changes:
        owner = calls.unit_of(change.address)
        if owner and change.action not in {"noop", "read"}:
            name = f"{owner[1]} {change.deposed}".rstrip()
            resources[owner[0], name] = Values(change.before, change.after, change.after_unknown)
    outputs = {
        owner: Values(output.before, output.after, output.after_unknown)
        for output in plan.outputs
        if (owner := calls.output_of(output.name)) and output.actions != ("no-op",)
    }
    return resources, outputs
