"""The deep merge of levels. docs/reference/configuration.md holds its rules as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from pytg.config.node import Node, ReportProblem
from pytg.errors import Problem


def merge_levels(levels: Sequence[Node], report: ReportProblem) -> Node:
    """Merge `levels`, of which there is at least one; later wins. Reports conflicts of kinds."""
    return reduce(lambda below, above: merge(below, above, report), levels)


def merge(below: Node, above: Node, report: ReportProblem) -> Node:
    """`above` over `below`: associative, in the values as in their trails."""
    if below.is_map and above.is_map and not above.overrode:
        entries = dict(below.entries)
        for key, node in above.entries.items():
            entries[key] = merge(entries[key], node, report) if key in entries else node
        return replace(above, value=entries, overrode=below.overrode)
    earliest = above.overrode[-1] if above.overrode else above
    if below.is_map != earliest.is_map and None not in (below.value, earliest.value):
        message = f"{earliest.kind} cannot replace {below.kind}"
        report(Problem(message, earliest.start, f"{below.kind} stands at {below.start}"))
    trail = (replace(below, overrode=()), *below.overrode)
    return replace(above, overrode=above.overrode + trail)
