"""What pytg refuses before anything is started."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import networkx as nx

from pytg.compose.changes import ResourceAction, UnitChanges
from pytg.compose.state_merge import is_empty
from pytg.errors import Refused, StalePlan
from pytg.generate.unit import WHERE_NULL_IS_MEANT
from pytg.model import Address, Estate
from pytg.record.words import named
from pytg.state.state_reader import StateReader, UnitState, parse_state

_LOSING = frozenset({"delete", "replace"})


def refuse_losing_stateful(
    estate: Estate, changes: Iterable[UnitChanges], allowed: Collection[str]
) -> None:
    """In a protected environment, a stateful resource that would go must have been named.

    `allowed` are what `--allow-loss` named: `<unit address>:<resource address>`.
    """
    losing = [
        f"{unit.address}:{resource.address}"
        for unit in changes
        if estate.units[unit.address].protected
        for resource in unit.resources
        if _loses(resource, estate.stateful)
    ]
    missing = [name for name in losing if name not in allowed]
    if missing:
        unknown = sorted(set(allowed) - set(losing))
        odd = f"; nothing that this plan loses: {', '.join(unknown)}" if unknown else ""
        raise Refused(
            "stateful resources in a protected environment would be deleted or replaced:\n"
            + "\n".join(f"    {name}" for name in missing),
            hint="if that is meant, name each one: "
            + " ".join(f"--allow-loss '{name}'" for name in missing)
            + odd,
        )


def unguarded(estate: Estate, selected: Iterable[Address]) -> str:
    """What to warn of where `protected: true` guards nothing; empty where it does."""
    protected = sorted(unit for unit in selected if estate.units[unit].protected)
    if not protected or estate.stateful:
        return ""
    return (
        "`protected: true` guards nothing: `stateful` in config.yaml takes every resource type "
        f"away ({named(protected)})"
    )


def refuse_orphaning(
    graph: nx.DiGraph[Address], estate: Estate, selected: Collection[Address], states: StateReader
) -> None:
    """Units that are not selected and exist must not need a unit that is destroyed."""
    chosen = set(selected)
    needing = {d for unit in chosen for d in nx.descendants(graph, unit)} - chosen
    held = states.read(estate.units[address] for address in sorted(needing))
    alive = [address for address in sorted(needing) if not is_empty(held[address].state)]
    if alive:
        raise Refused(
            "these units still exist and need what would be destroyed:\n"
            + "\n".join(f"    {address}" for address in alive),
            hint="destroy them too: select with a trailing '+', as in --select 'module:NAME+'",
        )


def refuse_losing_states(
    estate: Estate, selected: Collection[Address], states: StateReader
) -> None:
    """A backend that is destroyed must hold no state of anything that is not destroyed with it.

    Such are states of environments with another suffix, which the graph does not show, and of
    units that left the configuration.
    """
    units = [estate.units[address] for address in sorted(selected)]
    found: set[str] = set()
    for maker in units:
        store = states.store(maker)
        if not maker.bootstrap or not store.exists():
            continue
        place = replace(maker.backend, key="")
        known = {u.backend.key for u in units if replace(u.backend, key="") == place}
        for key in set(store.keys("")) - known:
            stored = store.read(key)
            if stored is not None and not is_empty(parse_state(stored, key)):
                found.add(key)
    if found:
        raise Refused(
            "the state backend that would be destroyed holds states of something else:\n"
            + "\n".join(f"    {key}" for key in sorted(found)),
            hint="destroy those first: with --suffix where it is another suffix; what is no "
            "longer configured must be brought back for that",
        )


def refuse_missing_upstream(missing: Mapping[tuple[Address, str], Collection[Address]]) -> None:
    """Outputs that are read from states, by unit and name, and that no state holds."""
    lines = (
        f"    {output} of {upstream} (read by {', '.join(str(u) for u in sorted(users))})"
        for (upstream, output), users in sorted(missing.items())
    )
    units = " ".join(sorted({f"+{upstream}" for upstream, _ in missing}))
    raise Refused(
        "outputs of other units are read and are in no state: the unit or the output was never "
        "applied, or it is null:\n" + "\n".join(lines),
        hint=f"apply those first, with --select '{units}'; {WHERE_NULL_IS_MEANT}",
    )


def refuse_stale(estate: Estate, states: StateReader, read: Mapping[Address, UnitState]) -> None:
    """Raise StalePlan where a state that a plan was made from is no longer the one in `read`."""
    moved = states.moved([estate.units[address] for address in read], read)
    if moved:
        raise StalePlan(
            "these states moved after the plan was made:\n"
            + "\n".join(f"    {address}" for address in moved),
            hint="plan again: somebody applied in between",
        )


def _loses(resource: ResourceAction, stateful: Collection[str]) -> bool:
    return resource.action in _LOSING and resource.type in stateful
