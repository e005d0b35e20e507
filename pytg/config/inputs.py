"""A unit's inputs: chosen from two maps, resolved, and checked against the module's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pytg.config.keys import with_keys
from pytg.config.merge import merge
from pytg.config.modules import DeclaredModule
from pytg.config.node import Node
from pytg.config.problems import ProblemCollector
from pytg.config.references import Resolver
from pytg.config.types import Type, mismatches, parse_type
from pytg.config.unit_places import UnitPlace
from pytg.errors import Problem
from pytg.model import Value, Variable
from pytg.suggest import did_you_mean


def chosen_inputs(
    place: UnitPlace, declared: DeclaredModule, report: ProblemCollector
) -> dict[str, Node]:
    """The input nodes of a unit by variable: its module's own win over the common ones.

    Two maps are merged, as those of levels are; so an empty one takes nothing away.
    Includes own inputs that the module does not declare. Keys below them are those of the unit.
    """
    common = place.settings.find("inputs")
    own = place.settings.find("modules", declared.module.name, "inputs")
    chosen = dict(own.entries) if own else {}
    for name, node in common.entries.items() if common else ():
        if name in chosen and node.is_map and chosen[name].is_map and not chosen[name].overrode:
            chosen[name] = merge(node, chosen[name], report)
        elif name in chosen:
            trail = (*chosen[name].overrode, replace(node, overrode=()), *node.overrode)
            chosen[name] = replace(chosen[name], overrode=trail)
        elif name in declared.module.variables:
            chosen[name] = node
    facts = place.facts_for(declared.module.name)
    return {name: with_keys(node, facts, report) for name, node in sorted(chosen.items())}


def resolve_inputs(
    nodes: Mapping[str, Node],
    declared: DeclaredModule,
    resolver: Resolver,
    report: ProblemCollector,
) -> dict[str, Value]:
    """The values of `nodes`. Reports unknown, missing and ill-typed ones."""
    name = declared.module.name
    variables = declared.module.variables
    values: dict[str, Value] = {}
    for key, node in nodes.items():
        if key not in variables:
            if not declared.complete:
                values[key] = resolver.value(node)  # what it reads is known all the same
            else:
                unset = variables.keys() - nodes.keys()
                message = f"module `{name}` has no variable `{key}`"
                report(Problem(message, node.start, did_you_mean(key, unset or variables)))
            continue
        wanted = parse_type(variables[key].type)
        values[key] = resolver.value(_as_written(node, wanted))
        _check(values[key], variables[key], node, declared, report)
    for key, variable in variables.items():
        if variable.required and key not in nodes:
            _missing(key, declared, resolver.place, report)
    return values


def _as_written(node: Node, wanted: Type) -> Node:
    """`node`, with the text of a number as it was written wherever `wanted` is text.

    Terraform would make "1.1" of the number 1.10.
    """
    if wanted.kind == "string" and node.written is not None:
        return replace(node, value=node.written)
    if isinstance(node.value, dict):
        inner = {key: _as_written(item, wanted.inside(key)) for key, item in node.value.items()}
        return replace(node, value=inner)
    if isinstance(node.value, tuple):
        items = (_as_written(item, wanted.inside(i)) for i, item in enumerate(node.value))
        return replace(node, value=tuple(items))
    return node


def _check(
    value: Value, variable: Variable, node: Node, declared: DeclaredModule, report: ProblemCollector
) -> None:
    name = f"input `{variable.name}` of module `{declared.module.name}`"
    place = declared.places.get(f"variable.{variable.name}")
    hint = f"declared in {place}" if place else ""
    if value is None and variable.required and not variable.nullable:
        report(Problem(f"{name} must not be null", node.position, hint))
    for mismatch in mismatches(value, parse_type(variable.type)):
        said = "not of the variable's type" if variable.sensitive else mismatch
        report(Problem(f"{name}: {said}", node.position, hint))


def _missing(
    key: str, declared: DeclaredModule, place: UnitPlace, report: ProblemCollector
) -> None:
    name = declared.module.name
    entry = place.settings.find("modules", name)
    inputs = entry.find("inputs") if entry else None
    where = inputs or entry
    variable = declared.places.get(f"variable.{key}")
    hint = f"declared in {variable}; set it under `modules.{name}.inputs`"
    message = f"module `{name}` needs the input `{key}`"
    report(Problem(message, where.start if where else None, hint), str(place))
