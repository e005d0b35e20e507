"""Resources that may exist in the account and are in no state: kept until a plan settles them.

A resource in flight at a crash may exist: creating it again would fail. Its address is kept here
until a later plan imports it, or finds that it is not there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import TypeAdapter

from pytg.errors import Refused
from pytg.files import write_atomic
from pytg.model import Address
from pytg.terraform.workdir import locked

IN_FLIGHT = Path(".pytg", "in-flight.json")
_NAMES = TypeAdapter(dict[str, dict[str, str] | list[str]])  # a list: without ids, before 0.2


def remembered(root: Path) -> dict[Address, dict[str, str]]:
    """By unit and address inside its module, the ids of what may exist and is in no state.

    An id that is not known is empty.

    Raises Refused where the file is damaged: what it named would be forgotten.
    """
    file = root / IN_FLIGHT
    try:
        raw = _NAMES.validate_json(file.read_bytes())
        return {Address.parse(unit): _with_ids(names) for unit, names in raw.items()}
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Refused(
            f"{file} is damaged: it names resources that may exist and are in no state",
            hint="look in the account for what the last run was making, then move that file away",
        ) from error


def remember(root: Path, found: Mapping[Address, Mapping[str, str]]) -> None:
    """Add to what is remembered; durable when this returns."""
    revise(root, found, frozenset())


def revise(
    root: Path, found: Mapping[Address, Mapping[str, str]], whole: Collection[Address]
) -> None:
    """Add `found` and forget the units in `whole`; durable when this returns.

    An id that is known already stays where `found` has none.
    """
    with locked((root / IN_FLIGHT).with_suffix(".lock")):
        before = remembered(root)
        every = {u: dict(names) for u, names in before.items() if u not in whole}
        for unit, names in found.items():
            known = every.setdefault(unit, {})
            known.update({name: i or known.get(name, "") for name, i in names.items()})
        after = {unit: dict(sorted(names.items())) for unit, names in sorted(every.items())}
        after = {unit: names for unit, names in after.items() if names}
        if after != before:
            _write(root, after)


def _with_ids(names: dict[str, str] | list[str]) -> dict[str, str]:
    return dict.fromkeys(names, "") if isinstance(names, list) else names


def _write(root: Path, every: Mapping[Address, Mapping[str, str]]) -> None:
    document = {str(unit): addresses for unit, addresses in every.items()}
    if document:
        write_atomic(root / IN_FLIGHT, json.dumps(document, indent=2).encode())
    else:
        (root / IN_FLIGHT).unlink(missing_ok=True)
