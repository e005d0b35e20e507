"""A configuration value that knows where it stands and what it overrode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from pytg.errors import Position, Problem

Scalar: TypeAlias = bool | int | Decimal | str | None
Plain: TypeAlias = "Scalar | list[Plain] | dict[str, Plain]"
ReportProblem: TypeAlias = Callable[[Problem], None]


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a tuple of nodes, or a map of nodes.

    `position` is the value's, `key_position` that of the key before it. `overrode` are the
    values that this one replaced, nearest first; each of them overrode nothing itself. `written`
    is the text of a number.
    """

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    position: Position
    key_position: Position | None = None
    overrode: tuple[Node, ...] = field(default=())
    written: str | None = None

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def start(self) -> Position:
        """Where a person would look: at the key if there is one."""
        return self.key_position or self.position

    @property
    def entries(self) -> dict[str, Node]:
        """The entries of a map; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; empty for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def plain(self) -> Plain:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain for node in self.value]
        return self.value

    @property
    def kind(self) -> str:
        """What a message calls it."""
        if isinstance(self.value, dict):
            return "a map"
        if isinstance(self.value, tuple):
            return "a list"
        return scalar_kind(self.value)

    def find(self, *path: str | int) -> Node | None:
        """The node at `path`, or None."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                node = node.items[step] if step < len(node.items) else None
            else:
                node = node.entries.get(step)
        return node


def scalar_kind(value: object) -> str:
    """`text`, `a number`, `true or false`, or `null`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number"
