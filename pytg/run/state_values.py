"""Tells units of one module apart by the values that their states hold."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytg.compose.changes import Calls
from pytg.model import Address
from pytg.run.blamed import Blamed

_TEXT = re.compile(r'is "([^"\\]+)"')
_OF_NO_RESOURCE = ("var.", "local.", "each.", "count.", "path.", "module.", "terraform.")


def told_apart(said: list[Blamed], state: Mapping[str, Any], calls: Calls) -> list[Blamed]:
    """`said`; where it is not sure whose an error is, of those that hold the values it names.

    `state` is that of the composed root. After an apply no plan can tell: the values are there.
    """
    held: dict[Address, set[str]] = defaultdict(set)
    for resource in state.get("resources") or ():
        owner = calls.unit_of(f"{resource.get('module', '')}.x")
        if owner:
            for instance in resource["instances"]:
                held[owner[0]].update(_texts(instance.get("attributes")))
    return [one if one.sure else _apart(one, held) for one in said]


def _apart(blamed: Blamed, held: Mapping[Address, set[str]]) -> Blamed:
    values = {
        found[1]
        for name, statement in blamed.diagnostic.values
        if not name.startswith(_OF_NO_RESOURCE) and (found := _TEXT.fullmatch(statement))
    }
    holders = tuple(u for u in blamed.units if values and values <= held.get(u, set()))
    return replace(blamed, units=holders, sure=len(holders) == 1) if holders else blamed


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
