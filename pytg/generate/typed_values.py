"""Values of outputs that keep their type on the way through a variable.

A type constraint has no words for an object with an attribute that is no identifier ("key with
space"). Such an object is given as the tuple of its attributes, by name, and made again by an
expression. Types are those of a state: `"string"`, `["list", "string"]`,
`["object", {"a": "bool"}]`, `["tuple", ["string", "number"]]`; `"dynamic"` is any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytg.generate.hcl import is_attribute, quoted


def constraint(kind: Any) -> str:
    """The type constraint of a variable for `encoded` values of the type."""
    if isinstance(kind, str):
        return "any" if kind == "dynamic" else kind
    name, inner, *_ = kind
    if name == "tuple":
        return f"tuple([{', '.join(map(constraint, inner))}])"
    if name != "object":
        return f"{name}({constraint(inner)})"
    if _has_odd_name(inner):
        return constraint(["tuple", _in_order(inner)])
    items = (f"{attribute} = {constraint(inner[attribute])}" for attribute in sorted(inner))
    return f"object({{ {', '.join(items)} }})" if inner else "object({})"


def is_odd(kind: Any) -> bool:
    """Whether an object with an odd attribute is in the type: whether it must be made again."""
    if isinstance(kind, str):
        return False
    name, inner, *_ = kind
    if name == "object":
        return _has_odd_name(inner) or any(map(is_odd, inner.values()))
    return any(map(is_odd, inner)) if name == "tuple" else is_odd(inner)


def encoded(value: Any, kind: Any) -> Any:
    """The value of a state as `constraint` wants it."""
    if value is None or not is_odd(kind):
        return value
    name, inner, *_ = kind
    if name == "tuple":
        return [encoded(item, k) for item, k in zip(value, inner, strict=True)]
    if name == "map":
        return {key: encoded(item, inner) for key, item in value.items()}
    if name != "object":
        return [encoded(item, inner) for item in value]
    made = {attribute: encoded(value[attribute], inner[attribute]) for attribute in sorted(inner)}
    return list(made.values()) if _has_odd_name(inner) else made


def decoded(text: str, kind: Any) -> str:
    """The expression that makes a value of the type of `text`, which stands for an encoded one.

    What Terraform would give no type, since it is null or empty, gets it from a list beside it.
    """
    if not is_odd(kind):
        return text
    name, inner, *_ = kind
    if name in {"object", "tuple"}:
        return _or_null(_structure("v", name, inner), kind, text)
    item = decoded("v", inner)
    if name == "map":
        sample = f'tomap({{ "" = {_null(inner)} }})'
        made = f"(true ? {{ for k, v in v : k => {item} }} : {sample})"
    else:
        made = f"to{name}(true ? [for v in v : {item}] : tolist([{_null(inner)}]))"
    return _or_null(made, kind, text)


def _structure(text: str, name: str, inner: Any) -> str:
    if name == "tuple":
        return f"[{', '.join(decoded(f'{text}[{i}]', kind) for i, kind in enumerate(inner))}]"
    odd = _has_odd_name(inner)
    steps = (f"[{i}]" if odd else f".{attribute}" for i, attribute in enumerate(sorted(inner)))
    pairs = zip(sorted(inner), steps, strict=True)
    items = (f"{quoted(a)} = {decoded(text + step, inner[a])}" for a, step in pairs)
    return f"{{ {', '.join(items)} }}"


def _or_null(made: str, kind: Any, text: str) -> str:
    """`made` of a `v` that is `text`, or null of the type where that is null."""
    return f"one(true ? [for v in [{text}] : {made} if v != null] : tolist([{_null(kind)}]))"


def _null(kind: Any) -> str:
    """A null of the type."""
    if isinstance(kind, str):
        return "null" if kind == "dynamic" else f"to{kind}(null)"
    name, inner, *_ = kind
    if name == "object":
        made = f"{{ {', '.join(f'{quoted(a)} = {_null(k)}' for a, k in sorted(inner.items()))} }}"
    elif name == "tuple":
        made = f"[{', '.join(map(_null, inner))}]"
    elif name == "map":
        made = f'tomap({{ "" = {_null(inner)} }})'
    else:
        made = f"to{name}([{_null(inner)}])"
    return f"(true ? null : {made})"


def _has_odd_name(attributes: Mapping[str, Any]) -> bool:
    return not all(map(is_attribute, attributes))


def _in_order(attributes: Mapping[str, Any]) -> list[Any]:
    return [attributes[name] for name in sorted(attributes)]
