"""Typed configuration from environment variables."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

S = TypeVar("S")


class SettingsError(Exception):
    """Environment variables are missing or unreadable; names every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every function needs. A field is the variable of its name in capitals."""

    environment: str
    aws_region: str
    peer_region: str
    metrics_namespace: str = "docmig"


def read(kind: type[S], environ: Mapping[str, str]) -> S:
    """An instance of the dataclass `kind`. Lists are separated by commas; empty is missing.

    Raises SettingsError.
    """
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in fields(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        name = field.name.upper()
        text = environ.get(name, "")
        if text:
            try:
                values[field.name] = _convert(text, hints[field.name])
            except ValueError:
                problems.append(f"{name} is no {_name(hints[field.name])}: {text!r}")
        elif field.default is MISSING and field.default_factory is MISSING:
            problems.append(f"{name} is not set")
    if problems:
        raise SettingsError(f"environment variables of the function: {'; '.join(problems)}")
    return kind(**values)


def pairs(texts: tuple[str, ...]) -> list[tuple[str, str]]:
    """`region=value` texts as pairs. Raises SettingsError."""
    found = [text.partition("=") for text in texts]
    wrong = [text for text, (_, equals, _) in zip(texts, found, strict=True) if not equals]
    if wrong:
        raise SettingsError(f"not of the form region=value: {', '.join(wrong)}")
    return [(region, value) for region, _, value in found]


def _convert(text: str, hint: Any) -> Any:
    if typing.get_origin(hint) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    if hint is bool:
        return _truth(text)
    return hint(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))
