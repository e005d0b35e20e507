"""How one unit is called inside a composed root, and inside its own root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytg.model import Address, Estate, Unit

REGIONAL_PROVIDER = "aws"


@dataclass(frozen=True, slots=True)
class Shape:
    """The names under which a unit's resources stand in the two kinds of root module.

    `slug` names its module call in a composed root, `module` in its own root. `aliases`
    maps an alias of the provider `provider` (its source, such as `hashicorp/aws`) in the
    composed root to the alias in the unit's root (None: the default configuration); other
    providers are called the same in both. `upstream` are the slugs of the units it needs.
    """

    address: Address
    slug: str
    module: str
    provider: str = ""
    aliases: Mapping[str, str | None] = field(default_factory=dict)
    upstream: frozenset[str] = frozenset()

    @property
    def own(self) -> Mapping[str | None, str]:
        """The alias in the unit's root, to that in the composed root."""
        return {own: composed for composed, own in self.aliases.items()}


def provider_alias(unit: Unit, region: str) -> str:
    """The composed root's alias for `region` as `unit` sees it.

    Depends on account, region and environment only: each distinct provider block is one
    more provider process.
    """
    return f"{unit.address.account}__{region}__{unit.address.environment}"


def shape_of(estate: Estate, unit: Unit, upstream: frozenset[str] = frozenset()) -> Shape:
    """The shape of `unit`; `upstream` are slugs of the units that it needs."""
    aws = estate.terraform.providers.get(REGIONAL_PROVIDER)
    aliases: dict[str, str | None] = {provider_alias(unit, unit.region): None}
    if unit.peer_region is not None:
        aliases[provider_alias(unit, unit.peer_region)] = "peer"
    address = unit.address
    source = aws.source if aws else ""
    return Shape(address, address.slug, address.module, source, aliases, upstream)
