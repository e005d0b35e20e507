"""Units whose state lacks what runs made, as a whole or in part: a person is told.

A plan would make it anew, which may exist, or leave it alone for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytg.compose.state_merge import is_empty
from pytg.errors import PytgError
from pytg.model import Address
from pytg.record.history import last_left_out, last_made
from pytg.record.run import Finding
from pytg.run.diagnosis import record
from pytg.run.execution import Execution
from pytg.state.state_reader import UnitState
from pytg.state.stored_objects import stored_objects

_LEFT_OUT = (
    "What of it is configured is made anew, and the rest stays: bring the newer state back with "
    "`pytg state restore`, import what exists, or delete it. This is said until an apply is done."
)
_HINT = (
    "What exists would be made anew: bring the state back from .pytg/backups or from the versions "
    "of its bucket, or import what exists."
)


def warn_of_vanished(execution: Execution) -> None:
    """Tell of each such unit of the selection, in the record too."""
    root, selected = execution.estate.root, {*execution.selection.units}
    made, left_out = last_made(root), last_left_out(root)
    concerned = sorted((made.keys() | left_out.keys()) & selected)
    units = [execution.estate.units[unit] for unit in concerned]
    try:
        held = execution.states.read(units)
    except PytgError:  # whatever reads it next says why
        return
    for unit, found in held.items():
        if unit in made and is_empty(found.state):
            record(execution, unit, [Finding("warning", _told(unit, found, *made[unit]), _HINT)])
        elif unit in left_out:
            _warn_of_left_out(execution, unit, found, *left_out[unit])


def _warn_of_left_out(
    execution: Execution, unit: Address, found: UnitState, command: str, names: Sequence[str]
) -> None:
    """Tell of what a command took out of the state, and nothing has brought back."""
    there = {str(each.address) for each in stored_objects(unit.module, found.state)}
    gone = [name for name in names if name not in there]
    if gone:
        text = f"since `{command}` the state of {unit} lacks what may still exist: "
        record(execution, unit, [Finding("warning", text + ", ".join(gone), _LEFT_OUT)])


def _told(unit: Address, found: UnitState, made: str, count: int) -> str:
    how = "gone" if found.state is None else "empty"
    return (
        f"the state of {unit} is {how}, though {made} ({count} by all runs), and no run destroyed "
        "them"
    )
