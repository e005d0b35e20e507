"""Provider requirements and provider blocks of both kinds of root module.

A block depends on account, region and environment only: each distinct block that is used is
one more provider process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytg.generate.aws import access, assume_role, path_style, proxy
from pytg.generate.hcl import Expression
from pytg.model import Account, Estate, Provider, Unit, Value

REGIONAL = "aws"
PEER = "peer"
_REAL = frozenset(
    {
        "access_key",
        "secret_key",
        "token",
        "endpoints",
        "assume_role",
        "assume_role_with_web_identity",
    }
)


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """What a block of the regional provider depends on. `region` is an AWS region."""

    account: str
    region: str
    environment: str

    @property
    def alias(self) -> str:
        """The alias of the block in a composed root."""
        return f"{self.account}__{self.region}__{self.environment}"


@dataclass(frozen=True, slots=True)
class Block:
    """A provider block: its arguments, then its nested blocks."""

    name: str
    arguments: Mapping[str, Value]
    nested: tuple[tuple[str, Mapping[str, Value]], ...] = field(default=())


def place_of(unit: Unit) -> Place:
    """The place of the unit's default provider."""
    return Place(unit.address.account, unit.region, unit.address.environment)


def peer_of(unit: Unit) -> Place | None:
    """The place of the unit's provider `peer`, where its region has a peer."""
    if unit.peer_region is None:
        return None
    return Place(unit.address.account, unit.peer_region, unit.address.environment)


def tags_by_place(estate: Estate) -> dict[Place, Mapping[str, str]]:
    """The default tags of every place: those of its units.

    A place without units of its own has those of the first unit whose peer it is.
    """
    units = [estate.units[address] for address in sorted(estate.units)]
    tags = {place_of(unit): unit.tags for unit in reversed(units)}
    for unit in units:
        if peer := peer_of(unit):
            tags.setdefault(peer, unit.tags)
    return tags


def required(estate: Estate, units: Iterable[Unit]) -> list[Provider]:
    """The providers that the units' modules declare, by name."""
    names = {name for unit in units for name in unit.module.providers}
    listed = estate.terraform.providers
    return [listed[name] for name in sorted(names) if name in listed]


def regional_block(
    estate: Estate,
    place: Place,
    alias: str | None,
    tags: Mapping[str, str],
    directory: Path,
) -> Block:
    """The block of the regional provider for `place`, in a root in `directory`."""
    account = estate.accounts[place.account]
    given = configured_block(estate.terraform.providers[REGIONAL])
    if account.emulator:
        given = _without_credentials(given)
    arguments: dict[str, Value] = {"alias": alias} if alias else {}
    arguments |= {"region": place.region, **access(estate, account, directory)}
    arguments |= proxy(estate, account, directory)
    arguments |= path_style(account, "s3_use_path_style")
    nested = [*_account_blocks(account, tags)]
    own = {name for name, _ in nested}
    return Block(
        REGIONAL,
        {**arguments, **{k: v for k, v in given.arguments.items() if k not in arguments}},
        (*nested, *(block for block in given.nested if block[0] not in own)),
    )


def _without_credentials(block: Block) -> Block:
    """What is configured for real accounts, without what reaches them: for an emulator."""
    arguments = {name: value for name, value in block.arguments.items() if name not in _REAL}
    return Block(block.name, arguments, tuple(n for n in block.nested if n[0] not in _REAL))


def _account_blocks(
    account: Account, tags: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, Value]]]:
    if role := assume_role(account):
        yield "assume_role", role
    if tags:
        yield "default_tags", {"tags": dict(sorted(tags.items()))}


def provider_endpoints(estate: Estate) -> Mapping[str, str]:
    """By service, the endpoints that the regional provider's `config` names."""
    provider = estate.terraform.providers.get(REGIONAL)
    given = provider.config.get("endpoints") if provider else None
    blocks = given if isinstance(given, list) else [given]
    return {
        service: url
        for block in blocks
        if isinstance(block, dict)
        for service, url in block.items()
        if isinstance(url, str)
    }


def configured_block(provider: Provider) -> Block:
    """A block of exactly `config`: a map in it is a nested block, a list of maps several."""
    arguments: dict[str, Value] = {}
    nested: list[tuple[str, Mapping[str, Value]]] = []
    for name, value in sorted(provider.config.items()):
        several = value if isinstance(value, list) and value else [value]
        blocks = [item for item in several if isinstance(item, dict)]
        if len(blocks) == len(several):
            nested += [(name, item) for item in blocks]
        else:
            arguments[name] = value
    return Block(provider.name, arguments, tuple(nested))


def passed(
    estate: Estate, unit: Unit, own: Mapping[str | None, str | None]
) -> dict[str, Expression]:
    """`providers` of the unit's module call, for what its module declares.

    `own` maps an alias of the regional provider in the module (None: the default one) to the
    alias in the root (None likewise). Other providers have no alias.
    """
    module, listed = unit.module, estate.terraform.providers
    pairs = {(name, None) for name in module.providers} | set(module.aliases)
    result: dict[str, Expression] = {}
    for name, alias in sorted(pairs, key=lambda pair: (pair[0], pair[1] or "")):
        if name in listed:
            root = own.get(alias) if name == REGIONAL else None
            result[Expression(_dotted(name, alias))] = Expression(_dotted(name, root))
    return result


def _dotted(name: str, alias: str | None) -> str:
    return f"{name}.{alias}" if alias else name
