"""JSON whose numbers keep every digit: Terraform's go far beyond those of a float.

Terraform counts with 512 bits and writes `33.333…` with some 150 digits into a state. A float
keeps 17 of them, and every plan after that finds a change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

_LONGEST = 4000  # digits; Python converts no text of more than 4300 to an int


def loads(text: str | bytes) -> Any:
    """The document in `text`; numbers are `int` and `Decimal`, never `float`.

    Raises ValueError for what is no JSON, for a number that nobody can hold, and for lists in
    lists beyond all measure.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_int=number)
    except InvalidOperation:
        raise ValueError("a number in it has an exponent beyond all measure") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def dumps(
    value: object,
    *,
    indent: int | None = None,
    ensure_ascii: bool = True,
    sort_keys: bool = False,
) -> str:
    """`value` as `json.dumps` writes it, with every digit of a `Decimal`. Keys must be text."""
    parts: list[str] = []
    quoted = encode_basestring_ascii if ensure_ascii else encode_basestring
    _Writer(parts.append, quoted, indent, sort_keys=sort_keys).write(value)
    return "".join(parts)


def number(text: str) -> int | Decimal:
    """The decimal number in `text`, exactly. Raises ValueError where its exponent is too large."""
    if text.lstrip("+-").isdecimal() and len(text) <= _LONGEST and text != "-0":
        return int(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text:.40} is beyond all measure") from None


class _Writer:
    """Puts the pieces of a document one after another.

    The encoder of `json` calls `float.__repr__` whatever a subclass says, and its hook for other
    types can only answer with one that it knows: it cannot be made to write a `Decimal`.
    """

    def __init__(
        self,
        put: Callable[[str], None],
        quoted: Callable[[str], str],
        indent: int | None,
        *,
        sort_keys: bool,
    ) -> None:
        self._put = put
        self._quoted = quoted
        self._step = None if indent is None else " " * indent
        self._separator = ", " if indent is None else ","
        self._sort = sort_keys

    def write(self, value: object, line: str = "\n") -> None:
        """`line` is a line's end and the indentation of the line that `value` begins on."""
        if isinstance(value, str):
            self._put(self._quoted(value))
        elif isinstance(value, Decimal):
            if not value.is_finite():
                raise ValueError(f"JSON has no number {value}")
            self._put(str(value))
        elif isinstance(value, dict):
            items = sorted(value.items()) if self._sort else value.items()
            keyed = ((f"{self._quoted(key)}: ", item) for key, item in items)
            self._bracketed("{", keyed, "}", line)
        elif isinstance(value, list | tuple):
            self._bracketed("[", (("", item) for item in value), "]", line)
        else:
            self._put(json.dumps(value))

    def _bracketed(
        self, opening: str, items: Iterable[tuple[str, object]], closing: str, line: str
    ) -> None:
        put = self._put
        inner = "" if self._step is None else line + self._step
        before = opening + inner
        for name, item in items:
            put(before + name)
            self.write(item, inner)
            before = self._separator + inner
        if before.startswith(opening):  # there was nothing
            put(opening + closing)
        else:
            put(closing if self._step is None else line + closing)
