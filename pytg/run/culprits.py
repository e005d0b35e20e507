"""Which units a plan failed for: where Terraform does not say, they are planned apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import networkx as nx

from pytg.compose.stage import Stage
from pytg.errors import Interrupted
from pytg.model import Address
from pytg.run.blamed import Blamed
from pytg.run.composed_plan import plan_composed
from pytg.run.diagnosis import tell
from pytg.run.execution import Execution
from pytg.run.plan_failure import PlanFailed
from pytg.run.roots import composed_root

MOST = 8  # each is one more Terraform process

Words = tuple[str, str, str, int]


def led_back(execution: Execution, stage: Stage, error: PlanFailed) -> list[Blamed]:
    """The errors that are to be told now, each of the units that it is of.

    An error in a module that several units use and that names none comes again where those that
    are surely at fault are left out, if it is another's: until then it is of those alone. Where
    there are none, its units are planned apart; where they are many, it stays one of all of them.
    Raises Interrupted, with the errors told, where that was interrupted.
    """
    errors = error.errors
    sure = [one for one in errors if one.sure]
    failed = {unit for one in sure for unit in one.units}
    unsure = [one for one in errors if not one.sure]
    if failed:  # of a unit that is left out it would not come again
        narrow = (replace(one, units=tuple(u for u in one.units if u in failed)) for one in unsure)
        return [*sure, *(one for one in narrow if one.units)]
    suspects = {unit for one in unsure for unit in one.units}
    if not suspects or len(suspects) > MOST:
        return errors
    try:
        seen = _apart(execution, stage, suspects)
    except Interrupted:
        tell(execution, [*error.warnings, *errors])
        raise
    return [*sure, *(_decided(one, seen) for one in unsure)]


def _decided(blamed: Blamed, seen: Mapping[Address, set[Words]]) -> Blamed:
    """Of the units that said it in the same words; else of those that said such a thing there."""
    summary, detail, *place = _words(blamed)
    said = [(unit, words) for unit in blamed.units for words in seen.get(unit, ())]
    there = [(u, words[1]) for u, words in said if [words[0], *words[2:]] == [summary, *place]]
    guilty = [u for u, other in there if other == detail] or [u for u, _ in there]
    return replace(blamed, units=tuple(dict.fromkeys(guilty)), sure=True) if guilty else blamed


def _words(blamed: Blamed) -> Words:
    diagnostic = blamed.diagnostic
    return diagnostic.summary, diagnostic.detail, blamed.file or "", blamed.line or 0


def _apart(
    execution: Execution, stage: Stage, suspects: Collection[Address]
) -> dict[Address, set[Words]]:
    """By unit, the errors of a plan of it and what it needs; of the stage, the `suspects`.

    What needs one that fails is left out: it cannot be planned in any case.
    """
    graph = execution.needs.subgraph(stage.units)
    seen: dict[Address, set[Words]] = {}
    for unit in (u for u in nx.topological_sort(graph) if u in suspects):
        needed = nx.ancestors(graph, unit)
        if not any(seen.get(upstream) for upstream in needed):
            alone = stage.only(u for u in stage.units if u == unit or u in needed)
            seen[unit] = set(_errors_of(execution, alone, unit))
    return seen


def _errors_of(execution: Execution, stage: Stage, unit: Address) -> Iterable[Words]:
    root = composed_root(execution, execution.units(stage), stage.number)
    logs = execution.directory / f"plan-{stage.number}-apart"
    root = replace(root, logs=lambda what: logs / f"{unit.slug}-{what}")
    try:
        with root.reserved():
            plan_composed(root, stage)
    except PlanFailed as error:
        stopped = error.completed.interrupted or error.completed.killed
        if stopped or execution.cancel.is_set():  # it says nothing of the unit
            raise Interrupted("interrupted while planning") from error
        return [_words(one) for one in error.errors]
    return ()
