"""Terraform's type constraints: reading them, and checking literals as Terraform converts them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pytg.config.hcl_tokens import NAME
from pytg.config.node import scalar_kind
from pytg.model import Number, Reference, Template, Value

_TOKEN = re.compile(rf'"(?:[^"\\]|\\.)*"|{NAME}|[0-9.]+|\S')
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_BOOLEAN = ("true", "false", "0", "1")
_COLLECTIONS = ("list", "set", "map")


@dataclass(frozen=True, slots=True)
class Type:
    """A type constraint; `kind` is Terraform's word for it."""

    kind: str
    items: tuple[Type, ...] = ()
    attributes: Mapping[str, Type] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.kind} of {self.items[0]}" if self.kind in _COLLECTIONS else self.kind

    def inside(self, key: str | int) -> Type:
        """The type of the part at `key`; `any` where it says none."""
        if self.kind in _COLLECTIONS:
            return self.items[0]
        if isinstance(key, int):
            return self.items[key] if key < len(self.items) else ANY
        return self.attributes.get(key, ANY)


ANY = Type("any")


@lru_cache(maxsize=1024)
def parse_type(text: str | None) -> Type:
    """The type that `text` writes; `any` for none and for what is not understood."""
    if text is None:
        return ANY
    try:
        return _Parser(_TOKEN.findall(text.strip('"'))).type()
    except (IndexError, ValueError):
        return ANY


class _Parser:
    """Recursive descent over the tokens of one type."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def next(self, expected: str = "") -> str:
        token = self.tokens[self.at]
        if expected and token != expected:
            raise ValueError(token)
        self.at += 1
        return token

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def type(self) -> Type:
        kind = self.next()
        if kind in ("string", "number", "bool", "any"):
            return Type(kind)
        if self.peek() != "(" and kind in _COLLECTIONS:
            return Type(kind, (ANY,))
        self.next("(")
        if kind in _COLLECTIONS:
            result = Type(kind, (self.type(),))
        elif kind == "tuple":
            result = Type(kind, tuple(self._tuple()))
        elif kind == "object":
            result = self._object()
        else:
            raise ValueError(kind)
        self.next(")")
        return result

    def _tuple(self) -> Iterator[Type]:
        self.next("[")
        while self.peek() != "]":
            yield self.type()
            if self.peek() == ",":
                self.next()
        self.next("]")

    def _object(self) -> Type:
        attributes: dict[str, Type] = {}
        optional: set[str] = set()
        self.next("{")
        while self.peek() != "}":
            name = self.next()
            self.next("=")
            if self.peek() == "optional":
                optional.add(name)
                attributes[name] = self._optional()
            else:
                attributes[name] = self.type()
            if self.peek() == ",":
                self.next()
        self.next("}")
        return Type("object", (), attributes, frozenset(optional))

    def _optional(self) -> Type:
        self.next("optional")
        self.next("(")
        inner = self.type()
        depth = 1
        while depth:  # the default is a literal of any shape
            step = self.next()
            depth += (step in "([{") - (step in ")]}")
        return inner


def mismatches(value: Value, wanted: Type, path: str = "") -> Iterator[str]:
    """Why Terraform would refuse `value` for a variable of type `wanted`. References pass."""
    if value is None or isinstance(value, Reference) or wanted.kind == "any":
        return
    if isinstance(value, dict):
        yield from _map_mismatches(value, wanted, path)
    elif isinstance(value, list):
        yield from _list_mismatches(value, wanted, path)
    elif not _converts(value, wanted.kind):
        yield f"{_at(path)}{wanted} required, not {_kind(value)}"


def _map_mismatches(value: dict[str, Value], wanted: Type, path: str) -> Iterator[str]:
    if wanted.kind == "map":
        for key, item in value.items():
            yield from mismatches(item, wanted.items[0], f"{path}.{key}")
        return
    if wanted.kind != "object":
        yield f"{_at(path)}{wanted} required, not a map"
        return
    for key, inner in wanted.attributes.items():
        if key in value:
            yield from mismatches(value[key], inner, f"{path}.{key}")
        elif key not in wanted.optional:
            yield f"{_at(path)}attribute `{key}` is required"
    absent = [key for key in wanted.attributes if key not in value]
    for key in sorted(value.keys() - wanted.attributes.keys()):
        # Terraform drops what the type does not name: wrong only when it looks like a slip
        for near in difflib.get_close_matches(key, absent, n=1, cutoff=0.75):
            yield f"{_at(path)}attribute `{key}` is not in the type: did you mean `{near}`?"


def _list_mismatches(value: list[Value], wanted: Type, path: str) -> Iterator[str]:
    if wanted.kind in ("list", "set"):
        types = wanted.items * len(value)
    elif wanted.kind == "tuple" and len(wanted.items) == len(value):
        types = wanted.items
    else:
        of = f" of {len(wanted.items)}" if wanted.kind == "tuple" else ""
        yield f"{_at(path)}{wanted}{of} required, not a list of {len(value)}"
        return
    for index, (item, inner) in enumerate(zip(value, types, strict=True)):
        yield from mismatches(item, inner, f"{path}[{index}]")


def _converts(value: Value, kind: str) -> bool:
    """Whether a scalar is, or converts to, `kind`: cty's table, tried with Terraform 1.11."""
    if kind == "string":
        return True
    if isinstance(value, Template):
        return kind in ("number", "bool")  # known at run time only
    if kind == "number":
        number = isinstance(value, str) and bool(_NUMBER.fullmatch(value))
        return number or (isinstance(value, Number) and not isinstance(value, bool))
    if kind == "bool":
        return isinstance(value, bool) or (isinstance(value, str) and value in _BOOLEAN)
    return False


def _at(path: str) -> str:
    return f"at `{path.removeprefix('.')}`: " if path else ""


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = f" `{value}`" if isinstance(value, str | Number) else ""
    return ("text" if isinstance(value, Template) else scalar_kind(value)) + shown
