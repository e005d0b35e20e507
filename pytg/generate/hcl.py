"""Values as HCL text, laid out as `terraform fmt` would lay it out.

The rules of layout were read off Terraform 1.11's formatter: `=` is aligned over consecutive
one-line items; an item whose first line opens a bracket stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from pytg.model import Number, Reference, Template, Value

Resolve = Callable[[Reference], str]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"for", "if", "in", "null", "true", "false"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_INDENT = 2
_SHORT_LIST = 60  # columns that a list of scalars may take to stay on one line
_LATIN = 0x2FF  # beyond it, a character may be part of another's column


class Expression(str):
    """HCL text that is rendered as it is."""

    __slots__ = ()


def _no_references(reference: Reference) -> str:
    raise ValueError(f"a reference to {reference.unit} where only literals may stand")


def expression(
    value: Value | Expression, resolve: Resolve = _no_references, *, indent: int = 0
) -> str:
    """`value` as an HCL expression, for a line that is indented by `indent` columns.

    `resolve` gives the expression that a reference stands for. Raises ValueError for a number
    that HCL cannot write: infinity, or not a number.
    """
    if isinstance(value, str):
        return str(value) if isinstance(value, Expression) else quoted(value)
    if isinstance(value, Reference):
        return resolve(value)
    if isinstance(value, Template):
        return _template(value, resolve)
    if isinstance(value, list):
        return _list(value, resolve, indent)
    if isinstance(value, Mapping):
        return _map(value, resolve, indent)
    return _scalar(value)


def body(
    attributes: Mapping[str, Value | Expression],
    resolve: Resolve = _no_references,
    *,
    indent: int = _INDENT,
) -> str:
    """The lines `name = expression` of a block, without a line end after the last one."""
    items = (
        (name, expression(value, resolve, indent=indent)) for name, value in attributes.items()
    )
    return "\n".join(" " * indent + line for line in _aligned(items))


def quoted(text: str) -> str:
    """`text` as a string literal. A lone surrogate becomes U+FFFD, for HCL has none."""
    return f'"{_escaped(text)}"'


def is_attribute(name: str) -> bool:
    """Whether `name` can stand unquoted wherever HCL wants a name."""
    return bool(_ATTRIBUTE.fullmatch(name)) and name not in _WORDS


def traversal(base: str, path: Sequence[str | int]) -> str:
    """`base` and the steps of `path` into its value."""
    return base + "".join(_step(step) for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if is_attribute(step) else f"[{quoted(step)}]"


def _scalar(value: Number | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int) and not Decimal(value).is_finite():
        raise ValueError(f"HCL has no number {value}")
    return str(value)


def _template(template: Template, resolve: Resolve) -> str:
    parts = _joined(template.parts)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return f"tostring({resolve(parts[0])})"  # `"${x}"` alone would be taken for `x`
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += _escaped(part)
        else:
            if text.endswith("$"):  # `$${` would be the escape
                text = text[:-1] + r"\u0024"
            text += f"${{{resolve(part)}}}"
    return f'"{text}"'


def _joined(parts: Iterable[str | Reference]) -> list[str | Reference]:
    """Neighbouring texts as one, empty ones left out."""
    joined: list[str | Reference] = []
    for literal, group in groupby(parts, key=lambda part: isinstance(part, str)):
        if literal:
            text = "".join(str(part) for part in group)
            joined += [text] if text else []
        else:
            joined += group
    return joined


def _escaped(text: str) -> str:
    escaped = "".join(_character(c) for c in text)
    return escaped.replace("${", "$${").replace("%{", "%%{")


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return _code(character)


def _code(character: str) -> str:
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        return "\ufffd"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - the last of the short form


def _list(items: Sequence[Value], resolve: Resolve, indent: int) -> str:
    if not items:
        return "[]"
    if not any(isinstance(item, list | Mapping) for item in items):
        short = f"[{', '.join(expression(item, resolve) for item in items)}]"
        if len(short) <= _SHORT_LIST:
            return short
    inner = indent + _INDENT
    lines = [f"{' ' * inner}{expression(item, resolve, indent=inner)},\n" for item in items]
    return f"[\n{''.join(lines)}{' ' * indent}]"


def _map(items: Mapping[str, Value], resolve: Resolve, indent: int) -> str:
    if not items:
        return "{}"
    inner = indent + _INDENT
    names = items if all(map(_is_plain, items)) else map(_quoted_key, items)
    values = (expression(value, resolve, indent=inner) for value in items.values())
    lines = [f"{' ' * inner}{line}\n" for line in _aligned(zip(names, values, strict=True))]
    return f"{{\n{''.join(lines)}{' ' * indent}}}"


def _is_plain(key: str) -> bool:
    """Whether `key` needs no quotes; a map quotes all of its keys or none."""
    return isinstance(key, Expression) or bool(_IDENTIFIER.fullmatch(key) and key not in _WORDS)


def _quoted_key(key: str) -> str:
    """Keys take part in alignment, so each character in one must be a column of its own."""
    return "".join(c if ord(c) <= _LATIN else _code(c) for c in quoted(key))


def _aligned(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """`name = text`, with `=` aligned over consecutive items of one line each."""
    for several, group in groupby(items, key=lambda item: "\n" in item[1]):
        run = list(group)
        width = 0 if several else max(len(name) for name, _ in run)
        yield from (f"{name:<{width}} = {text}" for name, text in run)
