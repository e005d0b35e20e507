"""What one file of a module declares, calls, needs and uses, as plain data."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from pytg.config.hcl_blocks import (
    Block,
    Body,
    Words,
    elements,
    items,
    literal,
    parse_hcl,
    parse_json,
    source_text,
)
from pytg.config.hcl_tokens import HclError, Token, deep, tokens_of

_CHOSEN = ("type", "nullable", "sensitive", "ephemeral", "description")
_START = Token("mark", ";", 0, 0)


@dataclass(frozen=True)
class Declarations:
    """The blocks of a file; `line` is where each begins.

    A variable or an output is `{"name", "line"}` and those of its arguments that are given; a
    call `{"name", "source", "version", "line"}`. `requires` is what a provider is required as:
    `{"source", "version", "aliases"}`. `implied` are providers that resources need without a
    requirement. `data` are the data sources, as `type.name`; `early` the resources that say
    whether they are created before they are destroyed. `uses` are the variables that
    expressions read, each with its first line; `started_in`, likewise, is what depends on the
    directory that Terraform is started in.
    """

    variables: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    early: dict[str, bool] = field(default_factory=dict)
    requires: dict[str, dict[str, Any]] = field(default_factory=dict)
    implied: list[str] = field(default_factory=list)
    root_only: list[dict[str, Any]] = field(default_factory=list)
    uses: dict[str, int] = field(default_factory=dict)
    started_in: dict[str, int] = field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """The same as JSON data."""
        return asdict(self)


@lru_cache(maxsize=4096)
def declarations(content: bytes, *, in_json: bool = False) -> Declarations:
    """Those of a file with this content. Raises HclError, with the place."""
    text = content.decode("utf-8-sig", errors="surrogateescape")
    words = _said(tokens_of(text, in_json=in_json))
    body = parse_json(text) if in_json else parse_hcl(words)
    return Declarations(
        variables=[_named(block) for block in body.of("variable")],
        outputs=[_named(block) for block in body.of("output")],
        calls=[_call(block) for block in body.of("module")],
        resources=[
            {"name": ".".join(block.labels), "line": block.line} for block in body.of("resource")
        ],
        data=[".".join(block.labels) for block in _data(body)],
        early=dict(_early(body)),
        requires=_requires(body),
        implied=sorted(set(_implied(body))),
        root_only=list(_root_only(body)),
        uses=_uses(words),
        started_in=_started_in(words),
    )


def _data(body: Body) -> Iterator[Block]:
    """The data sources, those inside of `check` blocks included."""
    yield from body.of("data")
    for block in body.of("check"):
        yield from block.body.of("data")


def _early(body: Body) -> Iterator[tuple[str, bool]]:
    for block in body.of("resource"):
        for lifecycle in block.body.of("lifecycle"):
            words = lifecycle.body.attributes.get("create_before_destroy")
            if words:
                yield ".".join(block.labels), _reference(words) == "true"


def _named(block: Block) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _label(block), "line": block.line}
    given = block.body.attributes
    for name in _CHOSEN:
        if name in given:
            text = literal(given[name])
            found[name] = source_text(given[name]) if text is None else text
    return found | ({"default": True} if "default" in given else {})


def _call(block: Block) -> dict[str, Any]:
    given = block.body.attributes
    known = {name: literal(given.get(name, ())) for name in ("source", "version")}
    return {"name": _label(block), "line": block.line, **known}


def _label(block: Block) -> str:
    if len(block.labels) != 1:
        raise HclError(f"`{block.kind}` needs one name", block.line, 1)
    return block.labels[0]


def _requires(body: Body) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for settings in body.of("terraform"):
        for block in settings.body.of("required_providers"):
            for name, words in block.body.attributes.items():
                given = items(words)
                aliases = elements(given.get("configuration_aliases", ()))
                version = words if literal(words) is not None else given.get("version", ())
                found[name] = {
                    "source": literal(given.get("source", ())),
                    "version": literal(version),
                    "aliases": [_reference(alias) for alias in aliases],
                }
    return found


def _implied(body: Body) -> Iterator[str]:
    """The local names of the providers that resources ask for."""
    for block in body.of("resource", "data", "ephemeral"):
        chosen = block.body.attributes.get("provider")
        name = _reference(chosen) if chosen else "".join(block.labels[:1]).partition("_")[0]
        yield name.partition(".")[0].partition("[")[0]


def _reference(words: Words) -> str:
    text = literal(words)
    return source_text(words) if text is None else text


def _root_only(body: Body) -> Iterator[dict[str, Any]]:
    """Blocks that a module must not have."""
    for block in body.of("provider"):
        yield {"kind": block.kind, "line": block.line}
    for settings in body.of("terraform"):
        for block in settings.body.of("backend", "cloud"):
            yield {"kind": block.kind, "line": block.line}


def _said(words: list[Token]) -> list[Token]:
    """The words without the comments of JSON, which are members named `//`."""
    return [
        word
        for before, word in zip([_START, _START, *words], words, strict=False)
        if not (word.inside and before.value == "//")
    ]


def _uses(words: Words) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in deep(words):
        known = [_START, *(word for word in part if word.kind != "newline")]
        if any(a.text == "for" and b.text == "var" for a, b in itertools.pairwise(known)):
            return {}  # a name of its own that hides the variables
        for before, var, dot, name in zip(known, known[1:], known[2:], known[3:], strict=False):
            reads = (var.kind, var.text) == ("name", "var") and dot.is_mark(".")
            if reads and name.kind == "name" and not before.is_mark("."):
                found[name.text] = min(name.line, found.get(name.text, name.line))
    return found


def _started_in(words: Words) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in deep(words):
        known = [_START, *(word for word in part if word.kind != "newline")]
        for before, *four in zip(known, known[1:], known[2:], known[3:], known[4:], strict=False):
            text = "" if before.is_mark(".") else _relative(four)
            if text:
                found[text] = min(four[0].line, found.get(text, four[0].line))
    return found


def _relative(words: Words) -> str:
    """`path.cwd` or `abspath(...)` of a relative path, where the words begin with one."""
    texts = [word.text for word in words]
    if texts[:3] == ["path", ".", "cwd"]:
        return "path.cwd"
    if texts[:2] != ["abspath", "("]:
        return ""
    relative = literal(words[2:3]) is not None and not words[2].value.startswith(("/", "~"))
    return f"abspath({words[2].text})" if relative else ""
