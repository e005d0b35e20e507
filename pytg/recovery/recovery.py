"""What was recovered of a run that died, for those who report it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from pytg.errors import PytgError
from pytg.model import Address


@dataclass(frozen=True, slots=True)
class Recovery:
    """The units whose state was written, and the resources that may exist and be in no state.

    `run_id` is the run that died; None where what it left does not say which one that was. A
    resource in `in_flight` is named by its unit's address and its own inside the module. Of the
    units in `refused` the state that was left is not written, for that reason: it stays.
    `half_made`, named so too, is in a state, and its provisioner was cut off.
    """

    run_id: str | None
    written: tuple[Address, ...] = ()
    in_flight: tuple[str, ...] = ()
    refused: Mapping[Address, PytgError] = field(default_factory=dict)
    half_made: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        run_id: str | None,
        written: Iterable[Address],
        in_flight: Mapping[Address, Iterable[str]],
        refused: Mapping[Address, PytgError] | None = None,
        half_made: Mapping[Address, Iterable[str]] | None = None,
    ) -> Self:
        """With the resources by unit."""
        return cls(
            run_id, tuple(written), _named(in_flight), refused or {}, _named(half_made or {})
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person is told of the resources in flight and of what is refused, each."""
        return (
            *(
                f"run {self.run_id} may have left {resource} without a state"
                for resource in self.in_flight
            ),
            *(f"run {self.run_id} died: {half_made(each)}" for each in self.half_made),
            *(
                f"not recovered, and kept: {unit}: {error.message} (`pytg recover {unit}`)"
                for unit, error in self.refused.items()
            ),
        )


def half_made(resource: str) -> str:
    """What a person is told of `resource`: a later plan would not say it."""
    return (
        f"{resource} is in the state as if it were whole, and its provisioner was cut off: "
        f"Terraform will not run it again unless the resource is tainted"
    )


def _named(resources: Mapping[Address, Iterable[str]]) -> tuple[str, ...]:
    return tuple(f"{unit} {name}" for unit, names in sorted(resources.items()) for name in names)


def require_recovered(found: Iterable[Recovery], units: Collection[Address]) -> None:
    """Raise why the state of one of `units` could not be recovered, where there is such a one.

    With the state that is stored, what a dead run made of that unit would be made again.
    """
    for recovery in found:
        for unit, error in recovery.refused.items():
            if unit in units:
                raise error
