"""Units whose state is empty or gone although runs made resources of them: a person is told.

A plan would make all of it anew, which may exist.
"""

from __future__ import annotations

from pytg.compose.state_merge import is_empty
from pytg.errors import PytgError
from pytg.model import Address
from pytg.record.history import last_made
from pytg.record.run import Finding
from pytg.run.diagnosis import record
from pytg.run.execution import Execution
from pytg.state.state_reader import UnitState

_HINT = (
    "What exists would be made anew: bring the state back from .pytg/backups or from the versions "
    "of its bucket, or import what exists."
)


def warn_of_vanished(execution: Execution) -> None:
    """Tell of each such unit of the selection, in the record too."""
    made = last_made(execution.estate.root)
    units = [execution.estate.units[u] for u in sorted(made.keys() & {*execution.selection.units})]
    try:
        held = execution.states.read(units)
    except PytgError:  # whatever reads it next says why
        return
    for unit, found in held.items():
        if is_empty(found.state):
            record(execution, unit, [Finding("warning", _told(unit, found, *made[unit]), _HINT)])


def _told(unit: Address, found: UnitState, made: str, count: int) -> str:
    how = "gone" if found.state is None else "empty"
    return (
        f"the state of {unit} is {how}, though {made} ({count} by all runs), and no run destroyed "
        "them"
    )
