"""Values of inputs, written as YAML and as HCL by rules that owe nothing to pytg's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Num:
    """A number by its text, such as `1.0e-30`: no float is ever made of it."""

    text: str


@dataclass(frozen=True)
class Ref:
    """An output of another module; `role` is `source`, `target`, `peer`, or empty: its own."""

    module: str
    output: str
    role: str = ""


Value = None | bool | str | Num | Ref | Sequence["Value"] | Mapping[str, "Value"]


def yaml_text(value: Value, may_be_null: Callable[[Ref], bool]) -> str:
    """`value` on one line of config.yaml; what `may_be_null` is read with a `?`."""

    def reference(ref: Ref) -> str:
        steps = filter(None, (ref.module, ref.role, ref.output))
        return json.dumps("${" + ".".join(steps) + ("?" if may_be_null(ref) else "") + "}")

    return _text(value, _yaml_string, reference)


def hcl_text(value: Value, resolve: Callable[[Ref], str]) -> str:
    """`value` as an HCL expression; `resolve` gives that of a reference."""
    return _text(value, _hcl_string, resolve)


def _text(value: Value, string: Callable[[str], str], resolve: Callable[[Ref], str]) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return string(value)
    if isinstance(value, Num):
        return value.text
    if isinstance(value, Ref):
        return resolve(value)
    if isinstance(value, Mapping):
        items = (f"{string(k)}: {_text(v, string, resolve)}" for k, v in value.items())
        return "{" + ", ".join(items) + "}"
    return "[" + ", ".join(_text(v, string, resolve) for v in value) + "]"


def _yaml_string(text: str) -> str:
    return json.dumps(text.replace("${", "$${"), ensure_ascii=False)


def _hcl_string(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    return escaped.replace("${", "$${").replace("%{", "%%{")
