"""What `${self...}` knows, and texts that use nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pytg.config.node import Node, ReportProblem
from pytg.config.syntax import Placeholder, parse_text
from pytg.errors import Problem
from pytg.suggest import did_you_mean

SelfValue: TypeAlias = str | list[str] | dict[str, str] | None
SelfValues: TypeAlias = Mapping[str, SelfValue]


class Unresolvable(Exception):
    """A placeholder that means nothing here. `placed`: true elsewhere in the estate perhaps."""

    def __init__(self, message: str, hint: str = "", *, placed: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.placed = placed


def self_value(facts: SelfValues, placeholder: Placeholder) -> SelfValue:
    """The value of `${self...}`. Raises Unresolvable."""
    name, *path = placeholder.steps
    if name not in facts:
        hint = did_you_mean(str(name), facts) or f"it knows {', '.join(sorted(facts))}"
        raise Unresolvable(f"{placeholder.text}: `self` does not know `{name}` here", hint)
    value: SelfValue = facts[str(name)]
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            raise Unresolvable(f"{placeholder.text}: there is no `{step}`", placed=True)
    return value


def self_value_as_text(facts: SelfValues, placeholder: Placeholder) -> str:
    """The same inside a text. Raises Unresolvable for what is not text."""
    value = self_value(facts, placeholder)
    if isinstance(value, str):
        return value
    kind = "null here" if value is None else "not text"
    raise Unresolvable(f"{placeholder.text} is {kind} and cannot stand in a text", placed=True)


def resolve_self_text(node: Node, facts: SelfValues, report: ReportProblem) -> str:
    """The text of `node`, in which only `${self...}` may stand. Reports what else does."""
    try:
        return "".join(
            part if isinstance(part, str) else _self_part(facts, part)
            for part in parse_text(str(node.value))
        )
    except Unresolvable as error:
        report(Problem(error.message, node.position, error.hint))
    except ValueError as error:
        report(Problem(str(error), node.position, "write `$${` for the characters `${`"))
    return ""


def _self_part(facts: SelfValues, placeholder: Placeholder) -> str:
    if placeholder.head != "self":
        raise Unresolvable(f"{placeholder.text}: only ${{self...}} may stand here")
    return self_value_as_text(facts, placeholder)
