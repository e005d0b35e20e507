"""The variables of a composed root: outputs of units that are not in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from pytg.generate.hcl import Expression
from pytg.generate.typed_values import constraint, decoded, encoded, is_odd
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


def outside_value(reference: Reference, types: Mapping[OutputKey, object]) -> str:
    """What the output is read by: its variable, or the local that is made of it."""
    kept = is_odd(types.get((reference.unit, reference.output), "dynamic"))
    return f"{'local' if kept else 'var'}.{variable(reference)}"


def outside_locals(
    read: Mapping[str, Reference], types: Mapping[OutputKey, object]
) -> dict[str, Value]:
    """What is made of variables whose type no constraint can say, by the same name."""
    kinds = {name: types.get((r.unit, r.output), "dynamic") for name, r in sorted(read.items())}
    return {
        name: Expression(decoded(f"var.{name}", kind))
        for name, kind in kinds.items()
        if is_odd(kind)
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
        kind = types.get(key, "dynamic")
        value = cast(Value, encoded(literals.get(key), kind))
        sensitive = is_sensitive(estate, reference)
        arguments: dict[str, Value] = {"type": Expression(constraint(kind))}
        if sensitive and value is not None:
            secrets[name] = value
        else:
            arguments["default"] = value
        if sensitive:
            arguments["sensitive"] = True
        variables.append((name, arguments))
    return variables, secrets
