"""How one unit is called inside a composed root, and inside its own root."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from pytg.generate.composed import FIRST
from pytg.generate.providers import PEER, REGIONAL, peer_of, place_of
from pytg.model import Address, Estate, Unit


@dataclass(frozen=True, slots=True)
class Shape:
    """The names under which a unit's resources stand in the two kinds of root module.

    `slug` names its module call in a composed root, `module` in its own root. `aliases`
    maps an alias of the provider `provider` (its source, such as `hashicorp/aws`) in the
    composed root to the alias in the unit's root (None: the default configuration); other
    providers are called the same in both. `upstream` are the slugs of the units it needs.
    `counted`: the module call in the composed root has a `count`, which is always 1. `early` are
    the resources that the module creates before it destroys them, as `created_first` names them;
    None: that is not known.
    """

    address: Address
    slug: str
    module: str
    provider: str = ""
    aliases: Mapping[str, str | None] = field(default_factory=dict)
    upstream: frozenset[str] = frozenset()
    counted: bool = False
    early: frozenset[str] | None = None

    @property
    def call(self) -> str:
        """The instance of the module call in the composed root."""
        return f"{self.slug}{FIRST}" if self.counted else self.slug

    @property
    def own(self) -> Mapping[str | None, str]:
        """The alias in the unit's root, to that in the composed root."""
        return {own: composed for composed, own in self.aliases.items()}


def shape_of(estate: Estate, unit: Unit, upstream: frozenset[str] = frozenset()) -> Shape:
    """The shape of `unit`; `upstream` are slugs of the units that it needs."""
    aws = estate.terraform.providers.get(REGIONAL)
    aliases: dict[str, str | None] = {place_of(unit).alias: None}
    peer = peer_of(unit)
    if peer is not None:
        aliases[peer.alias] = PEER
    address = unit.address
    source = aws.source if aws else ""
    return Shape(address, address.slug, address.module, source, aliases, upstream)


def output_of(name: str, slugs: Container[str]) -> tuple[str, str] | None:
    """The unit's slug and the output that the root output `<slug>__<output>` names."""
    parts = name.split("__")
    for cut in range(len(parts) - 1, 0, -1):
        slug = "__".join(parts[:cut])
        if slug in slugs:
            return slug, "__".join(parts[cut:])
    return None
