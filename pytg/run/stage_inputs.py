"""What a stage is planned from: the states of its units, and outputs of units outside of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytg.compose.stage import Stage
from pytg.generate.unit import read_by
from pytg.model import Address, Estate, Unit, references
from pytg.run.execution import Execution
from pytg.run.guards import refuse_missing_upstream
from pytg.state.state_reader import StateReader, UnitState

Key = tuple[Address, str]


@dataclass(frozen=True, slots=True)
class StageInputs:
    """`held` are all states that were read; `literals` and `types` the outputs from outside.

    `missing`: a destroy goes on although an output that is read is in no state.
    """

    units: tuple[Unit, ...]
    held: Mapping[Address, UnitState]
    literals: Mapping[Key, object]
    missing: bool = False

    @property
    def types(self) -> dict[Key, Any]:
        """The types of `literals`, as states write them."""
        return {key: self.held[key[0]].types[key[1]] for key in self.literals}


def read_stage_inputs(execution: Execution, stage: Stage) -> StageInputs:
    """Read what `stage` is planned from. Raises Refused where a needed output is in no state."""
    units = execution.units(stage)
    inside = set(stage.units)
    outside = sorted({r.unit for unit in units for r in references(unit.inputs)} - inside)
    held = execution.states.read((*units, *(execution.estate.units[a] for a in outside)))
    known = {address: held[address] for address in outside}
    literals, missing = _literals(units, known)
    if missing and not (execution.options.destroy or execution.drift):
        refuse_missing_upstream(missing)
    return StageInputs(units, held, literals, bool(missing))


def require_upstream(
    estate: Estate, unit: Unit, states: StateReader
) -> Mapping[Address, UnitState]:
    """The states that `unit` reads. Raises Refused where what it reads is in none of them."""
    known = states.read(estate.units[address] for address in read_by(unit))
    missing = _literals((unit,), known)[1]
    if missing:
        refuse_missing_upstream(missing)
    return known


def lacking_output(unit: Unit, known: Mapping[Address, UnitState]) -> set[Address]:
    """The units of `known` whose states lack an output that `unit` needs."""
    return {upstream for upstream, _ in _literals((unit,), known)[1]}


def _literals(
    units: Sequence[Unit], known: Mapping[Address, UnitState]
) -> tuple[dict[Key, object], dict[Key, set[Address]]]:
    """The outputs that the stage reads from states, and who reads one that is in none.

    A state does not hold an output whose value is null, so an optional reference to one that is
    not there is null.
    """
    literals: dict[Key, object] = {}
    missing: dict[Key, set[Address]] = {}
    for unit in units:
        for reference in references(unit.inputs):
            key = (reference.unit, reference.output)
            upstream = known.get(reference.unit)
            if upstream is None:
                continue
            if reference.output in upstream.outputs:
                literals[key] = upstream.outputs[reference.output]
            elif not (reference.optional and upstream.state):
                missing.setdefault(key, set()).add(unit.address)
    return literals, missing
