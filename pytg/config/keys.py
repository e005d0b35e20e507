"""Keys of maps in inputs: `${self...}` and `$${` mean there what they mean in values."""

from __future__ import annotations

from dataclasses import replace

from pytg.config.node import Node, ReportProblem
from pytg.config.self_values import SelfValues, resolve_self_text
from pytg.errors import Position, Problem

_WAY_OUT = "keys are known before Terraform runs: give the module a list of objects instead"


def with_keys(node: Node, facts: SelfValues, report: ReportProblem) -> Node:
    """`node` with the keys that its maps have in the unit that `facts` are of.

    Reports a key that reads another unit, and two that become the same.
    """
    if isinstance(node.value, tuple):
        items = tuple(with_keys(item, facts, report) for item in node.value)
        unchanged = all(new is old for new, old in zip(items, node.value, strict=True))
        return node if unchanged else replace(node, value=items)
    if not isinstance(node.value, dict):
        return node
    found: dict[str, Node] = {}
    for written, item in node.value.items():
        key = _key(written, item.start, facts, report) if "${" in written else written
        if key in found:
            first = f"first at {found[key].start}"
            report(Problem(f"key `{key}` stands twice", item.start, first))
        found[key] = with_keys(item, facts, report)
    unchanged = all(found.get(key) is item for key, item in node.value.items())
    return node if unchanged else replace(node, value=found)


def _key(written: str, position: Position, facts: SelfValues, report: ReportProblem) -> str:
    said: list[Problem] = []
    text = resolve_self_text(Node(written, position), facts, said.append)
    for problem in said:
        report(replace(problem, hint=problem.hint or _WAY_OUT))
    return written if said else text
