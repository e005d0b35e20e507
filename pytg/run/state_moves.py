"""Moves of resources between units, and of whole units to a new address: what is to be written.

The states concerned are merged, changed and split as for a composed root; so what differs between
two units' states, such as providers and module calls, is right at the new place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytg.compose.resource_address import MANAGED, ResourceAddress, Step
from pytg.compose.shape import Shape
from pytg.compose.state_document import State
from pytg.compose.state_merge import (
    empty_state,
    is_empty,
    merge_states,
    next_state,
    same_content,
    split_state,
)
from pytg.compose.state_move import CannotMove, moved
from pytg.errors import Refused
from pytg.generate.providers import PEER, REGIONAL
from pytg.model import GLOBAL, Address, Estate
from pytg.state.state_reader import UnitState
from pytg.state.stored_objects import stored_objects


@dataclass(frozen=True, slots=True)
class Move:
    """`what` in `source` becomes `to` in `target`; both None: the whole unit."""

    source: Address
    target: Address
    what: ResourceAddress | None = None
    to: ResourceAddress | None = None

    def __str__(self) -> str:
        ends = ((self.source, self.what), (self.target, self.to))
        return " -> ".join(f"{unit}:{what}" if what else str(unit) for unit, what in ends)


@dataclass(frozen=True, slots=True)
class Moved:
    """The next states, in the order in which to write them, and the objects that move."""

    states: Sequence[tuple[Address, State]]
    objects: Sequence[tuple[str, str]]
    warnings: Sequence[str] = ()


def make_moves(estate: Estate, moves: Sequence[Move], held: Mapping[Address, UnitState]) -> Moved:
    """What follows `held` after `moves`: where things move to before where they come from.

    Raises Refused for what cannot be, naming the move.
    """
    states: list[tuple[Address, State]] = []
    objects: list[tuple[str, str]] = []
    warnings: list[str] = []
    for move in moves:
        source, target = held[move.source].state, held[move.target].state
        do = _whole if move.what is None else _part
        try:
            states += do(estate, move, source, target)
        except CannotMove as error:
            raise Refused(
                f"cannot move {move}: {error}",
                hint="`pytg state list` lists what is there; nothing was written",
            ) from error
        found = _objects(move, source)
        objects += [(f"{move.source}:{was}", f"{move.target}:{now}") for was, now in found]
        warnings += _undeclared(estate, move.target, (now for _, now in found))
    targets = {move.target for move in moves}
    return Moved(sorted(states, key=lambda each: each[0] not in targets), objects, warnings)


def _undeclared(estate: Estate, unit: Address, addresses: Iterable[ResourceAddress]) -> list[str]:
    """What the unit's module does not declare: the next plan would destroy it."""
    parts = estate.units[unit].module.parts
    return [
        f"module `{unit.module}` of {unit} declares no {part}: the next plan would destroy it"
        for part in sorted({declared_part(address) for address in addresses})
        if part not in parts
    ]


def declared_part(address: ResourceAddress) -> str:
    """What of a module's own file `address`, inside the module, comes from."""
    if address.modules:
        return f"module.{address.modules[0].name}"
    return str(address.whole)


def _whole(
    estate: Estate, move: Move, source: State | None, target: State | None
) -> list[tuple[Address, State]]:
    if source is None or is_empty(source):
        raise CannotMove(f"the state of {move.source} holds no resource")
    was, now = _shape(estate, move.source), replace(_shape(estate, move.target), slug="moving")
    was = replace(was, slug="moving")
    part = split_state(merge_states([(was, source)]), [now])["moving"]
    _refuse_elsewhere(estate, move, was, part)
    if not is_empty(target) and not same_content(target, part):
        raise CannotMove(f"the state of {move.target} holds resources already")
    gone = {**empty_state(""), "terraform_version": source["terraform_version"]}
    return _following([(move.target, target, part), (move.source, source, gone)])


def _part(
    estate: Estate, move: Move, source: State | None, target: State | None
) -> list[tuple[Address, State]]:
    if move.what is None or move.to is None:
        raise CannotMove("it says only one of what and where to")
    shapes = {unit: _shape(estate, unit) for unit in (move.source, move.target)}
    states = {move.source: source, move.target: target}
    merged = merge_states([(shapes[unit], states[unit]) for unit in states])
    what = move.what.below((Step(shapes[move.source].slug),))
    to = move.to.below((Step(shapes[move.target].slug),))
    try:
        after = split_state(moved(merged, what, to), shapes.values())
    except CannotMove as error:
        raise CannotMove(_plain(str(error), shapes.values())) from error
    _refuse_elsewhere(estate, move, shapes[move.source], after[shapes[move.target].slug])
    units = dict.fromkeys((move.target, move.source))
    return _following([(unit, states[unit], after[shapes[unit].slug]) for unit in units])


def _following(
    parts: Iterable[tuple[Address, State | None, State]],
) -> list[tuple[Address, State]]:
    """Each as the state that follows what was there; what stays as it is is left out."""
    after = ((unit, next_state(before, part)) for unit, before, part in parts)
    return [(unit, state) for unit, state in after if state is not None]


def _shape(estate: Estate, unit: Address) -> Shape:
    """The names of a unit's things; providers are known by their region."""
    aws = estate.terraform.providers.get(REGIONAL)
    own, peer = _regions(estate, unit)
    aliases: dict[str, str | None] = {own: None} | ({peer: PEER} if peer else {})
    return Shape(unit, unit.slug, unit.module, aws.source if aws else "", aliases)


def _regions(estate: Estate, address: Address) -> tuple[str, str | None]:
    """The regions of a unit's providers; of one that has left, as its address has them."""
    unit = estate.units.get(address)
    if unit is not None:
        return unit.region, unit.peer_region
    home = next((r.name for r in estate.regions.values() if r.role == "source"), GLOBAL)
    own = home if address.region == GLOBAL else address.region
    region = estate.regions.get(own)
    return own, region.peer if region else None


def _refuse_elsewhere(estate: Estate, move: Move, source: Shape, part: State) -> None:
    """Raise CannotMove where a resource would be looked for where it is not."""
    ids = {
        account.id
        for unit in (move.source, move.target)
        if (account := estate.accounts.get(unit.account)) is not None and account.id
    }
    for resource in part["resources"]:
        provider, _, alias = resource["provider"].partition('"].')
        if alias in source.aliases:
            raise CannotMove(
                f"{ResourceAddress.of(resource)} is in {alias}, where {move.target} has no provider"
            )
        if len(ids) > 1 and source.provider and source.provider in provider:
            raise CannotMove(f"the units are in different accounts: {' and '.join(sorted(ids))}")


def _objects(move: Move, source: State | None) -> list[tuple[ResourceAddress, ResourceAddress]]:
    """What moves and where it will be, inside the units' modules."""
    if move.what is not None and move.to is not None:
        return [(move.what, move.to)]
    held = stored_objects(move.source.module, source)
    return [(each.address, each.address) for each in held if each.address.mode == MANAGED]


def _plain(text: str, shapes: Iterable[Shape]) -> str:
    """A text of the merged state with addresses as they are inside their units."""
    for shape in shapes:
        text = text.replace(f"module.{shape.slug}.", f"{shape.address}:")
    return text
