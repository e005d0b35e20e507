"""What a line of a generated file says: which block it is in, and which value it holds.

It reads the layout that `hcl` writes, and no other: a block begins in the first column, its
arguments stand two columns in, and a line never breaks inside a string.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_BLOCK = re.compile(r'([a-z]+)((?: "[^"]*")*) \{')
_ITEM = re.compile(r' *("(?:[^"\\]|\\.)*"|[^\s"={}\[\]]+)(?: += | \{$)')
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))")
_CLOSING = re.compile(r" *[}\]]")


@dataclass(frozen=True, slots=True)
class Line:
    """`block` is the kind of block, with its `labels` and its `text`.

    `path` leads to the value: the argument's name, then the keys and list indices inside of it.
    """

    block: str
    labels: tuple[str, ...]
    text: str
    path: tuple[str | int, ...]


def read_line(text: str, number: int) -> Line | None:
    """Line `number` (from 1) of the generated file `text`; None where it is in no block."""
    lines = text.splitlines()
    if not 0 < number <= len(lines):
        return None
    at = number - 1
    path: list[str | int] = []
    while _indent(lines[at]):
        path.append(_step(lines, at))
        outside = _outside(lines, at)
        if outside == at:
            return None  # not of this layout
        at = outside
    found = _BLOCK.match(lines[at])
    if found is None:
        return None
    end = next((i for i in range(at, len(lines)) if lines[i] == "}"), len(lines) - 1)
    labels = tuple(re.findall(r'"([^"]*)"', found[2]))
    return Line(found[1], labels, "\n".join(lines[at : end + 1]), tuple(reversed(path)))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _outside(lines: Sequence[str], at: int) -> int:
    """The line that opens what line `at` stands in."""
    inner = _indent(lines[at])
    return next((i for i in range(at, -1, -1) if lines[i] and _indent(lines[i]) < inner), 0)


def _step(lines: Sequence[str], at: int) -> str | int:
    """The key of an item of a map; of a list, its index."""
    item = _ITEM.match(lines[at])
    if item:
        return _unquoted(item[1]) if item[1].startswith('"') else item[1]
    inside = lines[_outside(lines, at) + 1 : at]
    here = _indent(lines[at])
    return sum(_indent(line) == here and not _CLOSING.match(line) for line in inside)


def _unquoted(text: str) -> str:
    """What `hcl.quoted` was given."""
    whites = {"n": "\n", "r": "\r", "t": "\t"}

    def character(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else whites.get(found[3], found[3])

    return _ESCAPE.sub(character, text[1:-1].replace("$${", "${").replace("%%{", "%{"))
