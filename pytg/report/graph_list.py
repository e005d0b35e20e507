"""The units of a selection as names, as a tree, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytg.graph.build import UnitGraph, edge_between
from pytg.graph.selection import Selection
from pytg.model import Address, Estate, Unit

CANNOT_BE_READ = "(cannot be read)"
_Tree = dict[str, Any]


def names(_: Estate, __: UnitGraph, selection: Selection, *, why: bool) -> str:
    """One address a line in run order; with the reason after a tab."""
    tails = {unit: f"\t{selection.reasons[unit]}" if why else "" for unit in selection.units}
    return "".join(f"{unit}{tail}\n" for unit, tail in tails.items())


def tree(estate: Estate, _: UnitGraph, selection: Selection, *, why: bool) -> str:
    """Account, environment, region, and modules in run order."""
    top: _Tree = {}
    for unit in selection.units:
        region = top.setdefault(unit.account, {}).setdefault(unit.environment, {})
        label = f"{unit.module}  ({selection.reasons[unit]})" if why else unit.module
        label += f"  {CANNOT_BE_READ}" if estate.units[unit].module.broken else ""
        region.setdefault(unit.region, {})[label] = {}
    return "".join(
        f"{account}\n" + "".join(f"{line}\n" for line in _branches(below, depth=2))
        for account, below in sorted(top.items())
    )


def _branches(below: _Tree, depth: int) -> Iterator[str]:
    """`depth` more levels are sorted; those below keep their order."""
    entries = sorted(below.items()) if depth else list(below.items())
    for number, (name, children) in enumerate(entries, start=1):
        last = number == len(entries)
        yield f"{'└── ' if last else '├── '}{name}"
        for line in _branches(children, max(depth - 1, 0)):
            yield f"{'    ' if last else '│   '}{line}"


def as_json(estate: Estate, graph: UnitGraph, selection: Selection, *, why: bool) -> str:
    """An array of objects in run order, for other programs."""
    listed = []
    for address in selection.units:
        entry = _described(estate.units[address], graph)
        listed.append({**entry, "why": selection.reasons[address]} if why else entry)
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"


def _described(unit: Unit, graph: UnitGraph) -> dict[str, object]:
    needs = sorted(graph.predecessors(unit.address), key=str)
    return {
        "address": str(unit.address),
        "account": unit.address.account,
        "region": unit.address.region,
        "environment": unit.address.environment,
        "module": unit.address.module,
        "aws_region": unit.region,
        "suffix": unit.suffix,
        "needs": [str(upstream) for upstream in needs],
        "reads": {
            str(upstream): sorted(outputs)
            for upstream in needs
            if (outputs := _outputs(graph, upstream, unit.address))
        },
        "broken": [str(problem) for problem in unit.module.broken],
    }


def _outputs(graph: UnitGraph, upstream: Address, unit: Address) -> frozenset[str]:
    return edge_between(graph, upstream, unit).outputs


FORMS: Mapping[str, Callable[..., str]] = {"names": names, "tree": tree, "json": as_json}
