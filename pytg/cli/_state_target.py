"""`UNIT` or `UNIT:ADDRESS`: a unit's state, or what in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pytg.compose.resource_address import ResourceAddress, Step
from pytg.errors import UsageError


@dataclass(frozen=True, slots=True)
class Target:
    """`unit` as it was written; `what` is inside the unit's module, None: all of it."""

    unit: str
    what: ResourceAddress | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `a/r/e/m:address`. Raises UsageError for what is no address.

        Also as Terraform has it in the unit's root, with the call of the unit's module.
        """
        unit, colon, rest = text.partition(":")
        unit = unit.strip("/")
        if not colon:
            return cls(unit, None)
        try:
            return cls(unit, _own(unit.rpartition("/")[2], ResourceAddress.parse(rest)))
        except ValueError as error:
            raise UsageError(
                str(error),
                hint="as `pytg state list` prints it: TYPE.NAME, TYPE.NAME[0], "
                'module.NAME.TYPE.NAME["key"]; quote it for the shell',
            ) from error


def _own(module: str, address: ResourceAddress) -> ResourceAddress:
    """`address` without the unit's own call before it."""
    if address.modules[:1] == (Step(module),) and (address.type or len(address.modules) > 1):
        inner = address.modules[1:]
        return ResourceAddress(inner, address.mode, address.type, address.resource)
    return address
