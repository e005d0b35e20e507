"""What a unit's state holds, object by object, with what is sensitive in it marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytg.compose.resource_address import MANAGED, ResourceAddress, Step
from pytg.compose.state_document import State
from pytg.terraform.difference import SENSITIVE
from pytg.terraform.secrets import masked, secrets_in

_PRIMITIVE = frozenset({"bool", "dynamic", "number", "string"})
_COMPOUND = frozenset({"list", "map", "object", "set", "tuple"})


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An instance of a resource. `address` is inside the unit's module.

    `attributes` hold sensitive values in clear, `mask` has their shape, with true where it applies.
    `deposed` is the key of an object that waits to be destroyed.
    """

    address: ResourceAddress
    provider: str
    attributes: Any = field(repr=False)
    mask: Any = field(repr=False)
    dependencies: tuple[str, ...] = ()
    deposed: str = ""

    @property
    def shown(self) -> Any:
        """The attributes with sensitive values masked."""
        return hidden(self.attributes, self.mask)


def stored_objects(module: str, state: State | None) -> list[StoredObject]:
    """The objects in the state of a unit of `module`, by address.

    Left out is what a unit's own root reads beside the module: the states of other units.
    """
    secrets = frozenset(_secrets(state or {}))
    found = [
        _object(address, resource, instance, secrets)
        for resource in (state or {}).get("resources", ())
        for instance in resource["instances"]
        if (address := inside(module, ResourceAddress.of(resource, instance))) is not None
    ]
    return sorted(found, key=lambda each: (_order(each.address), each.deposed))


def inside(module: str, address: ResourceAddress) -> ResourceAddress | None:
    """`address`, of a unit's own root, as it is inside the unit's module.

    Data beside the module is None; a resource there keeps its whole address.
    """
    if address.modules[:1] == (Step(module),):
        inner = address.modules[1:]
        return ResourceAddress(inner, address.mode, address.type, address.resource)
    return address if address.mode == MANAGED else None


def hidden(value: Any, mask: Any) -> Any:
    """`value` with what `mask` marks replaced."""
    if mask is True:
        return SENSITIVE
    if isinstance(value, dict) and isinstance(mask, dict):
        return {key: hidden(part, mask.get(key, False)) for key, part in value.items()}
    if isinstance(value, list) and isinstance(mask, list):
        marks = [*mask, *([False] * len(value))]
        return [hidden(part, mark) for part, mark in zip(value, marks, strict=False)]
    return value


def _object(
    address: ResourceAddress,
    resource: Mapping[str, Any],
    instance: Mapping[str, Any],
    secrets: frozenset[str],
) -> StoredObject:
    attributes, mask = _attributes(instance)
    return StoredObject(
        address=address,
        provider=resource["provider"],
        attributes=attributes,
        mask=masked(attributes, mask, secrets),
        dependencies=tuple(instance.get("dependencies") or ()),
        deposed=instance.get("deposed") or "",
    )


def _attributes(instance: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes of an instance, and the mask that the state has for them."""
    kept = instance.get("attributes") or instance.get("attributes_flat") or {}
    attributes = {name: _unwrapped(value) for name, value in kept.items()}
    mask: dict[str, Any] = {}
    for path in instance.get("sensitive_attributes") or ():
        first, *rest = _keys(path) or [None]
        for name in attributes if first is None else {first} & attributes.keys():
            mask[name] = _marked(attributes[name], mask.get(name, False), rest)
    return attributes, mask


def _secrets(state: State) -> Iterator[str]:
    """Every text that the state marks as sensitive somewhere."""
    for output in state.get("outputs", {}).values():
        yield from secrets_in(output["value"], bool(output.get("sensitive")))
    for resource in state.get("resources", ()):
        for instance in resource["instances"]:
            yield from secrets_in(*_attributes(instance))


def _unwrapped(value: Any) -> Any:
    """A value whose type is known only at run time lies in a state beside its type."""
    if isinstance(value, dict):
        if value.keys() == {"type", "value"} and _is_type(value["type"]):
            return _unwrapped(value["value"])
        return {key: _unwrapped(part) for key, part in value.items()}
    return [_unwrapped(part) for part in value] if isinstance(value, list) else value


def _is_type(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], str) and value[0] in _COMPOUND
    return isinstance(value, str) and value in _PRIMITIVE


def _keys(path: Sequence[Mapping[str, Any]]) -> list[Any]:
    """A path of a state as keys and indices; what is neither ends it."""
    keys: list[Any] = []
    for step in path:
        value = step["value"]
        key = value.get("value") if isinstance(value, dict) else value
        if not isinstance(key, str | int):
            break
        keys.append(key)
    return keys


def _marked(value: Any, mask: Any, path: Sequence[Any]) -> Any:
    """`mask` with the part of `value` at `path` marked; all of what cannot be followed."""
    if mask is True or not path:
        return True
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and key in value:
        known = mask if isinstance(mask, dict) else {}
        return {**known, key: _marked(value[key], known.get(key, False), rest)}
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        marks = list(mask) if isinstance(mask, list) else [False] * len(value)
        marks[key] = _marked(value[key], marks[key], rest)
        return marks
    return value is not None  # nothing is hidden where there is nothing


def _order(address: ResourceAddress) -> tuple[Any, ...]:
    """Data last, what is in modules after what is not, numbers in the order of numbers."""
    modules = [_comparable(step) for step in address.modules]
    return address.mode != MANAGED, modules, address.type, _comparable(address.resource)


def _comparable(step: Step) -> tuple[str, str, Any]:
    return step.name, type(step.key).__name__, step.key or 0
