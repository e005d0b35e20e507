"""Words for people that more than one room needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytg.model import Address
from pytg.record.run import Status

NAMED = 3  # of many units; what stands above names all


def counted(number: int, thing: str) -> str:
    """Such as `1 unit` and `2 units`."""
    return f"{number} {thing}{'s' if number != 1 else ''}"


def named(units: Sequence[Address]) -> str:
    """The first of `units`, and how many more there are."""
    names = ", ".join(str(address) for address in units[:NAMED])
    return f"{names} and {len(units) - NAMED} more" if len(units) > NAMED else names


def in_units(texts: Mapping[Address, str]) -> str:
    """Such as `outputs change in A, B`: units with the same text stand together."""
    groups: dict[str, list[Address]] = {}
    for unit, text in sorted(texts.items()):
        if text:
            groups.setdefault(text, []).append(unit)
    return "; ".join(f"{text} in {named(units)}" for text, units in groups.items())


def ended_as(status: Status, command: str) -> str:
    """The word for a unit that ended so: in a plan nothing has succeeded yet."""
    words = {"plan": "planned", "drift": "drifted"}
    done = words.get(command.removesuffix("-all")) if status is Status.SUCCEEDED else None
    return done or str(status)
