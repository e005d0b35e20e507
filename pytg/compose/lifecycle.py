"""Which resources of a unit are created before they are destroyed, because the unit says so.

Terraform puts `create_before_destroy` on whatever a resource with it depends on, and notes it in
the state. In a composed root that reaches the units upstream, which alone would not have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytg.compose.shape import Shape

# outside of quotes a bracket opens an instance key; within, a quote or a backslash is escaped
_KEY = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]', re.DOTALL)
_FLAG = "create_before_destroy"


def without_keys(address: str) -> str:
    """The address of a resource or module, for all of its instances."""
    return _KEY.sub("", address)


def replaced_early(shape: Shape, state: Mapping[str, Any] | None) -> frozenset[str] | None:
    """Addresses inside the module that the unit alone creates before it destroys them.

    Those that say so and what they depend on, as its state has it. None where that is unknown;
    one that ends in a dot stands for all that it begins.
    """
    if shape.early is None:
        return None
    begin = f"module.{shape.module}."
    found = set(shape.early)
    for name, resource in _managed(begin, state or {}):
        if is_early(name, shape.early):
            needs = (d for i in resource["instances"] for d in i.get("dependencies") or ())
            found.update(need.removeprefix(begin) for need in needs)
    return frozenset(found)


def is_early(name: str, early: frozenset[str]) -> bool:
    """Whether `name`, an address without keys, is in such a set."""
    return name in early or any(e.endswith(".") and name.startswith(e) for e in early)


def own_lifecycles(shape: Shape, state: Mapping[str, Any]) -> dict[str, Any]:
    """A unit's state as the unit alone would leave it: `create_before_destroy` where it has it."""
    early = replaced_early(shape, state)
    if early is None:
        return dict(state)
    named = {id(r): name for name, r in _managed(f"module.{shape.module}.", state)}
    resources = [
        resource
        if id(resource) not in named or is_early(named[id(resource)], early)
        else {**resource, "instances": [_unflagged(i) for i in resource["instances"]]}
        for resource in state["resources"]
    ]
    return {**state, "resources": resources}


def _unflagged(instance: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in instance.items() if key != _FLAG}


def _managed(begin: str, state: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The managed resources of the unit's module, each with its address inside of it."""
    for resource in state.get("resources", ()):
        address = f"{without_keys(resource.get('module') or '')}.{resource['type']}"
        if resource["mode"] == "managed" and address.startswith(begin):
            yield f"{address.removeprefix(begin)}.{resource['name']}", resource
