"""What may exist and be in no state is named at once, also where nothing more can be written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pytg.compose.changes import Calls, UnitChanges
from pytg.errors import PytgError
from pytg.model import Address
from pytg.record.run import Finding, Outcome
from pytg.recovery.in_flight import Begun, called, ids_by_unit, perhaps_made
from pytg.recovery.recovery import half_made
from pytg.run.diagnosis import record
from pytg.run.execution import Execution
from pytg.run.progress import Progress


@dataclass(frozen=True, slots=True)
class Left:
    """What an apply that did not end well leaves, by unit and address inside its module.

    `lost` may exist and is in no state, with its ids as far as Terraform told them; `half_made`
    is in a state as if it were whole, and its provisioner was cut off.
    """

    lost: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)
    half_made: Mapping[Address, Iterable[str]] = field(default_factory=dict)


def left_behind(
    begun: Begun,
    progress: Progress,
    changes: Mapping[Address, UnitChanges],
    state: bytes | None,
    calls: Calls,
    *,
    untold: bool,
) -> Left:
    """What an apply of `changes` left beside the newest whole `state`.

    `untold`: not every event is known, and all that was to be created may exist.
    """
    fresh = called({unit: each.that("create") for unit, each in changes.items()}, calls)
    missing = begun.missing(state, fresh)
    progress.landed(begun.open - missing.keys())
    planned = {unit: each.that("create", "replace") for unit, each in changes.items()}
    half = ids_by_unit(dict.fromkeys(begun.half_made(state, fresh), ""), calls)
    return Left(perhaps_made(missing, planned if untold else {}, state, calls), half)


@contextlib.contextmanager
def unwritten(
    execution: Execution, unknown: Mapping[Address, Outcome], error: PytgError | OSError | None
) -> Iterator[None]:
    """Within it what an apply came to is told and noted; units in `unknown` end as that says.

    `error` is why something could not be written before. It is raised at the end, or what is
    raised within, when these units have ended for whoever follows the run: on a full disk in
    memory only.
    """
    try:
        yield
    except (OSError, PytgError) as raised:
        error = error or raised
    if error is not None:
        with contextlib.suppress(OSError):
            execution.end(unknown)
        raise error


def tell_half_made(execution: Execution, found: Mapping[Address, Iterable[str]]) -> None:
    """Warn of resources whose provisioner was cut off, by unit: no later plan does."""
    for unit, names in found.items():
        hint = f"such as by: pytg tf {unit} -- taint"
        record(
            execution,
            unit,
            [Finding("warning", half_made(n), f"{hint} 'module.{unit.module}.{n}'") for n in names],
        )
