"""Secrets that are marked in one place and are in another without a mark.

Terraform marks values, but a provider's own attributes lose the mark: `terraform_data.output`
repeats a sensitive `input` in clear. So does what a provisioner's program says when it fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytg.terraform.difference import part_at

SHORTEST = 6  # characters; less could be any word
HIDDEN = "(sensitive value)"
_SPACE = re.compile(r"[ \t\r\n]+")
_WRITTEN = r"(?:\s|\\[nrt])+"  # space as JSON writes it
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WHOLE = True  # a mask: all of it
_TYPED = {"value", "type"}  # how a state holds a value of any type
_PLAIN_TYPES = frozenset({"bool", "dynamic", "number", "string"})
_OTHER_TYPES = frozenset({"list", "map", "object", "set", "tuple"})
_IN_PLANS = (
    ("before", "before_sensitive"),
    ("after", "after_sensitive"),
    ("values", "sensitive_values"),
)


def secrets_in(value: Any, mask: Any) -> Iterator[str]:
    """The texts and numbers in `value` that `mask`, which has its shape, marks; as text."""
    if mask is True and (text := _text_of(value)) is not None:
        if len(text) >= SHORTEST:
            yield text
    elif isinstance(value, dict):
        for key, part in value.items():
            if not (key == "type" and value.keys() == _TYPED and _is_type(part)):
                yield from secrets_in(part, _inside(mask, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from secrets_in(part, _inside(mask, index))


def masked(value: Any, mask: Any, secrets: Iterable[str]) -> Any:
    """`mask`, with a mark on every text and number in `value` that holds one of `secrets`."""
    if mask is True:
        return True
    if (text := _text_of(value)) is not None:
        return any(_holds(text, secret) for secret in secrets) or mask
    if isinstance(value, dict):
        return {key: masked(part, _inside(mask, key), secrets) for key, part in value.items()}
    if isinstance(value, list):
        return [masked(part, _inside(mask, i), secrets) for i, part in enumerate(value)]
    return mask


def secrets_of(state: Mapping[str, Any]) -> Iterator[str]:
    """The texts that a state of version 4 marks: sensitive outputs, and parts of resources."""
    for output in state.get("outputs", {}).values():
        if output.get("sensitive"):
            yield from secrets_in(output.get("value"), _WHOLE)
    for resource in state.get("resources", ()):
        for instance in resource.get("instances", ()):
            for path in instance.get("sensitive_attributes") or ():
                yield from secrets_in(_at(instance.get("attributes"), path), _WHOLE)


def secrets_of_plan(part: Any) -> Iterator[str]:
    """The texts that a plan's document, or a part of it, marks.

    In changes, in states, in outputs, and what calls give to sensitive variables of modules.
    """
    if isinstance(part, list):
        for item in part:
            yield from secrets_of_plan(item)
    if not isinstance(part, dict):
        return
    for name, mask in _IN_PLANS:
        if mask in part:
            yield from secrets_in(part.get(name), part[mask])
    if part.get("sensitive") is True:
        yield from secrets_in([part.get("value"), part.get("default")], _WHOLE)
    yield from _given(part)
    for item in part.values():
        yield from secrets_of_plan(item)


class Hide:
    """Puts `(sensitive value)` in the place of `secrets`, wherever they stand.

    Without the space around them, with other space inside, and line by line: programs print a
    text without its line break, a shell joins its lines, and some read one line at a time.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        bare = {part.strip() for secret in secrets for part in (secret, *secret.splitlines())}
        kept = sorted((s for s in bare if len(s) >= SHORTEST), key=len, reverse=True)
        self._in_text = [_pattern(_SPACE.split(secret), r"\s+") for secret in kept]
        self._in_json = [
            _pattern([json.dumps(w, ensure_ascii=a)[1:-1] for w in _SPACE.split(secret)], _WRITTEN)
            for secret in kept
            if not _NUMBER.fullmatch(secret)
            for a in ((True,) if secret.isascii() else (True, False))
        ]
        self._numbers = [_pattern([s], "") for s in kept if _NUMBER.fullmatch(s)]

    def text(self, text: str) -> str:
        """`text` without them."""
        for secret in self._in_text:
            text = secret.sub(HIDDEN, text)
        return text

    def inside(self, value: Any) -> Any:
        """A JSON value without them."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.inside(part) for key, part in value.items()}
        return [self.inside(part) for part in value] if isinstance(value, list) else value

    def in_json(self, text: bytes) -> bytes:
        """Written JSON without them; a number that is no text stays."""
        written = text.decode(errors="surrogateescape")
        for secret in self._in_json:
            written = secret.sub(HIDDEN, written)
        if any(number.search(written) for number in self._numbers):
            written = _STRING.sub(self._without_numbers, written)
        return written.encode(errors="surrogateescape")

    def _without_numbers(self, found: re.Match[str]) -> str:
        text = found[0]
        for number in self._numbers:
            text = number.sub(HIDDEN, text)
        return text


def _pattern(words: Sequence[str], space: str) -> re.Pattern[str]:
    """The words with any `space` between them; of a number, no part of a longer one."""
    text = space.join(map(re.escape, words))
    whole = len(words) == 1 and _NUMBER.fullmatch(words[0])
    return re.compile(rf"(?<![\d.]){text}(?!\.?\d)" if whole else text)


def _text_of(value: Any) -> str | None:
    """A text, or a number as text; None for anything else."""
    if isinstance(value, str):
        return value
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return str(value) if number else None


def _holds(text: str, secret: str) -> bool:
    if secret not in text:
        return False
    return not _NUMBER.fullmatch(secret) or _pattern([secret], "").search(text) is not None


def _given(call: Mapping[str, Any]) -> Iterator[str]:
    """What a module call of a plan's configuration gives to variables that are sensitive."""
    expressions, module = call.get("expressions"), call.get("module")
    if isinstance(expressions, dict) and isinstance(module, dict):
        for name, variable in (module.get("variables") or {}).items():
            if variable.get("sensitive") and name in expressions:
                yield from secrets_in(expressions[name].get("constant_value"), _WHOLE)


def _at(value: Any, path: Iterable[Any]) -> Any:
    """The part of a resource's attributes at a path of its state; None where there is none."""
    for step in path:
        key: Any = step["value"]
        key = key["value"] if isinstance(key, dict) else key
        if isinstance(value, dict) and value.keys() == _TYPED and key not in value:
            value = value["value"]  # of any type: it stands beside its type
        try:
            value = value[int(key) if isinstance(value, list) else key]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def _is_type(part: Any) -> bool:
    """Whether it is a type as states write it, such as `["list", "string"]`: no secret."""
    if isinstance(part, list):
        return bool(part) and part[0] in _OTHER_TYPES
    return part in _PLAIN_TYPES if isinstance(part, str) else False


def _inside(mask: Any, key: str | int) -> Any:
    return mask is True or part_at(mask, key, absent=False)
