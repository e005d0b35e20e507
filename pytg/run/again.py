"""What failed on an error that comes and goes is tried again, a few times, with growing pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.model import Address
from pytg.record.run import Status
from pytg.record.words import named
from pytg.run.execution import Execution
from pytg.run.passing import again_told
from pytg.run.planned_stage import PlannedStage
from pytg.terraform.transient import pause_s

_STAYS = frozenset({Status.FAILED, Status.CANCELLED, Status.UNKNOWN})


class Again:
    """The units of an apply that are planned and applied once more.

    `approved` is what had been approved of them: a plan within that needs no question.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._tried: Counter[Address] = Counter()
        self._pause_s = 0.0
        self.approved: dict[Address, UnitChanges] = {}

    def after(self, planned: Sequence[PlannedStage]) -> list[Stage]:
        """The stages to plan anew, now that `planned` were applied: what failed in passing.

        With what was skipped for that alone. Their units are pending once more.
        """
        self.approved, self._pause_s = {}, 0.0
        execution = self._execution
        most = execution.estate.terraform.retry.attempts
        passing = dict(execution.passing)
        execution.passing.clear()
        failed = {u for u in passing if execution.status(u) is Status.FAILED}
        self._tried.update(failed)
        failed = {unit for unit in failed if self._tried[unit] < most}
        if not failed or not execution.tries_again:
            return []
        units = failed | self._skipped_for(failed)
        tried = max(self._tried[unit] for unit in failed)
        self._pause_s = pause_s(tried, execution.estate.terraform.retry.pause)
        for unit in sorted(failed):
            execution.note(again_told(str(unit), passing[unit], tried + 1, most, self._pause_s))
        again = {unit for each in planned for unit in each.stage.units if unit in units}
        self.approved = {u: c for each in planned for u, c in each.changes.items() if u in again}
        execution.record.reopen(again)
        stages = [each.stage.only(u for u in each.stage.units if u in again) for each in planned]
        reason = f"tried again: {named(sorted(failed))}"
        return [replace(stage, reason=reason) for stage in stages if stage.units]

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
