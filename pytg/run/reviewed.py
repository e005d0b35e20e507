"""Plan now and apply later: what `plan --out` keeps, and what `apply DIR` does with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from pytg.bundle.archive import Bundle
from pytg.bundle.manifest import Manifest
from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.model import Address
from pytg.record.run import BAD, OPEN, Outcome, Status
from pytg.record.words import named
from pytg.run.approval import approve, name_stages
from pytg.run.broken import set_aside_broken
from pytg.run.execution import Execution
from pytg.run.kept_plan import keep
from pytg.run.outdated import refuse_outdated
from pytg.run.pipeline import name_orphans, refuse_at_the_start, warn_of_losses
from pytg.run.planned_stage import show_stage
from pytg.run.policy import refusals, refuse
from pytg.run.restored_plan import reserve, restore
from pytg.run.rounds import announce, apply_round, plan_round
from pytg.run.stages import stages_of

Keep = Callable[[Manifest, dict[str, bytes]], str]
ANEW = "to be planned anew, once the rest is applied"


def plan_to_keep(
    execution: Execution, suffix: str | None, keep_it: Keep
) -> dict[Address, UnitChanges]:
    """Plan all that can be applied without another look, and give it to `keep_it`.

    It returns what a person is told of it.
    That is what an apply asks about first. The other units are `skipped`, with the reason. Where
    one cannot be planned, nothing is kept: what was reviewed would be a part of what was asked.
    """
    refuse_at_the_start(execution, applies=False)
    name_orphans(execution)
    set_aside_broken(execution)
    pending: Sequence[Stage] = stages_of(execution, applying=True)
    name_stages(execution, pending)
    changes: dict[Address, UnitChanges] = {}
    with contextlib.ExitStack() as held:
        planned, waiting = plan_round(execution, pending, changes, held)
        later = _why_later(execution, waiting)
        execution.end({unit: Outcome(Status.SKIPPED, why) for unit, why in later.items()})
        bad = [
            u for u in execution.selection.units if execution.status(u) in BAD - {Status.SKIPPED}
        ]
        if execution.cancel.is_set():
            return changes
        if bad:
            execution.note(f"no bundle was written: {named(bad)} could not be planned")
        else:
            warn_of_losses(execution, changes)
            refuse(refusals(execution, (plan for each in planned for plan in each.plans)))
            execution.note(keep_it(*keep(execution, planned, later, suffix)))
    execution.end(
        {
            unit: Outcome(Status.SUCCEEDED if change.changed else Status.UNCHANGED)
            for unit, change in changes.items()
            if execution.status(unit) in OPEN
        }
    )
    return changes


def apply_kept(execution: Execution, bundle: Bundle) -> dict[Address, UnitChanges]:
    """Apply what is in `bundle`, and nothing else; the units that must be planned anew are noted.

    Raises StalePlan, or another Refused, before anything is applied where it no longer holds.
    """
    refuse_at_the_start(execution, partial(refuse_outdated, execution, bundle))
    name_orphans(execution)
    manifest = bundle.manifest
    changes: dict[Address, UnitChanges] = {}
    with contextlib.ExitStack() as held:
        stages = [
            (announce(execution, Stage(kept.units, kept.composed, kept.reason)), kept)
            for kept in manifest.stages
        ]
        reserved = reserve(execution, stages, held)
        refuse_outdated(execution, bundle)
        planned = [restore(execution, bundle, *each) for each in reserved]
        for each in planned:
            show_stage(execution, each)
            changes |= each.changes
        approve(execution, planned, (), {})
        anew = apply_round(execution, planned)
    _leave(execution, manifest, (unit for stage in anew for unit in stage.units))
    return changes


def _why_later(execution: Execution, waiting: Iterable[Stage]) -> dict[Address, str]:
    found: dict[Address, str] = {}
    for unit in (unit for stage in waiting for unit in stage.units):
        if execution.status(unit) in OPEN:
            upstream = sorted(execution.needs.predecessors(unit))
            found[unit] = f"planned once these are applied: {named(upstream)}" if upstream else ANEW
    return found


def _leave(execution: Execution, manifest: Manifest, anew: Iterable[Address]) -> None:
    """Name what is not done and must be planned anew: it was not reviewed."""
    again = [*anew]
    execution.end({u: Outcome(Status.SKIPPED, ANEW) for u in again if execution.status(u) in OPEN})
    later = {unit: why for unit, why in manifest.later.items() if unit in execution.selection.units}
    execution.end({unit: Outcome(Status.SKIPPED, why) for unit, why in later.items()})
    execution.later.update(later, again)
    if execution.later:
        execution.note(
            f"not in the reviewed plan, and to be planned anew: {named(sorted(execution.later))}"
        )
