"""What a selecting expression can match on: each method gives a unit's values."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from pytg.errors import UsageError
from pytg.model import GLOBAL, Address, Estate, Unit
from pytg.suggest import did_you_mean

Values = Callable[[Estate, Unit], Iterable[str]]
# gets what stands after `method:`; gives the units that it means, and why
Lookup = Callable[[str], Mapping[Address, str]]

_SHOWN = 12


def matching(
    estate: Estate, method: str, value: str, lookups: Mapping[str, Lookup] = {}
) -> Mapping[Address, str]:
    """The units with a value of `method` that the glob `value` matches; `""`: no method.

    Each with more on why it is among them, where there is more to say. A glob's `*` goes over
    slashes. `lookups` are methods that look beyond the estate, by name. Raises UsageError for an
    unknown method, and for a value that fits nothing in the estate.
    """
    if method in lookups:
        return lookups[method](value)
    if method not in METHODS:
        known = ", ".join(sorted(filter(None, {*METHODS, *lookups})))
        raise UsageError(f"no selecting method `{method}:`", hint=f"the methods are {known}")
    fits = _test(method, value)
    found = frozenset(
        address
        for address, unit in estate.units.items()
        if any(map(fits, METHODS[method](estate, unit)))
    )
    if not found and not any(map(fits, _declared(estate, method))):
        raise unknown(estate, method, value)
    return dict.fromkeys(found, "")


def _test(method: str, value: str) -> Callable[[str], bool]:
    """Whether one of a unit's values is what `value` asks for."""
    glob = re.compile(fnmatch.translate(value)).match
    if method == "path":
        asked = str(PurePosixPath(value))
        return lambda own: (
            own == asked
            or asked.startswith(f"{own}/")
            or own.startswith(f"{asked}/")
            or glob(own) is not None
        )
    if not method:  # a glob for an address, or a module's exact name
        return lambda own: own == value or ("/" in own and glob(own) is not None)
    return lambda own: glob(own) is not None


def _declared(estate: Estate, method: str) -> Iterable[str]:
    """Names that the estate knows though no unit may have them."""
    return {"account": estate.accounts, "region": estate.regions}.get(method, ())


def unknown(estate: Estate, method: str, value: str) -> UsageError:
    """What to raise for a value that fits nothing in the estate: it names what is near."""
    known = {v for unit in estate.units.values() for v in METHODS[method](estate, unit)}
    known |= set(_declared(estate, method))
    if not method and "/" not in value:
        known = {address.module for address in estate.units}
    hint = did_you_mean(value, known, most=3, quote="", known=_SHOWN)
    if not hint:
        listed = ", ".join(sorted(known)[:_SHOWN])
        hint = f"known: {listed}, and {len(known) - _SHOWN} more"
    return UsageError(f"no {method or 'address or module'} matches `{value}`", hint=hint)


def _tags(_: Estate, unit: Unit) -> Iterator[str]:
    for key, value in unit.tags.items():
        yield key
        yield f"{key}={value}"


def _paths(estate: Estate, unit: Unit) -> Iterator[str]:
    """What the unit is made from, below the project root: its YAML files and its module.

    An environment-wide unit reads the files of its home region, which is its AWS region.
    """
    live = PurePosixPath("live", unit.address.account)
    yield "config.yaml"
    yield str(live / "account.yaml")
    if unit.address.environment != GLOBAL:
        yield str(live / unit.region / "region.yaml")
        yield str(live / unit.region / unit.environment_name / "env.yaml")
    yield _relative(unit.module.path, estate.root)


def _relative(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


LOOKED_UP = frozenset({"git", "result", "state"})  # see pytg.run.lookups
METHODS: Mapping[str, Values] = {
    "": lambda _, unit: (str(unit.address), unit.address.module),
    "account": lambda _, unit: (unit.address.account,),
    "env": lambda _, unit: (unit.environment_name, unit.address.environment),
    "module": lambda _, unit: (unit.address.module,),
    "path": _paths,
    "region": lambda _, unit: (unit.address.region,),
    "suffix": lambda _, unit: (unit.suffix,) if unit.suffix else (),
    "tag": _tags,
}
