"""What a person is told and asked: the stages to come, and one question for all that is planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from pytg.compose.changes import UnitChanges, total
from pytg.compose.stage import Stage
from pytg.errors import Interrupted
from pytg.model import Address
from pytg.record.words import counted
from pytg.run.approved import Approved
from pytg.run.checkout import protected_environments
from pytg.run.execution import Execution, Question, refuse_nobody
from pytg.run.guards import refuse_losing_stateful
from pytg.run.overwrite_guard import refuse_overwriting
from pytg.run.planned_stage import PlannedStage
from pytg.run.policy import refusals, refuse
from pytg.run.root import SavedPlan
from pytg.run.together import Guard, refuse_together


def name_stages(execution: Execution, stages: Sequence[Stage]) -> None:
    """Say of the stages to come what each is, and why it stands by itself."""
    if len(stages) == 1 and not stages[0].reason:
        return
    first = len(execution.record.run.stages) + 1
    count = first - 1 + len(stages)
    place = {unit: at for at, stage in enumerate(stages, first) for unit in stage.units}
    for number, stage in enumerate(stages, first):
        needs = {up for unit in stage.units for up in execution.needs.predecessors(unit)}
        after = sorted({place[unit] for unit in needs & place.keys()} - {number})
        told = [
            f"stage {number} of {count}: {counted(len(stage.units), 'unit')}",
            "" if stage.composed else "each in a process of its own",
            stage.reason,
            f"after {_stages(after)}" if after else "",
        ]
        execution.note("; ".join(filter(None, told)))


def approve(
    execution: Execution,
    planned: Sequence[PlannedStage],
    later: Sequence[Stage],
    approved: Mapping[Address, Approved],
) -> bool:
    """Ask once for all of `planned`, and return whether a person was asked.

    `later` are the stages that could not be planned yet. `approved` is what was approved of units
    that are tried again: nothing is asked where all that is planned is within that.

    Raises Refused, with all that guards and checks say, and Interrupted where the answer is no.
    Nothing is asked with `--yes`, of a reviewed plan, or where nothing changes.
    """
    every = [change for each in planned for change in each.changes.values()]
    changed = [change for change in every if change.changed]
    if not changed:
        return False
    refuse_unwanted(execution, planned, besides=[partial(refuse_unattended, execution, changed)])
    if execution.options.yes or execution.reviewed:
        return False
    if all(_within(plan, approved) for each in planned for plan in each.plans):
        execution.note("what is tried again is within what was approved")
        return False
    refuse_unattended(execution, changed)
    units = counted(len(every), "unit")
    if len(changed) < len(every):
        units = f"{len(changed)} of {units}"
    numbers = [each.stage.number for each in planned]
    of = len(execution.record.run.stages) + len(later)
    which = f" ({_stages(numbers)} of {of})" if of > 1 else ""
    if execution.options.destroy:
        gone = sum(change.delete for change in changed)
        question = f"Destroy {counted(gone, 'resource')} of {units}{which}?"
    else:
        question = f"Apply {_stake(changed)} in {units}{which}?"
    typed = protected_environments(execution.estate, (change.address for change in changed))
    if not execution.confirm(Question(question, " ".join(typed))):
        raise Interrupted("not approved: nothing of this plan was applied")
    return True


def refuse_unwanted(
    execution: Execution, planned: Sequence[PlannedStage], besides: Sequence[Guard] = ()
) -> None:
    """What guards and checks say against `planned`, at once. Raises Refused."""
    plans = [plan for each in planned for plan in each.plans]
    changes = [change for each in planned for change in each.changes.values()]
    refuse_together(
        *(partial(refuse_overwriting, plan) for plan in plans),
        partial(refuse_losing_stateful, execution.estate, changes, execution.options.allow_loss),
        lambda: refuse(refusals(execution, plans)),
        besides=besides,
    )


def refuse_unattended(execution: Execution, changed: Iterable[UnitChanges]) -> None:
    """Nobody is there who could be asked about `changed`. Raises Refused."""
    if execution.attended() or execution.options.yes or execution.reviewed:
        return
    names = protected_environments(execution.estate, (change.address for change in changed))
    refuse_nobody(" ".join(names))


def _within(plan: SavedPlan, approved: Mapping[Address, Approved]) -> bool:
    """Whether all that `plan` changes was approved: one Terraform process where units were."""
    touched = [unit.address for unit in plan.touched]
    if not approved.keys() >= set(touched):
        return False
    seen = replace(plan, seen=plan.details()) if touched else plan
    return not any(approved[unit].beyond(seen, unit, again=True) for unit in touched)


def _stake(changed: Iterable[UnitChanges]) -> str:
    """Such as `17 creates, 2 updates`; what only writes a state has no count of its own."""
    changed = tuple(changed)
    counts = total(changed) | {"import": sum(change.imports for change in changed)}
    told = [counted(count, action) for action, count in counts.items() if count]
    return ", ".join(told) or "changes of outputs or addresses only"


def _stages(numbers: Sequence[int]) -> str:
    """Such as `stage 2` and `stages 1, 2 and 4`."""
    if len(numbers) == 1:
        return f"stage {numbers[0]}"
    *most, last = map(str, numbers)
    return f"stages {', '.join(most)} and {last}"
