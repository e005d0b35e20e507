"""What a run left undone, as a request for another run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from pytg.errors import Refused
from pytg.graph.selection import Selectors
from pytg.model import Address, Estate
from pytg.record.run import Asked, Result, Run, Status
from pytg.record.runs import PastRuns, kind, left
from pytg.run.options import Options, Request
from pytg.state.state_reader import StateReader


@dataclass(frozen=True, slots=True)
class Retry:
    """`units` of `run` are to be done again; `gone` are those that left the configuration.

    `moved` says of units which of what they need has changed since, and how that is known.
    """

    run: Run
    units: tuple[Address, ...]
    gone: tuple[Address, ...]
    moved: Mapping[Address, Mapping[Address, str]]

    def request(self, args: tuple[str, ...], *, yes: bool) -> Request:
        """The same again for the units that are left. `args` are those of the retry itself.

        The `yes` of the run was for the plan of then: it must be said anew. Raises Refused where
        the run was asked for what this pytg does not have.
        """
        asked = asked_of(self.run)
        select = tuple(map(str, self.units))
        return Request(
            kind(self.run),
            Selectors(select=select, suffix=asked.suffix),
            replace(Options.of(asked.options), yes=yes),
            args,
            self.run.run_id,
        )


def asked_of(run: Run) -> Asked:
    """What was asked of `run`; of an old record, as far as its arguments tell."""
    if run.asked is not None:
        return run.asked
    return Asked(_suffix(run.args), {"per_unit": True} if run.mode == "per-unit" else {})


def _suffix(args: Sequence[str]) -> str | None:
    for place, arg in enumerate(args):
        name, given, value = arg.partition("=")
        if name == "--suffix":
            return value if given else next(iter(args[place + 1 :]), None)
    return None


def retry(
    run: Run, past: PastRuns, estate: Estate, graph: nx.DiGraph[Address], states: StateReader
) -> Retry:
    """What is left of `run`. Raises Refused where it still goes on."""
    if run.result is Result.RUNNING:
        raise Refused(f"run {run.run_id} goes on", hint="wait for its end, or interrupt it")
    open_units = left(run, past.runs)
    units = tuple(sorted(a for a in open_units if a in estate.units))
    gone = tuple(sorted(a for a in open_units if a not in estate.units))

    def serials(known: Collection[Address]) -> dict[Address, int]:
        held = states.read(estate.units[address] for address in known)
        return {address: state.serial for address, state in held.items()}

    moved = {} if kind(run) == "destroy" else _moved(run, past, units, graph, serials)
    return Retry(run, units, gone, moved)


def _moved(
    run: Run,
    past: PastRuns,
    units: Collection[Address],
    graph: nx.DiGraph[Address],
    serials: Callable[[Collection[Address]], Mapping[Address, int]],
) -> dict[Address, dict[Address, str]]:
    """By unit, what it needs that is not retried itself and changed since `run`."""
    needed = {unit: nx.ancestors(graph, unit) - set(units) for unit in units}
    upstream = set().union(*needed.values())
    later = [r for r in past.changing if r.started_at > run.started_at]
    how = {
        address: f"{kind(r)} {r.run_id}"
        for r in later
        for address, unit in r.units.items()
        if address in upstream and unit.status is Status.SUCCEEDED
    }
    known = sorted(upstream & run.serials.keys() - how.keys())
    now = serials(known)
    how |= {a: "its state moved" for a in known if now[a] != run.serials[a]}
    found = {
        unit: {a: how[a] for a in sorted(needs & how.keys())} for unit, needs in needed.items()
    }
    return {unit: ups for unit, ups in sorted(found.items()) if ups}
