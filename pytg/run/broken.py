"""Units whose module cannot be read: what of a selection they stop, and what not."""

from __future__ import annotations

from pytg.compose.stage import Stage
from pytg.errors import Problem
from pytg.generate.unit import read_by
from pytg.model import Estate, Unit
from pytg.record.run import BAD, Finding, Outcome, Status
from pytg.run.diagnosis import record
from pytg.run.execution import Execution
from pytg.run.stages import without_blocked


def broken_for(estate: Estate, unit: Unit) -> tuple[Problem, ...]:
    """What keeps a root module of `unit` from being written.

    That is what is broken of its module, or of one that it reads: which of the outputs of that
    one are sensitive is not known.
    """
    modules = (unit.module, *(estate.units[address].module for address in read_by(unit)))
    return tuple(dict.fromkeys(problem for module in modules for problem in module.broken))


def set_aside_broken(execution: Execution) -> None:
    """End the selected units whose module cannot be read, and all that needs them.

    A unit that reads one outside of the selection cannot be planned either.
    """
    estate, selected = execution.estate, execution.selection.units
    chosen = frozenset(selected)
    for address in selected:
        unit = estate.units[address]
        outside = any(estate.units[a].module.broken for a in {*read_by(unit)} - chosen)
        if found := broken_for(estate, unit) if outside else unit.module.broken:
            record(execution, address, [_finding(problem) for problem in found])
            reason = str(found[0]).partition("\n")[0]
            execution.end({address: Outcome(Status.FAILED, reason)})
    left = [unit for unit in selected if execution.status(unit) not in BAD]
    without_blocked(execution, Stage(tuple(left)))


def _finding(problem: Problem) -> Finding:
    place = problem.position
    file, line = (str(place.file), place.line) if place else (None, None)
    return Finding("error", problem.message, problem.hint, file, line)
