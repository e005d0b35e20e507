"""Blocks and attributes of a Terraform file, in HCL or in JSON; expressions stay words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytg.config.hcl_tokens import HclError, Token, tokens_of

Words = Sequence[Token]
_CLOSING = {"{": "}", "[": "]", "(": ")"}
_OPERATORS = ("+", "-", "*", "/", "%", "&&", "||", "==", "!=", "<", ">", "<=", ">=", "!")
_NEEDS_MORE = (*_OPERATORS, "?", ":", "=", ".", ",", "=>")
# what JSON must know: which blocks may stand where, and how many labels each has
_TOP = {"variable": 1, "output": 1, "module": 1, "provider": 1, "resource": 2, "data": 2}
_TOP |= {"ephemeral": 2, "terraform": 0, "check": 1}
_INSIDE = {
    "terraform": {"required_providers": 0, "backend": 1, "cloud": 0},
    "check": {"data": 2},
    "resource": {"lifecycle": 0},
}


@dataclass(frozen=True, slots=True)
class Body:
    """What stands in a file or a block, in order."""

    attributes: dict[str, Words] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[Block]:
        """The blocks of these kinds."""
        return (block for block in self.blocks if block.kind in kinds)


@dataclass(frozen=True, slots=True)
class Block:
    """`kind "label" ... { body }`; `line` is that of its kind, in JSON of its last label."""

    kind: str
    labels: tuple[str, ...]
    body: Body
    line: int


def parse_hcl(words: Words) -> Body:
    """The file whose words these are. Raises HclError."""
    return _Parser(words).body(None)


def parse_json(text: str) -> Body:
    """The same of a file in JSON syntax. Raises HclError."""
    try:
        json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise HclError(f"not JSON: {error.msg}", error.lineno, error.colno) from error
    words = [w for w in tokens_of(text, in_json=True) if w.kind not in ("newline", "end")]
    whole = Body()
    for part in elements(words) or [words]:
        body = _json_body(part, _TOP)
        whole.attributes.update(body.attributes)
        whole.blocks.extend(body.blocks)
    return whole


def items(words: Words) -> dict[str, Words]:
    """The entries of an object `{...}`; empty for any other expression."""
    found: dict[str, Words] = {}
    for entry in _split(words, "{"):
        separator = next((i for i, w in enumerate(entry) if w.is_mark("=", ":")), None)
        if separator == 1:
            found[_word(entry[0])] = entry[2:]
    return found


def elements(words: Words) -> list[Words]:
    """The elements of a list `[...]`; empty for any other expression."""
    return list(_split(words, "["))


def literal(words: Words) -> str | None:
    """The text that the expression is, if it is one without interpolations."""
    if len(words) == 1 and words[0].kind == "string" and not words[0].inside:
        return words[0].value
    return None


def source_text(words: Words) -> str:
    """The expression on one line, without comments."""
    text, opened = "", [""]
    for word in words:
        if word.kind == "newline":
            text += ", " if opened[-1] == "{" and text[-1:] not in ("{", " ") else ""
            continue
        if word.text in _CLOSING:
            opened.append(word.text)
        elif word.is_mark("}", "]", ")"):
            opened.pop()
            text = text.removesuffix(", ")
        spaced = {",": ", ", "=": " = "}
        text += spaced.get(word.text, word.text) if word.kind == "mark" else word.text
    return text


class _Parser:
    def __init__(self, words: Words) -> None:
        self.words = words
        self.at = 0

    def next(self) -> Token:
        word = self.words[self.at]
        self.at += word.kind != "end"
        return word

    def body(self, opened: Token | None) -> Body:
        """What stands up to the end, or up to the `}` of the block that `opened` begins."""
        body = Body()
        while True:
            word = self.next()
            if word.kind == "newline":
                continue
            if word.kind == "end" and opened is not None:
                message = f"the block of line {opened.line} is not closed"
                raise HclError(message, word.line, word.column)
            if word.kind == "end" or (opened is not None and word.is_mark("}")):
                return body
            if word.kind != "name":
                raise _unexpected(word)
            self._item(word, body)

    def _item(self, name: Token, body: Body) -> None:
        if self.words[self.at].is_mark("="):
            equals = self.next()
            if name.text in body.attributes:
                raise HclError(f"`{name.text}` is set twice", name.line, name.column)
            body.attributes[name.text] = self._expression(equals)
            return
        labels = []
        while (word := self.next()).kind in ("name", "string"):
            labels.append(_word(word))
        if not word.is_mark("{"):
            raise _unexpected(word)
        inside = self.body(name)
        body.blocks.append(Block(name.text, tuple(labels), inside, name.line))
        after = self.words[self.at]
        if after.kind not in ("newline", "end") and not after.is_mark("}"):
            raise _unexpected(after)

    def _expression(self, equals: Token) -> Words:
        """The words up to the end of the line, or of the block that is on one line."""
        start, opened = self.at, [""]
        while True:
            word = self.words[self.at]
            closing = word.is_mark("}", "]", ")")
            if word.kind == "end" and len(opened) > 1:
                raise HclError(f"`{opened[-1]}` is missing", word.line, word.column)
            if len(opened) == 1 and (word.kind in ("newline", "end") or closing):
                break
            if closing and opened.pop() != word.text:
                raise _unexpected(word)
            if word.kind == "mark" and word.text in _CLOSING:
                opened.append(_CLOSING[word.text])
            self.at += 1
        found = self.words[start : self.at]
        splat = len(found) > 1 and found[-1].is_mark("*") and found[-2].is_mark(".")
        if not found or (found[-1].is_mark(*_NEEDS_MORE) and not splat):
            last = found[-1] if found else equals
            raise HclError(f"a value is missing after `{last.text}`", last.line, last.column)
        _check_separate(found)
        return found


def _check_separate(words: Words) -> None:
    """Two values beside each other, outside of brackets, are none."""
    depth, before = 0, False
    for word in words:
        value = word.kind in ("name", "number", "string")
        if depth == 0 and value and before:
            raise _unexpected(word)
        if word.kind == "mark":
            depth += (word.text in _CLOSING) - (word.text in _CLOSING.values())
        before = value or word.is_mark("}", "]", ")")


def _json_body(words: Words, known: Mapping[str, int]) -> Body:
    body = Body()
    for entry in _split(words, "{"):
        kind, value = entry[0].value, entry[2:]
        if kind in known:
            body.blocks.extend(_json_blocks(kind, entry[0], value, known[kind], ()))
        elif kind != "//":
            body.attributes[kind] = value
    return body


def _json_blocks(
    kind: str, key: Token, value: Words, missing: int, labels: tuple[str, ...]
) -> Iterator[Block]:
    """The blocks in `value`, which may be a list, with `missing` labels still to come."""
    if value and value[0].is_mark("["):
        for element in elements(value):
            yield from _json_blocks(kind, key, element, missing, labels)
    elif missing == 0 and value and value[0].is_mark("{"):
        inside = _json_body(value, _INSIDE.get(kind, {}))
        yield Block(kind, labels, inside, key.line)
    elif missing:
        for entry in _split(value, "{"):
            if entry[0].value != "//":
                more = (*labels, entry[0].value)
                yield from _json_blocks(kind, entry[0], entry[2:], missing - 1, more)


def _split(words: Words, bracket: str) -> Iterator[Words]:
    """The parts of a bracketed expression, at its commas, and in braces at its lines."""
    if not words or not words[0].is_mark(bracket):
        return
    depth, part = 0, []
    for word in words[1:-1]:
        if word.kind == "mark":
            depth += (word.text in _CLOSING) - (word.text in _CLOSING.values())
        if word.kind != "newline" and (depth or not word.is_mark(",")):
            part.append(word)
        elif depth == 0 and part and (word.kind == "mark" or bracket == "{"):
            yield part
            part = []
    if part:
        yield part


def _word(word: Token) -> str:
    return word.value if word.kind == "string" else word.text


def _unexpected(word: Token) -> HclError:
    shown = {"newline": "the end of the line", "end": "the end of the file"}
    what = shown.get(word.kind, f"`{word.text}`")
    return HclError(f"{what} is not expected here", word.line, word.column)
