"""The ways of pytg itself: composed, module after module, and one process a unit."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any
from unittest.mock import patch

from differential.ends import FAILED, OK, SKIPPED, End, Said, said, unread, whole
from differential.estates import Estate, UnitName
from differential.values import Ref
from differential.ways import Failed, Part, Step, Way, project_states, touched
from pytg.compose.changes import UnitChanges
from pytg.project import Finished, Project, Selectors
from pytg.record.run import Finding, Run, Status
from pytg.run.root import Root, SavedPlan

HALF = 0.5
_STATUS = {
    Status.SUCCEEDED: OK,
    Status.UNCHANGED: OK,
    Status.FAILED: FAILED,
    Status.SKIPPED: SKIPPED,
}


class Pytg(Way):
    """By pytg, composed."""

    options: Mapping[str, Any] = {}

    def apply(self, estate: Estate) -> Step:
        self.write(estate)
        step = Step()
        self._apply(estate, step, None)
        step.states = project_states(self.root, estate)
        step.log = self.log
        return step

    def _apply(self, estate: Estate, step: Step, selectors: Selectors | None) -> None:
        for _ in range(1 + len(estate.modules)):
            with patch.dict(os.environ, self.environ), self._heard(estate, step):
                finished = Project(self.root).apply(selectors, yes=True, **self.options)
            if finished.ok or estate.faulty:
                step.told |= told(estate, finished.changes.values())
                step.ends |= ends(estate, finished)
                step.whole = whole(step.ends.values(), _general(finished.run))
            if finished.ok or not self._again(finished):
                break
        if finished.ok or estate.faulty:
            return
        said = f"{finished.error}\n{getattr(finished.error, 'hint', '')}\n"
        raise Failed(said + "\n".join(f"{a}: {u}" for a, u in finished.run.units.items()))

    def leave(self, estate: Estate, units: Sequence[UnitName], destroyed: Sequence[str]) -> None:
        going = tuple(estate.address(unit) for unit in units if unit.module in destroyed)
        if not going:
            return
        with patch.dict(os.environ, self.environ):
            finished = Project(self.root).destroy(Selectors(select=going), yes=True, **self.options)
        kept = project_states(self.root, estate)
        left = [
            u.call for u in units if u.module in destroyed and kept[u].document.get("resources")
        ]
        if left or not finished.ok:
            raise Failed(f"{finished.error}: {left} not destroyed")

    def changes(self, _estate: Estate) -> list[str]:
        with patch.dict(os.environ, self.environ):
            finished = Project(self.root).plan(**self.options)
        if not finished.ok:
            raise Failed(str(finished.error))
        return [str(c) for c in finished.changes.values() if c.changed]

    def _again(self, _finished: Finished) -> bool:
        """Whether a run that ended so is begun again."""
        return False

    @contextlib.contextmanager
    def _heard(self, estate: Estate, step: Step) -> Iterator[None]:
        """Keep the plan that each unit was last in, and for good the one that was applied."""
        units = {estate.address(unit): unit for unit in estate.units()}
        applied: set[UnitName] = set()
        plan, apply = Root.plan, Root.apply

        def hear(root: Root, *, final: bool) -> None:
            text = json.dumps(self.shown(root.workdir, root.plan_file.name))
            for unit in root.units:  # a call that waits for others is counted, and is the same
                text = text.replace(f"module.{unit.address.slug}[0]", f"module.{unit.address.slug}")
            document = json.loads(text)
            for unit in root.units:
                name, slug = units[str(unit.address)], unit.address.slug
                alone = Part(document, f"module.{unit.address.module}.")
                many = Part(document, f"module.{slug}.", f"{slug}__")
                if name not in applied:
                    step.plans[name] = many if root.composed else alone
                if final and touched(document, step.plans[name]):
                    applied.add(name)

        def planning(root: Root, **options: Any) -> SavedPlan:
            saved = plan(root, **options)
            step.processes += 1
            hear(root, final=False)
            return saved

        def applying(root: Root, *arguments: Any, **options: Any) -> Any:
            hear(root, final=True)
            return apply(root, *arguments, **options)

        with patch.object(Root, "plan", planning), patch.object(Root, "apply", applying):
            yield


class PerUnit(Pytg):
    """By pytg, one process a unit; what was not approved because it could not be known is next."""

    options: Mapping[str, Any] = {"per_unit": True}

    def _again(self, finished: Finished) -> bool:
        return any("approved" in unit.reason for unit in finished.run.units.values())


class Pieces(Pytg):
    """By pytg, one module after another: what they read of the others comes from states."""

    def apply(self, estate: Estate) -> Step:
        self.write(estate)
        step = Step()
        for module in estate.modules:
            before = self._others(module.name)
            self._apply(estate, step, Selectors(module=(module.name,)))
            if self._others(module.name) != before:
                raise Failed(f"a run of {module.name} alone changed another unit's state")
        step.states = project_states(self.root, estate)
        step.log = self.log
        return step

    def _others(self, module: str) -> dict[str, bytes]:
        """The states of all other modules."""
        files = (self.root / ".pytg" / "state").rglob("*.tfstate")
        return {str(f): f.read_bytes() for f in files if f.parent.name != module}


class Picked(Pytg):
    """By pytg, first some of the units alone, which changes no other's state, and then all."""

    def apply(self, estate: Estate) -> Step:
        self.write(estate)
        some = [estate.address(unit) for unit in self._some(estate)]
        if some:
            before = self._others(some)
            self._apply(estate, Step(), Selectors(select=tuple(some)))
            if self._others(some) != before:
                raise Failed(f"a run of {some} alone changed another unit's state")
        step = Step()
        self._apply(estate, step, None)
        step.states = project_states(self.root, estate)
        step.log = self.log
        return step

    def _some(self, estate: Estate) -> list[UnitName]:
        """Units by chance that find what they read, applied before or by the same run."""
        states = project_states(self.root, estate)
        chance = Random(repr(estate))  # noqa: S311 - the same for the same estate
        picked: list[UnitName] = []
        for unit in estate.units():
            parts = estate.module(unit.module).parts
            read = [
                (estate.target(unit, p.value), p.value) for p in parts if isinstance(p.value, Ref)
            ]
            found = all(u in picked or _holds(states[u], ref.output) for u, ref in read)
            lasts = any(part.kind == "ignoring" for part in parts)  # it keeps what it reads first
            if found and not lasts and chance.random() < HALF:
                picked.append(unit)
        return picked

    def _others(self, some: Sequence[str]) -> dict[str, bytes]:
        place = self.root / ".pytg" / "state"
        own = {place / address / "terraform.tfstate" for address in some}
        return {str(f): f.read_bytes() for f in place.rglob("*.tfstate") if f not in own}


