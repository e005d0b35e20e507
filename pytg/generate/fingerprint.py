"""What a unit is made from, part by part, so that two versions of an estate can be compared.

Only what reaches Terraform counts: a comment in a YAML file, or a value that is overridden, does
not. Digests stand for values: an input may be secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache

from pytg import exact_json
from pytg.config.module_files import TERRAFORM
from pytg.generate.module_content import digest_of, of_module
from pytg.generate.named_files import NamedFiles
from pytg.generate.providers import REGIONAL, peer_of, place_of, required, tags_by_place
from pytg.generate.unit import is_sensitive, read_by
from pytg.model import Address, Estate, Reference, Template, Unit, Value, references

Parts = Mapping[str, str]

_DIGITS = 16


class Fingerprints:
    """What each unit of `estate` is made from; each unit and each module is looked at once.

    `flavour` is that of the binary: it says which files a module has.
    """

    def __init__(self, estate: Estate, flavour: str = TERRAFORM) -> None:
        self._estate = estate
        self._tags = tags_by_place(estate)
        self._named = NamedFiles(estate, flavour)
        self._module = cache(lambda path: _short(of_module(estate.root, path, flavour)))
        self._parts = cache(self._parts_of)

    def of(self, address: Address, counts: Callable[[str], bool] = lambda _file: True) -> Parts:
        """By name, such as `inputs.size`, `backend`, or a file's path from the project: a digest.

        `counts` says which of the files do.
        """
        values, files = self._parts(address)
        return {**values, **{name: digest for name, digest in files.items() if counts(name)}}

    def of_all(self, counts: Callable[[str], bool] = lambda _file: True) -> dict[Address, Parts]:
        """The same of every unit of the estate."""
        return {address: self.of(address, counts) for address in self._estate.units}

    def _parts_of(self, address: Address) -> tuple[Parts, Parts]:
        unit = self._estate.units[address]
        values = dict(_values(self._estate, unit))
        if REGIONAL in unit.module.providers:
            places = [place for place in (place_of(unit), peer_of(unit)) if place]
            values["region"] = [place.region for place in places]
            values["tags"] = [dict(self._tags[place]) for place in places]
        digests = {name: digest_of(canonical(value).encode()) for name, value in values.items()}
        files = _short(self._named.digests(unit)) | self._module(unit.module.path)
        return _short(digests), files


def _short(digests: Mapping[str, str]) -> dict[str, str]:
    return {name: digest[:_DIGITS] for name, digest in sorted(digests.items())}


def _values(estate: Estate, unit: Unit) -> Iterator[tuple[str, object]]:
    """What the configuration says of `unit` and of what it reads, but for its places."""
    yield from ((f"inputs.{name}", value) for name, value in unit.inputs.items())
    yield "backend", asdict(unit.backend)
    yield "account", asdict(unit.account)
    yield "imports", [asdict(one) for one in unit.imports]
    yield "terraform.required_version", estate.terraform.required_version
    for provider in required(estate, [unit]):
        yield f"providers.{provider.name}", asdict(provider)
    if unit.after:
        yield "after", sorted(map(str, unit.after))
    if unit.isolate:
        yield "isolate", True
    for upstream in (estate.units[address] for address in read_by(unit)):
        yield f"state of {upstream.address}", asdict(upstream.backend)
    if secret := sorted({str(r) for r in references(unit.inputs) if is_sensitive(estate, r)}):
        yield "sensitive references", secret


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
