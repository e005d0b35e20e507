"""The text of references: `${module@peer.output.attr[0]["key"]?}`, `${self.fact}`, `$${`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pytg.config.hcl_tokens import NAME

_STEP = re.compile(rf'\.({NAME})|\[([0-9]+)\]|\["([^"\\{{}}]+)"\]')
_HEAD = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)(?:@([A-Za-z_][A-Za-z0-9_-]*))?")
_OPEN = re.compile(r"\$\$\{|\$\{")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `${...}`: the first word, what follows it, and whether it ends in `?`.

    `at` is the region or role behind `@`, if any; `quoted`: the first step stands in quotes.
    """

    head: str
    steps: tuple[str | int, ...]
    optional: bool
    text: str
    at: str = ""
    quoted: bool = False


Part = str | Placeholder


@lru_cache(maxsize=4096)
def parse_text(text: str) -> tuple[Part, ...]:
    """Literal text and placeholders in turn, empty texts left out.

    Raises ValueError, saying what is wrong, for a placeholder that is none.
    """
    parts: list[Part] = []
    literal, at = "", 0
    while found := _OPEN.search(text, at):
        literal += text[at : found.start()]
        at = found.end()
        if found.group() == "$${":
            literal += "${"
            continue
        end = text.find("}", at)
        if end < 0:
            raise ValueError(f"`{text[found.start() :]}` has no closing brace")
        if literal:
            parts.append(literal)
        literal = ""
        parts.append(parse_placeholder(text[at:end]))
        at = end + 1
    literal += text[at:]
    return (*parts, literal) if literal else tuple(parts)


def parse_placeholder(text: str) -> Placeholder:
    """What stands between the braces. Raises ValueError when it is not a reference."""
    body = text.removesuffix("?")
    head = _HEAD.match(body)
    steps: list[str | int] = []
    at = head.end() if head else 0
    while head and at < len(body) and (step := _STEP.match(body, at)):
        steps.append(int(step[2]) if step[2] is not None else step[1] or step[3])
        at = step.end()
    nothing = at < len(body) or not steps or isinstance(steps[0], int)
    if not head or nothing or (head[1] == "self" and head[2]):
        raise ValueError(f"`${{{text}}}` is not a reference")
    quoted = body[head.end()] == "["
    optional, whole = text.endswith("?"), f"${{{text}}}"
    return Placeholder(head[1], tuple(steps), optional, whole, head[2] or "", quoted)
