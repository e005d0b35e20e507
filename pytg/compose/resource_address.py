"""Addresses of resources, of their instances and of modules, as Terraform writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pytg.config.hcl_tokens import NAME
from pytg.errors import PytgError
from pytg.generate.hcl import quoted

Key = int | str | None
MANAGED = "managed"
DATA = "data"
_STEP = re.compile(rf'(?P<name>{NAME})(?:\[(?:(?P<number>\d+)|(?P<text>"(?:[^"\\]|\\.)*"))\])?')


@dataclass(frozen=True, slots=True)
class Step:
    """A name, and the key of one of its instances; without one, the only or every instance."""

    name: str
    key: Key = None

    def __str__(self) -> str:
        if self.key is None:
            return self.name
        key = quoted(self.key) if isinstance(self.key, str) else str(self.key)
        return f"{self.name}[{key}]"


@dataclass(frozen=True, slots=True)
class ResourceAddress:
    """`type` is empty for a module, which is the last of `modules` then."""

    modules: tuple[Step, ...] = ()
    mode: str = MANAGED
    type: str = ""
    resource: Step = Step("")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `module.a["k"].type.name[0]`. Raises ValueError for what is no such address."""
        steps = _steps(text)
        modules = []
        while steps and steps[0] == Step("module"):
            if len(steps) == 1:
                raise ValueError(f"`{text}` names no module")
            modules.append(steps[1])
            steps = steps[2:]
        mode = DATA if steps and steps[0] == Step(DATA) else MANAGED
        rest = steps[1:] if mode == DATA else steps
        if not steps and modules:
            return cls(tuple(modules))
        if len(rest) != 2 or rest[0].key is not None:  # noqa: PLR2004 - a type and a name
            raise ValueError(f"`{text}` is no address of a resource or a module")
        return cls(tuple(modules), mode, rest[0].name, rest[1])

    @classmethod
    def of(cls, resource: Mapping[str, Any], instance: Mapping[str, Any] | None = None) -> Self:
        """That of a resource in a state, or of one of its instances.

        Raises PytgError where the state names a module that cannot be read.
        """
        try:
            modules = cls.parse(resource["module"]).modules if resource.get("module") else ()
        except ValueError as error:
            raise PytgError(
                f"a state names a module that cannot be read: {error}",
                hint="`pytg state restore UNIT` lists older states of it",
            ) from error
        key = (instance or {}).get("index_key")
        return cls(modules, resource["mode"], resource["type"], Step(resource["name"], key))

    @property
    def module(self) -> str:
        """The module part as a state writes it; empty for the root module."""
        return ".".join(f"module.{step}" for step in self.modules)

    @property
    def whole(self) -> Self:
        """The resource of which this is an instance."""
        return replace(self, resource=Step(self.resource.name))

    @property
    def configured(self) -> Self:
        """The same without any instance key: what stands in the configuration."""
        modules = tuple(Step(step.name) for step in self.modules)
        return replace(self.whole, modules=modules)

    def covers(self, other: ResourceAddress) -> bool:
        """Whether `other`, of an instance, is this, one of its instances, or lies in this module.

        A name without a key stands for all of its instances, where it ends the address.
        """
        if not self.type:
            *outer, last = self.modules
            there = other.modules[: len(self.modules)]
            return [*there[:-1]] == outer and bool(there) and _instance_of(last, there[-1])
        same = (self.modules, self.mode, self.type) == (other.modules, other.mode, other.type)
        return same and _instance_of(self.resource, other.resource)

    def below(self, modules: tuple[Step, ...]) -> Self:
        """The same address, seen from a module that `modules` are calls in."""
        return replace(self, modules=(*modules, *self.modules))

    def __str__(self) -> str:
        if not self.type:
            return self.module
        data = "data." if self.mode == DATA else ""
        own = f"{data}{self.type}.{self.resource}"
        return f"{self.module}.{own}" if self.modules else own


def _instance_of(step: Step, other: Step) -> bool:
    return step.name == other.name if step.key is None else step == other


def _steps(text: str) -> list[Step]:
    """The parts between the dots."""
    found, at = [], 0
    while match := _STEP.match(text, at):
        found.append(Step(match["name"], _key(match)))
        at = match.end()
        if at == len(text):
            return found
        if text[at] != ".":
            break
        at += 1
    raise ValueError(f"`{text}` is no address of a resource or a module")


def _key(match: re.Match[str]) -> Key:
    if match["number"]:
        return int(match["number"])
    if match["text"] is None:
        return None
    text: str = json.loads(_without_long_escapes(match["text"]), strict=False)
    return text.replace("$${", "${").replace("%%{", "%{")


def _without_long_escapes(text: str) -> str:
    """For JSON, which has no such escape for what lies beyond 16 bits."""

    def short(found: re.Match[str]) -> str:
        return json.dumps(chr(int(found[1], 16)))[1:-1] if found[1] else found[0]

    return re.sub(r"\\U([0-9a-fA-F]{8})|\\.", short, text, flags=re.DOTALL)
