"""A file's nodes checked against the schema: problems with places and hints."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pytg.config.node import Node, ReportProblem
from pytg.config.schema import FILES, json_schema
from pytg.errors import Problem
from pytg.suggest import did_you_mean, near

_FILE_NAMES = {
    "project": "config.yaml",
    "account": "account.yaml",
    "region": "region.yaml",
    "environment": "env.yaml",
}
_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "list_type": "a list",
}
KeyPath = tuple[str | int, ...]


def check_level(level: str, document: Node, report: ReportProblem) -> tuple[Node, list[KeyPath]]:
    """Report what the schema of `level` forbids; return the document without it, and where."""
    details = _errors(level, document)
    for detail in details:
        report(_problem(level, document, _path(detail["loc"]), detail))
    bad = [_where(detail) for detail in details]
    pruned = _pruned(document, bad)
    # a map may lack a required key now: it goes too
    while (left := [_where(d) for d in _errors(level, pruned)]) and pruned != document:
        document, pruned = pruned, _pruned(pruned, left)
    return pruned, bad


def _errors(level: str, document: Node) -> list[ErrorDetails]:
    try:
        FILES[level].model_validate(document.plain)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _where(detail: ErrorDetails) -> KeyPath:
    """What must go for the error to go: for a missing key, the map that lacks it."""
    path = _path(detail["loc"])
    return path[:-1] or path if detail["type"] == "missing" else path


def _path(loc: KeyPath) -> KeyPath:
    """`loc` without the mark that pydantic adds for a key that is wrong itself."""
    return loc[:-1] if loc[-1:] == ("[key]",) else loc


def dotted(path: KeyPath) -> str:
    """A path as people write it, such as `modules.kms.imports[0].to`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _problem(level: str, document: Node, path: KeyPath, detail: ErrorDetails) -> Problem:
    key = f"`{dotted(path)}`" if path else "the file"
    node = document.find(*path)
    kind = detail["type"]
    if kind == "extra_forbidden" and node:
        return Problem(f"unknown key {key}", node.start, _key_hint(level, path))
    if kind == "missing":
        parent = document.find(*path[:-1]) or document
        return Problem(f"{key} is missing", parent.start)
    node = node or document
    if kind == "value_error":
        return Problem(f"{key}: {detail['msg'].removeprefix('Value error, ')}", node.start)
    if kind in ("literal_error", "string_pattern_mismatch", "string_too_short"):
        wanted = "12 digits" if path[-1] == "account_id" else detail["msg"].split("should be ")[-1]
        return Problem(f"{key} must be {wanted}, not `{node.plain}`", node.position)
    wanted = _EXPECTED.get(kind, detail["msg"])
    quote = wanted == "text" and node.kind in ("a number", "true or false")
    hint = "put it in quotes" if quote else ""
    return Problem(f"{key} must be {wanted}, not {node.kind}", node.position, hint)


def _key_hint(level: str, path: KeyPath) -> str:
    name = str(path[-1])
    known = _known_keys(level, path)
    if not near(name, known, cutoff=0.8):
        homes = [_FILE_NAMES[other] for other in FILES if name in _known_keys(other, path)]
        if homes:
            return f"`{name}` stands in {' or '.join(homes)} only"
    return did_you_mean(name, known)


def _known_keys(level: str, path: KeyPath) -> list[str]:
    """The keys that the schema of `level` allows beside `path`."""
    schema = _schema(level)
    node: dict[str, Any] = schema
    for step in path[:-1]:
        if isinstance(step, int):
            node = node.get("items", {})
        else:
            by_pattern = list(node.get("patternProperties", {}).values())
            others = by_pattern[0] if by_pattern else node.get("additionalProperties", {})
            node = node.get("properties", {}).get(step, others)
        node = _target(schema, node)
    return list(node.get("properties", ()))


def _target(schema: dict[str, Any], node: Any) -> dict[str, Any]:
    """The object that `node` means, through `anyOf` with null and `$ref`."""
    if not isinstance(node, dict):
        return {}
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            return _target(schema, option)
    if "$ref" in node:
        found: dict[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node


@cache
def _schema(level: str) -> dict[str, Any]:
    return json_schema(level)


def _pruned(document: Node, bad: list[KeyPath]) -> Node:
    """`document` without what stands at the paths in `bad`."""
    outermost = [p for p in bad if not any(p[: len(q)] == q != p for q in bad)]
    for path in reversed(outermost):  # from the end: indices of lists stay right
        document = _without(document, path)
    return document


def _without(node: Node, path: KeyPath) -> Node:
    """`node` without what stands at `path`."""
    if not path:
        return replace(node, value={})
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        kept = [
            _without(item, rest) if index == step else item
            for index, item in enumerate(node.items)
            if index != step or rest
        ]
        return replace(node, value=tuple(kept))
    entries = dict(node.entries)
    if step in entries and rest:
        entries[step] = _without(entries[step], rest)
    else:
        entries.pop(step, None)
    return replace(node, value=entries)
