"""What was recovered of a run that died, for those who report it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from pytg.model import Address


@dataclass(frozen=True, slots=True)
class Recovery:
    """The units whose state was written, and the resources that may exist and be in no state.

    `run_id` is the run that died; None where what it left does not say which one that was. A
    resource in `in_flight` is named by its unit's address and its own inside the module.
    """

    run_id: str | None
    written: tuple[Address, ...] = ()
    in_flight: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, run_id: str, written: Iterable[Address], in_flight: Mapping[Address, Iterable[str]]
    ) -> Self:
        """With the resources in flight by unit."""
        named = (f"{unit} {name}" for unit, names in sorted(in_flight.items()) for name in names)
        return cls(run_id, tuple(written), tuple(named))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person is told of the resources in flight, a sentence each."""
        return tuple(
            f"run {self.run_id} may have left {resource} without a state"
            for resource in self.in_flight
        )
