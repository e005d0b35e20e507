"""The roots that a stage runs in: one for all its units, or each unit's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pytg.compose.changes import Calls
from pytg.compose.stage import Stage
from pytg.generate.unit import unit_directory
from pytg.model import Unit
from pytg.recovery.composed_directory import COMPOSED, holder_of
from pytg.run.execution import Execution
from pytg.run.root import Root


def roots_of(execution: Execution, stage: Stage) -> tuple[Root, ...]:
    """What `stage`, which has its number, runs in: one root for all, or each unit's own."""
    units = execution.units(stage)
    if stage.composed:
        return (composed_root(execution, units, stage.number),)
    return tuple(unit_root(execution, unit) for unit in units)


def composed_root(execution: Execution, units: Sequence[Unit], number: int) -> Root:
    """One for all `units`; its directory is the same for the same units, so that init is kept.

    `number` is that of the stage. A run that only plans stands aside where another one works on
    the same units: it plans what their states hold now in a directory beside.
    """
    names = sorted(str(unit.address) for unit in units)
    key = hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]
    workdir = execution.estate.root / COMPOSED / key
    if execution.only_plans and (holder := holder_of(workdir)) is not None:
        workdir = workdir.with_name(f"{key}-beside")
        execution.note(
            f"another pytg works on the same units{holder}: this plan is made beside it, on their "
            "states as they are now, and may be outdated when it is shown"
        )
    return Root(
        execution,
        workdir,
        tuple(units),
        Calls({unit.address.slug: unit.address for unit in units}),
        execution.environment(tuple(units)),
        lambda what: execution.directory / f"{what}-{number}",
        composed=True,
    )


def unit_root(execution: Execution, unit: Unit) -> Root:
    """The unit's own."""
    directory = execution.directory / "units" / str(unit.address)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Root(
        execution,
        unit_directory(execution.estate, unit),
        (unit,),
        Calls({unit.address.module: unit.address}, composed=False),
        execution.environment((unit,)),
        lambda what: directory / what,
        composed=False,
    )
