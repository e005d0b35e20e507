"""The two ways of plain Terraform: in the units' roots, and on one root made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from differential.ends import FAILED, OK, SKIPPED, End, unread, whole
from differential.estates import Estate, UnitName
from differential.render import HAND, hand_root, module_files, write
from differential.ways import (
    Document,
    Failed,
    Part,
    Step,
    Way,
    generate,
    parsed,
    project_states,
    touched,
)
from pytg import exact_json

PLAN = "differential.plan"


class Plain(Way):
    """By plain Terraform."""

    def planned(self, directory: Path) -> Document:
        """Initialise, plan and read the plan. Raises Failed."""
        self.terraform(directory, "init", "-input=false", "-no-color")
        if (end := self.heard(directory, "plan", f"-out={PLAN}")).status != OK:
            raise Failed(f"{directory}: {end}")
        return self.shown(directory, PLAN)

    def ended(self, estate: Estate, directory: Path, planned: Callable[[Document], None]) -> End:
        """Initialise, plan and apply; `planned` is told the plan. Raises Failed unless faulty."""
        end = self.heard(directory, "init")
        if end.status == OK:
            end = self.heard(directory, "plan", f"-out={PLAN}")
        else:
            end = unread(end.said)
        if end.status == OK:
            planned(self.shown(directory, PLAN))
            apply = self.heard(directory, "apply", PLAN)
            end = End(apply.status, apply.phase, end.said | apply.said)
        if end.status == FAILED and not estate.faulty:
            raise Failed(f"{directory}: {end}")
        return end


class UnitRoots(Plain):
    """By plain Terraform in what `pytg generate` writes, in order of need."""

    def apply(self, estate: Estate) -> Step:
        step = Step()
        self.write(estate)
        generate(self.root, self.environ, estate)
        for unit in estate.units():
            if estate.unread(unit):  # it has no root
                home = f"modules/{unit.module}"
                step.ends[unit] = unread(self.heard(self.root / home, "init").said, f"{home}/")
            elif any(step.ends[needed].status != OK for needed in estate.needs(unit)):
                step.ends[unit] = End(SKIPPED)
            else:
                step.ends[unit] = self._applied(estate, unit, step)
        step.whole = whole(step.ends.values(), frozenset())
        step.states = project_states(self.root, estate)
        step.log = self.log
        return step

    def _applied(self, estate: Estate, unit: UnitName, step: Step) -> End:
        def planned(document: Document) -> None:
            step.plans[unit] = Part(document, f"module.{unit.module}.")

        return self.ended(estate, self._directory(estate, unit), planned)

    def leave(self, estate: Estate, units: Sequence[UnitName], destroyed: Sequence[str]) -> None:
        for unit in units:
            if unit.module in destroyed:
                self.terraform(self._directory(estate, unit), "destroy", "-auto-approve")

    def changes(self, estate: Estate) -> list[str]:
        directories = (self._directory(estate, unit) for unit in estate.units())
        return [text for found in directories for text in touched(self.planned(found))]

    def _directory(self, estate: Estate, unit: UnitName) -> Path:
        return self.root / ".pytg" / "units" / estate.address(unit)


class Hand(Plain):
    """By plain Terraform on one root that the harness composed."""

    def write(self, estate: Estate) -> None:
        write(self.root, module_files(estate, self.outside) | hand_root(estate))

    def apply(self, estate: Estate) -> Step:
        self.write(estate)
        directory = self.root / HAND
        step = Step()

        def planned(document: Document) -> None:
            for unit in estate.units():
                step.plans[unit] = Part(document, f"module.{unit.call}.", f"{unit.call}__")

        step.whole = self.ended(estate, directory, planned)
        path = directory / "terraform.tfstate"
        state = parsed(path.read_text()) if path.exists() else {}
        for unit in estate.units():
            step.states[unit] = Part(state, f"module.{unit.call}", f"{unit.call}__")
        step.log = self.log
        return step

    def leave(self, _estate: Estate, units: Sequence[UnitName], destroyed: Sequence[str]) -> None:
        """Take the others out of the state; whose call is gone is destroyed by the next apply."""
        left = [unit.call for unit in units if unit.module not in destroyed]
        path = self.root / HAND / "terraform.tfstate"
        if not left or not path.exists():
            return
        for call in left:  # it may hold nothing
            self.ran(path.parent, "state", "rm", f"module.{call}")
        state = exact_json.loads(path.read_text())
        for name in [n for n in state["outputs"] if n.startswith(tuple(f"{c}__" for c in left))]:
            del state["outputs"][name]
        path.write_text(exact_json.dumps(state))

    def destroy(self, _estate: Estate) -> None:
        self.terraform(self.root / HAND, "destroy", "-auto-approve")

    def changes(self, _estate: Estate) -> list[str]:
        return touched(self.planned(self.root / HAND))
