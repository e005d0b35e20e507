"""The variables of a composed root: outputs of units that are not in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pytg.generate.hcl import Expression, is_attribute
from pytg.generate.unit import is_sensitive
from pytg.model import Address, Estate, Reference, Unit, Value, references

OutputKey = tuple[Address, str]


def variable(reference: Reference) -> str:
    """The name of the variable that holds the output."""
    return f"{reference.unit.slug}__{reference.output}"


def read_outside(units: Iterable[Unit]) -> dict[str, Reference]:
    """What `units` read of others: a reference for each output, by the variable's name."""
    inside = {unit.address: unit for unit in units}
    return {
        variable(reference): reference
        for unit in inside.values()
        for reference in references(unit.inputs)
        if reference.unit not in inside
    }


def outside_variables(
    estate: Estate,
    read: Mapping[str, Reference],
    literals: Mapping[OutputKey, object],
    types: Mapping[OutputKey, object],
) -> tuple[list[tuple[str, dict[str, Value]]], dict[str, Value]]:
    """The arguments of each variable in `read`, and the values of those that are sensitive."""
    variables: list[tuple[str, dict[str, Value]]] = []
    secrets: dict[str, Value] = {}
    for name, reference in sorted(read.items()):
        key = reference.unit, reference.output
        value = cast(Value, literals.get(key))
        kind = constraint(types.get(key, "dynamic"))
        sensitive = is_sensitive(estate, reference)
        arguments: dict[str, Value] = {"type": Expression(kind)}
        if sensitive and value is not None:
            secrets[name] = value
        else:
            arguments["default"] = value
        if sensitive:
            arguments["sensitive"] = True
        variables.append((name, arguments))
    return variables, secrets


def constraint(kind: Any) -> str:
    """The type constraint for a type from a state: `["list", "string"]` is `list(string)`.

    `any` stands for what has no constraint: an unknown type, and an object with an attribute
    whose name is no identifier.
    """
    if isinstance(kind, str):
        return "any" if kind == "dynamic" else kind
    name, inner, *_ = kind
    if name == "object":
        return _object(inner)
    if name == "tuple":
        return f"tuple([{', '.join(constraint(item) for item in inner)}])"
    return f"{name}({constraint(inner)})"


def _object(attributes: Mapping[str, Any]) -> str:
    if not attributes:
        return "object({})"
    if not all(map(is_attribute, attributes)):
        return "any"
    items = (f"{name} = {constraint(kind)}" for name, kind in sorted(attributes.items()))
    return f"object({{ {', '.join(items)} }})"