def _holds(part: Part, output: str) -> bool:
    return output in part.document.get("outputs", {})


def told(estate: Estate, changes: Iterable[UnitChanges]) -> dict[UnitName, dict[str, str]]:
    """What pytg says that a plan does, by unit."""
    units = {estate.address(unit): unit for unit in estate.units()}
    return {units[str(c.address)]: {r.address: r.action for r in c.resources} for c in changes}


def ends(estate: Estate, finished: Finished) -> dict[UnitName, End]:
    """How each unit ended by the run's record; one that was planned failed in the apply."""
    found = {}
    names = {estate.address(unit): unit for unit in estate.units()}
    for address, unit in finished.run.units.items():
        status = _STATUS.get(unit.status, unit.status)
        phase = "apply" if address in finished.changes else "plan"
        heard = _said(unit.diagnostics)
        name = names[str(address)]
        end = End(status, phase if status == FAILED else "", heard)
        found[name] = unread(heard) if status == FAILED and estate.unread(name) else end
    return found


def _general(run: Run) -> frozenset[Said]:
    """What is of no unit surely."""
    return _said(run.diagnostics)


def _said(findings: Iterable[Finding]) -> frozenset[Said]:
    return frozenset(
        said(f.severity, f.summary, f.detail, f.file or "", f.line or 0) for f in findings
    )
