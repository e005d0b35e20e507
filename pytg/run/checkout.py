"""A protected environment is changed from what is committed, and not from something else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytg.config.hierarchy import LIVE, PROJECT
from pytg.errors import Refused
from pytg.generate.module_content import places_of
from pytg.generate.named_files import NamedFiles
from pytg.git import Repository
from pytg.model import Address, Estate
from pytg.run.execution import Execution

_SHOWN = 20
_HINT = "{}; --allow-dirty applies what is here all the same"


def refuse_uncommitted(execution: Execution) -> None:
    """See `refuse_unreviewed`, of the units that are selected. Not with `--allow-dirty`."""
    if not execution.options.allow_dirty:
        refuse_unreviewed(execution.estate, execution.selection.units)


def protected_environments(estate: Estate, units: Iterable[Address]) -> list[str]:
    """Those of `units` that are protected, as `account/environment`.

    One of a unit that left the configuration is what the units that are still in it are.
    """
    every = {name_of(unit.address) for unit in estate.units.values() if unit.protected}
    own = {unit: estate.units.get(unit) for unit in units}
    return sorted(
        {
            name_of(address)
            for address, unit in own.items()
            if (name_of(address) in every if unit is None else unit.protected)
        }
    )


def name_of(unit: Address) -> str:
    """The unit's environment as a person types it."""
    return f"{unit.account}/{unit.environment}"


def refuse_unreviewed(estate: Estate, units: Iterable[Address]) -> None:
    """The git tree of the project must be clean and not behind, where a unit is protected.

    Looks at `config.yaml`, `live`, the directories of modules, with the local ones that they call
    and what those read, and what inputs and the commands of `checks` name; behind is what git
    knows since the last `git fetch`. Outside of a git tree there is nothing to refuse. Raises
    Refused.
    """
    chosen = tuple(units)
    if not protected_environments(estate, chosen):
        return
    root = estate.root.resolve()
    tree = next((p for p in (root, *root.parents) if (p / ".git").exists()), None)
    if tree is None:
        return
    read = {place.resolve() for place in _read_by(estate, root, chosen)}
    own = sorted(place for place in read if place.is_relative_to(tree))
    try:
        status = Repository(tree).status([root / PROJECT, root / LIVE, *own])
    except Refused as error:
        message = f"cannot see whether the git tree is clean: {error.message}"
        raise Refused(message, hint=_HINT.format("mend that")) from error
    changed = [line for line in status if not line.startswith("#")]
    if changed:
        shown = [f"    {_path(line)}" for line in changed[:_SHOWN]]
        more = [f"    and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
        raise Refused(
            "a protected environment is changed from a clean git tree only; not committed are\n"
            + "\n".join([*shown, *more]),
            hint=_HINT.format("commit or stash them"),
        )
    behind = next((line.split()[3] for line in status if line.startswith("# branch.ab ")), "-0")
    if behind != "-0":
        raise Refused(
            f"this git tree is {behind[1:]} commits behind its upstream: a protected environment "
            "is not changed from what is stale",
            hint=_HINT.format("pull first"),
        )


def _read_by(estate: Estate, root: Path, chosen: Iterable[Address]) -> Iterator[Path]:
    """The directories of all modules, and whatever else the units of `chosen` are made from."""
    yield from (unit.module.path for unit in estate.units.values())
    units = [estate.units[address] for address in chosen if address in estate.units]
    for path in {unit.module.path for unit in units}:
        yield from places_of(root, path).read
    by_inputs = NamedFiles(estate)
    for unit in units:
        yield from by_inputs.of(unit)
    yield from _named_by_checks(estate, root)


def _named_by_checks(estate: Estate, root: Path) -> Iterator[Path]:
    """Files and directories below `root` that are in a command, as words or as `--option=word`."""
    for word in (word for command in estate.checks.values() for word in command):
        for text in {word, word.partition("=")[2]} - {""}:
            with contextlib.suppress(OSError, ValueError):  # too long for a path, say
                place = (root / text).resolve(strict=True)
                if root in place.parents:
                    yield place


def _path(line: str) -> str:
    """The path in a line: the 9th field of a change, the 10th of a rename, the 2nd of others.

    Fields are as `git help status` says of "Porcelain Format Version 2".
    """
    fields = {"1": 8, "2": 9, "u": 10}.get(line[:1], 1)
    return line.split(" ", fields)[-1].partition("\t")[0]
