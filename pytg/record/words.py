"""Words for people that more than one room needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytg.model import Address
from pytg.record.run import Status

NAMED = 3  # of many units; what stands above names all
# Terraform's names for why it plans an action, in events and in the JSON of a plan
_PREFIX = "replace_because_"
_REASONS = {
    "tainted": "an earlier apply of it failed half way (tainted)",
    "cannot_update": "cannot be changed in place",
    "requested": "it was asked for",
    "replace_triggered_by": "what its replace_triggered_by names changes",
    "replace_by_request": "it was asked for",
    "replace_by_triggers": "what its replace_triggered_by names changes",
    "delete_because_no_resource_config": "its block is gone from the module",
    "delete_because_wrong_repetition": "its block gained or lost count or for_each",
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is gone from for_each",
    "delete_because_no_module": "the module that it is in is called no more",
    "delete_because_no_move_target": "a moved block takes it to where nothing is configured",
}


def counted(number: int, thing: str) -> str:
    """Such as `1 unit` and `2 units`."""
    return f"{number} {thing}{'s' if number != 1 else ''}"


def named(units: Sequence[Address]) -> str:
    """The first of `units`, and how many more there are."""
    names = ", ".join(str(address) for address in units[:NAMED])
    return f"{names} and {len(units) - NAMED} more" if len(units) > NAMED else names


def because(reason: str) -> str:
    """Why Terraform plans an action, in words; `reason` is its name for that."""
    return _REASONS.get(reason.removeprefix(_PREFIX), reason.replace("_", " "))


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
