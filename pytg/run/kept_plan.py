"""Puts what was planned into a bundle: saved plans, their roots, and what they were made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pytg import __version__
from pytg.bundle import fingerprint
from pytg.bundle.archive import LOCK_FILE, plan_name, root_name
from pytg.bundle.manifest import (
    FORMAT,
    KeptPlan,
    KeptStage,
    KeptState,
    Manifest,
)
from pytg.generate.module_content import of_module
from pytg.generate.named_files import NamedFiles
from pytg.generate.providers import tags_by_place
from pytg.generate.write import HEADER
from pytg.model import Address, Unit
from pytg.recovery.journal import STATE
from pytg.run.composed_plan import ComposedPlan
from pytg.run.execution import Execution
from pytg.run.per_unit import UnitPlan
from pytg.run.planned_stage import PlannedStage
from pytg.run.root import SavedPlan
from pytg.state.state_reader import UnitState
from pytg.terraform.binary import host_platform


def keep(
    execution: Execution,
    planned: Sequence[PlannedStage],
    later: Mapping[Address, str],
    suffix: str | None,
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the files of a bundle of `planned`, whose roots are still reserved.

    `later` are the units that could not be planned yet, and why.
    """
    files: dict[str, bytes] = {}
    stages = [
        KeptStage(
            units=each.stage.units,
            composed=each.stage.composed,
            reason=each.stage.reason,
            plans=tuple(
                _keep_plan(execution, plan, f"{number}/{place}", files)
                for place, plan in enumerate(each.plans, 1)
            ),
            readers={unit: tuple(before) for unit, before in each.readers.items()},
        )
        for number, each in enumerate(planned, 1)
    ]
    estate, run = execution.estate, execution.record.run
    units = [u for each in planned for u in execution.units(each.stage)]
    tags, named = tags_by_place(estate), NamedFiles(estate, execution.binary.flavour)
    return (
        Manifest(
            format=FORMAT,
            run=run.run_id,
            created=datetime.now(UTC),
            pytg=__version__,
            terraform=execution.binary.version,
            flavour=execution.binary.flavour,
            platform=host_platform(),
            root=str(estate.root),
            selection=execution.selection.canonical,
            suffix=suffix,
            args=run.args,
            destroy=execution.options.destroy,
            per_unit=execution.options.per_unit,
            stages=tuple(stages),
            later=dict(later),
            configuration={u.address: fingerprint.of_unit(estate, u, tags) for u in units},
            modules=modules_of(execution, units),
            inputs={u.address: named.digests(u) for u in units},
            contents={},
        ),
        files,
    )


def modules_of(execution: Execution, units: Iterable[Unit]) -> dict[str, dict[str, str]]:
    """By module directory, below the project, the digests of the files that it is made of."""
    root, flavour = execution.estate.root, execution.binary.flavour
    paths = {module_name(execution, unit): unit.module.path for unit in units}
    return {name: of_module(root, path, flavour) for name, path in paths.items()}


def module_name(execution: Execution, unit: Unit) -> str:
    """How a bundle calls the directory of the unit's module, on any machine."""
    return os.path.relpath(unit.module.path, execution.estate.root)


def kept_state(held: UnitState) -> KeptState:
    """What a bundle remembers of a state."""
    if held.state is None:
        return KeptState(None)
    return KeptState(held.version, held.state["lineage"], held.state["serial"])


def _keep_plan(
    execution: Execution, plan: SavedPlan, name: str, files: dict[str, bytes]
) -> KeptPlan:
    """What the bundle says of `plan`, whose files go into `files`."""
    root = plan.root
    read = dict(_read(execution, plan))
    files[plan_name(name)] = root.plan_file.read_bytes()
    for file in _root_files(root.workdir):
        files[root_name(name, file.name)] = file.read_bytes()
    composed = isinstance(plan, ComposedPlan)
    state = root.workdir / STATE
    return KeptPlan(
        name=name,
        units=tuple(unit.address for unit in root.units),
        digest=plan.digest,
        changes=tuple(plan.changes.values()),
        read={unit: kept_state(held) for unit, held in sorted(read.items())},
        state=hashlib.sha256(state.read_bytes()).hexdigest() if composed else "",
        fetched=fingerprint.of_fetched(root.workdir),
        counted=tuple(u.address for u, shape in plan.shapes if shape.counted)
        if isinstance(plan, ComposedPlan)
        else (),
        deferred=tuple(sorted(plan.deferred)) if isinstance(plan, ComposedPlan) else (),
    )


def _read(execution: Execution, plan: SavedPlan) -> Iterator[tuple[Address, UnitState]]:
    """Every state that `plan` was made from: a unit's own root reads its own by itself."""
    if isinstance(plan, ComposedPlan | UnitPlan):
        yield from plan.read.items()
    if isinstance(plan, UnitPlan):
        yield from execution.states.read(plan.root.units).items()


def _root_files(workdir: Path) -> Iterator[Path]:
    """The files that pytg wrote there, and the lock of the providers."""
    for file in sorted(workdir.glob("*.tf")):
        if file.read_bytes().startswith(HEADER.encode()):
            yield file
    if (workdir / LOCK_FILE).is_file():
        yield workdir / LOCK_FILE
