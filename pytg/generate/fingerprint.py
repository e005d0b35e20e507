"""What a unit is made from, part by part, so that two versions of an estate can be compared.

Only what reaches Terraform counts: a comment in a YAML file, or a value that is overridden, does
not. Digests stand for values: an input may be secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path

from pytg import exact_json
from pytg.config.module_files import TERRAFORM
from pytg.generate.module_content import digest_of, of_module
from pytg.generate.providers import REGIONAL, peer_of, place_of, required, tags_by_place
from pytg.generate.unit import read_by
from pytg.model import Address, Estate, Reference, Template, Unit, Value

Parts = Mapping[str, str]

_DIGITS = 16


def fingerprints(
    estate: Estate,
    units: Iterable[Address] | None = None,
    *,
    flavour: str = TERRAFORM,
    counts: Callable[[Path], bool] = lambda _path: True,
) -> dict[Address, Parts]:
    """By unit (all), what it is made from: the name of each part and a digest of it.

    Names are such as `inputs.size`, `backend`, `providers.aws` and, for files, their paths from
    the project. `counts` says of a resolved file whether it is looked at.
    """
    tags = tags_by_place(estate)

    @cache
    def files(module: Path) -> dict[str, str]:
        found = of_module(estate.root, module, flavour, counts)
        return {name: digest[:_DIGITS] for name, digest in sorted(found.items())}

    def parts(unit: Unit) -> Parts:
        values: dict[str, object] = {f"inputs.{name}": v for name, v in unit.inputs.items()}
        values["backend"] = asdict(unit.backend)
        values["account"] = asdict(unit.account)
        values["imports"] = [asdict(one) for one in unit.imports]
        values["terraform.required_version"] = estate.terraform.required_version
        for provider in required(estate, [unit]):
            values[f"providers.{provider.name}"] = asdict(provider)
        if REGIONAL in unit.module.providers:
            places = [place for place in (place_of(unit), peer_of(unit)) if place]
            values["region"] = [place.region for place in places]
            values["tags"] = [dict(tags[place]) for place in places]
        for upstream in read_by(unit):
            values[f"state of {upstream}"] = asdict(estate.units[upstream].backend)
        digests = {
            name: digest_of(canonical(value).encode())[:_DIGITS] for name, value in values.items()
        }
        return {**digests, **files(unit.module.path)}

    chosen = estate.units if units is None else units
    return {address: parts(estate.units[address]) for address in chosen}


def differing(before: Parts, after: Parts) -> list[str]:
    """The names of the parts that differ, or that only one of the two has."""
    return sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))


def canonical(value: object) -> str:
    """`value` as one text, the same for the same value; a reference is like no literal."""
    return exact_json.dumps(_plain(value), sort_keys=True)


def _plain(value: Value | object) -> object:
    """`value` with references as objects of their own kind."""
    match value:
        case Reference():
            return {"": [str(value.unit), value.output, list(value.path), value.optional]}
        case Template():
            return {"": [_plain(part) for part in value.parts]}
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
