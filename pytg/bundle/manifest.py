"""What a bundle says of itself: the plans in it, and all that must still hold to apply them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import TypeAdapter

from pytg.compose.changes import UnitChanges
from pytg.errors import Refused
from pytg.model import Address
from pytg.record.types import Addresses, AddressText, Moment, RunId, Word, problem

FORMAT: Final = 1
Digests = Mapping[str, str]  # name -> SHA-256 in hex


@dataclass(frozen=True, slots=True)
class KeptState:
    """A state that a plan was made from; `version` is its hash, None where there was none."""

    version: str | None
    lineage: str = ""
    serial: int = 0


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """One saved plan. `name` is the directory of its files in the bundle.

    `digest` is that of the plan file, `state` that of the merged state which it was made on (empty
    for a unit's own root), `fetched` that of the modules that init brought from elsewhere.
    `read` are all states that it was made from, those of units outside the selection included.
    `counted` and `deferred`: see ComposedRoot and ComposedPlan.
    """

    name: Word
    units: Addresses
    digest: Word
    changes: tuple[UnitChanges, ...]
    read: Mapping[AddressText, KeptState]
    state: str = ""
    fetched: str = ""
    counted: Addresses = ()
    deferred: Addresses = ()


@dataclass(frozen=True, slots=True)
class KeptStage:
    """A stage that was planned; `readers` as in PlannedStage."""

    units: Addresses
    composed: bool
    reason: str
    plans: tuple[KeptPlan, ...]
    readers: Mapping[AddressText, Addresses] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`run` is the run that planned; `root` the project's directory then.

    `later` are the selected units that could not be planned yet, and why. `configuration` holds
    for each planned unit the digests of what the configuration says of it, by part; `modules` the
    digests of the files that it is made of and reads, by module directory, and `inputs` of those
    that its inputs name. `contents` are the digests of the bundle's files.
    """

    format: Literal[1]
    run: RunId
    created: Moment
    pytg: Word
    terraform: Word
    flavour: Word
    platform: Word
    root: Word
    selection: str
    suffix: str | None
    args: tuple[str, ...]
    destroy: bool
    per_unit: bool
    stages: tuple[KeptStage, ...]
    later: Mapping[AddressText, str]
    configuration: Mapping[AddressText, Digests]
    modules: Mapping[str, Digests]
    inputs: Mapping[AddressText, Digests]
    contents: Digests

    @property
    def planned(self) -> tuple[Address, ...]:
        """The units that it has a plan of, changed or not, in run order."""
        return tuple(unit for stage in self.stages for unit in stage.units)

    @property
    def units(self) -> tuple[Address, ...]:
        """All units that were selected."""
        return (*self.planned, *self.later)

    def to_json(self) -> bytes:
        """The inverse of `parse`."""
        return _MANIFEST.dump_json(self, indent=2)

    @classmethod
    def parse(cls, text: bytes, place: str) -> Manifest:
        """The manifest of the bundle at `place`. Raises Refused where it is none of this pytg's."""
        try:
            return _MANIFEST.validate_json(text)
        except ValueError as error:
            raise Refused(
                f"the bundle {place} cannot be understood: {problem(error)}",
                hint="it is damaged, or of another version of pytg: plan again with --out",
            ) from error


_MANIFEST = TypeAdapter(Manifest)
