"""What failed on an error that comes and goes is tried again, a few times, with growing pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import networkx as nx

from pytg.compose.stage import Stage
from pytg.files import write_new
from pytg.model import Address
from pytg.record.run import BAD, Status
from pytg.record.words import named
from pytg.run.approved import Approved
from pytg.run.execution import Execution
from pytg.run.passing import again_told
from pytg.run.planned_stage import PlannedStage
from pytg.run.root import SavedPlan
from pytg.terraform.transient import pause_s

_STAYS = BAD - {Status.SKIPPED}


class Again:
    """The units of an apply that are planned and applied once more.

    `approved` is what a person approved of them, which is what was first asked about: a plan
    within that needs no question.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._tried: Counter[Address] = Counter()
        self._pause_s = 0.0
        self.approved: dict[Address, Approved] = {}
        self._plans: list[tuple[SavedPlan, bytes]] = []

    def before(self, planned: Sequence[PlannedStage], *, asked: bool) -> None:
        """`planned` are about to be applied; `asked`: a person has just approved all of it."""
        if asked:
            self.approved = {}
        execution = self._execution
        kept = execution.tries_again and not execution.options.yes
        plans = [plan for each in planned for plan in each.plans if plan.touched] if kept else []
        self._plans = [(plan, plan.root.plan_file.read_bytes()) for plan in plans]

    def after(self, planned: Sequence[PlannedStage]) -> list[Stage]:
        """The stages to plan anew, now that `planned` were applied: what failed in passing.

        With what was skipped for that alone. Their units are pending once more.
        """
        self._pause_s = 0.0
        execution = self._execution
        most = execution.estate.terraform.retry.attempts
        passing = dict(execution.passing)
        execution.passing.clear()
        failed = {u for u in passing if execution.status(u) is Status.FAILED}
        self._tried.update(failed)
        failed = {unit for unit in failed if self._tried[unit] < most}
        if not failed or not execution.tries_again:
            self.approved = {}
            return []
        units = failed | self._skipped_for(failed)
        tried = max(self._tried[unit] for unit in failed)
        self._pause_s = pause_s(tried, execution.estate.terraform.retry.pause)
        for unit in sorted(failed):
            execution.note(again_told(str(unit), passing[unit], tried + 1, most, self._pause_s))
        again = {unit for each in planned for unit in each.stage.units if unit in units}
        self.approved = {**self._shown(again), **self._still(again)}
        execution.record.reopen(again)
        stages = [each.stage.only(u for u in each.stage.units if u in again) for each in planned]
        reason = f"tried again: {named(sorted(failed))}"
        return [replace(stage, reason=reason) for stage in stages if stage.units]

    def _still(self, units: Collection[Address]) -> dict[Address, Approved]:
        return {unit: approved for unit, approved in self.approved.items() if unit in units}

    def _shown(self, units: Collection[Address]) -> dict[Address, Approved]:
        """What the last round was to do with `units` of which nothing was approved before.

        An apply removes its plan, which is put back to be read: a Terraform process for each.
        """
        found: dict[Address, Approved] = {}
        for plan, written in self._plans:
            mine = plan.changes.keys() & set(units) - self.approved.keys()
            if mine:
                write_new(plan.root.plan_file, written, durable=False)
                found |= dict.fromkeys(mine, Approved.of(plan))
                plan.root.plan_file.unlink()
        return found

    def wait(self) -> None:
        """Wait as long as the next attempt asks for, or until the run is interrupted."""
        self._execution.cancel.wait(self._pause_s)

    def _skipped_for(self, failed: Collection[Address]) -> set[Address]:
        """The skipped units that need one of `failed`, and nothing else that went wrong."""
        execution = self._execution
        status = {unit: found.status for unit, found in execution.record.run.units.items()}
        bad = {unit for unit, found in status.items() if found in _STAYS} - set(failed)
        before = {
            unit: nx.ancestors(execution.needs, unit)
            for unit, found in status.items()
            if found is Status.SKIPPED
        }
        return {u for u, needs in before.items() if needs & set(failed) and not needs & bad}
