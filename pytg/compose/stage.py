"""Cut a selection into stages: units that can be planned and applied together.

One stage is the rule. More than one comes from units that must run by themselves
(`isolate`), from a state backend that is not there yet, and from what Terraform cannot
plan through an unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import networkx as nx

from pytg.model import Address


@dataclass(frozen=True, slots=True)
class Stage:
    """Units in run order. `composed`: one process for all; else one for each, in its own root.

    `reason` says why the stage stands by itself; empty for the usual one. `number` counts the
    stages of a run from 1; 0 until its turn has come.
    """

    units: tuple[Address, ...]
    composed: bool = True
    reason: str = ""
    number: int = 0

    def only(self, units: Iterable[Address]) -> Stage:
        """The stage with fewer units."""
        return replace(self, units=tuple(units))


def divide_into_stages(
    graph: nx.DiGraph[Address],
    order: Iterable[Address],
    *,
    isolated: Collection[Address] = (),
    first: Collection[Address] = (),
    late: Mapping[Address, str] | None = None,
) -> list[Stage]:
    """Stages over `order`, a topological order of the contracted `graph`.

    `isolated` units run each in its own root; those that are ready at once, none of which
    needs another, are one stage. `first` units (a missing state
    backend) come before all others. `late` units wait for everything that they need, with
    the reason; so does what needs them.
    """
    late = late or {}
    rest = [unit for unit in order if unit not in first]
    stages: list[Stage] = []
    early = tuple(unit for unit in order if unit in first)
    if early:
        stages.append(Stage(early, reason="makes the state backend"))
    done = set(early)
    while rest:
        together = _ready_together(graph, rest, done, isolated, late)
        if together:
            reasons = sorted({late[u] for u in together if u in late})
            more = f"; and {len(reasons) - 1} more like it" if len(reasons) > 1 else ""
            stages.append(Stage(tuple(together), reason="".join((*reasons[:1], more))))
        alone = [] if together else [u for u in rest if u in isolated and _ready(graph, u, done)]
        if alone:
            stages.append(Stage(tuple(alone), composed=False, reason="isolate: true"))
        taken = together or alone
        done.update(taken)
        rest = [unit for unit in rest if unit not in set(taken)]
    return stages


def _ready(graph: nx.DiGraph[Address], unit: Address, done: Collection[Address]) -> bool:
    return all(upstream in done for upstream in graph.predecessors(unit))


def _ready_together(
    graph: nx.DiGraph[Address],
    rest: Iterable[Address],
    done: Collection[Address],
    isolated: Collection[Address],
    late: Mapping[Address, str],
) -> list[Address]:
    """The largest set of units that needs only what is done or in the set."""
    together: list[Address] = []
    reachable = set(done)
    for unit in rest:
        base = done if unit in late else reachable
        if unit not in isolated and _ready(graph, unit, base):
            together.append(unit)
            reachable.add(unit)
    return together
