"""What a Terraform module's own files declare, read once for each content of a file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytg.config.node import ReportProblem
from pytg.errors import Position, Problem
from pytg.files import write_atomic
from pytg.model import Module, Output, Scope, Variable

CACHE = Path(".pytg/cache/modules")
_FORMAT = "3"
_DECLARATION = re.compile(r'^[ \t]*(variable|output)[ \t]+"?([A-Za-z_][\w-]*)', re.MULTILINE)
_ROOT_ONLY = re.compile(r'^[ \t]*(provider|backend|cloud)\b[ \t]*"?[\w-]*"?[ \t]*\{', re.MULTILINE)
_WHERE = {
    "provider": "its arguments stand in config.yaml under `terraform.providers`",
    "backend": "`backend` in config.yaml says where states live",
    "cloud": "`backend` in config.yaml says where states live",
}


@dataclass(frozen=True)
class DeclaredModule:
    """A module and the places of its declarations: `variable.x` or `output.x`.

    `complete` is false when a file could not be read, so that something may be missing.
    """

    module: Module
    places: dict[str, Position] = field(default_factory=dict)
    complete: bool = True


def read_module(
    root: Path, name: str, source: str, scope: Scope, report: ReportProblem
) -> DeclaredModule:
    """Read `root / source`. Reports broken files and what is declared twice."""
    directory = root / source
    variables: dict[str, Variable] = {}
    outputs: dict[str, Output] = {}
    providers: set[str] = set()
    aliases: set[tuple[str, str]] = set()
    places: dict[str, Position] = {}
    parts: set[str] = set()
    complete = True
    for path in sorted(directory.glob("*.tf")):
        file = Path(os.path.normpath(Path(source) / path.name))
        found = _read_file(root, path, file, report)
        if found is None:
            complete = False
            continue
        variables |= {item["name"]: Variable(**item) for item in found["variables"]}
        outputs |= {item["name"]: Output(**item) for item in found["outputs"]}
        providers |= set(found["providers"])
        parts |= set(found["parts"])
        aliases |= {(provider, alias) for provider, alias in found["aliases"]}
        for key, line in found["places"].items():
            place = Position(file, line)
            if key in places:
                hint = f"first in {places[key]}"
                report(Problem(f"{key.replace('.', ' ')} is declared twice", place, hint))
            places.setdefault(key, place)
        for kind, line in found["root_only"]:
            message = f"a `{kind}` block belongs into a root module, and pytg writes those"
            report(Problem(message, Position(file, line), f"take it out: {_WHERE[kind]}"))
    module = Module(
        name=name,
        path=directory,
        scope=scope,
        variables=variables,
        outputs=outputs,
        providers=frozenset(providers),
        aliases=frozenset(aliases),
        parts=frozenset(parts),
    )
    return DeclaredModule(module, places, complete)


def _read_file(root: Path, path: Path, file: Path, report: ReportProblem) -> dict[str, Any] | None:
    content = path.read_bytes()
    key = hashlib.sha256(_FORMAT.encode() + content).hexdigest()
    entry = root / CACHE / f"{key}.json"
    cached = _load(entry)
    if cached is not None:
        return cached
    import lark.exceptions  # noqa: PLC0415 - python-hcl2 takes over a second to load

    try:
        found = _parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        report(Problem(f"not UTF-8: {error.reason}", Position(file)))
        return None
    except lark.exceptions.LarkError as error:
        line, column = getattr(error, "line", 1), getattr(error, "column", 1)
        place = Position(file, max(line, 1), max(column, 1))
        report(Problem(f"not valid HCL at or before column {place.column}", place))
        return None
    _store(entry, found)
    return found


def _load(entry: Path) -> dict[str, Any] | None:
    """The cached result, or None where there is none that can be trusted."""
    try:
        wrapped = json.loads(entry.read_text(encoding="utf-8"))
        found: dict[str, Any] = wrapped["found"]
        return found if wrapped["digest"] == _digest(found) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(entry: Path, found: dict[str, Any]) -> None:
    text = json.dumps({"digest": _digest(found), "found": found})
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time only
        entry.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(entry, text.encode(), durable=False)


def _digest(found: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _parse(text: str) -> dict[str, Any]:
    """The declarations in one file, as JSON data. Raises LarkError for what is not HCL."""
    import hcl2  # noqa: PLC0415 - takes over a second to load, so only when the cache misses

    options = hcl2.SerializationOptions(with_comments=False, strip_string_quotes=True)
    document = hcl2.loads(
        text if text.endswith("\n") else text + "\n", serialization_options=options
    )
    variables = dict(_blocks(document, "variable"))
    outputs = dict(_blocks(document, "output"))
    providers, aliases = _required_providers(document)
    return {
        "variables": [_variable(name, body) for name, body in variables.items()],
        "outputs": [_output(name, body) for name, body in outputs.items()],
        "providers": sorted(providers),
        "aliases": sorted(aliases),
        "places": _places(text, variables, outputs),
        "parts": sorted(_parts(document)),
        "root_only": _root_only(text, document),
    }


def _parts(document: dict[str, Any]) -> Iterator[str]:
    for kind, named in _blocks(document, "resource"):
        yield from (f"{kind}.{name}" for name in named if name != "__is_block__")
    yield from (f"module.{name}" for name, _ in _blocks(document, "module"))


def _root_only(text: str, document: dict[str, Any]) -> list[list[Any]]:
    """Kind and line of each block that a module must not have."""
    there = {key for part in (document, *document.get("terraform", ())) for key in part}
    return [
        [found[1], text.count("\n", 0, found.start(1)) + 1]
        for found in _ROOT_ONLY.finditer(text)
        if found[1] in there
    ]


def _places(text: str, variables: Container[str], outputs: Container[str]) -> dict[str, int]:
    """The line of each declaration, which python-hcl2 does not tell."""
    lines: dict[str, int] = {}
    for found in _DECLARATION.finditer(text):
        if found[2] in (variables if found[1] == "variable" else outputs):
            line = text.count("\n", 0, found.start(1)) + 1
            lines.setdefault(f"{found[1]}.{found[2]}", line)
    return lines


def _blocks(document: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in document.get(kind, ()):
        yield from block.items()


def _variable(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "type": _expression(body.get("type")),
        "required": "default" not in body,
        "nullable": body.get("nullable") is not False,
        "sensitive": body.get("sensitive") is True,
        "description": _text(body.get("description")),
    }


def _output(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "sensitive": body.get("sensitive") is True,
        "description": _text(body.get("description")),
    }


def _expression(value: Any) -> str | None:
    """HCL text without the `${}` in which python-hcl2 hands an expression over."""
    if not isinstance(value, str):
        return None
    return value[2:-1] if value.startswith("${") and value.endswith("}") else value


def _text(value: Any) -> str:
    """A description: a string, or a heredoc with its marks."""
    lines = str(value or "").splitlines()
    if lines and lines[0].startswith("<<"):
        lines = [line.strip() for line in lines[1:-1]]
    return "\n".join(lines)


def _required_providers(document: dict[str, Any]) -> tuple[set[str], set[tuple[str, str]]]:
    """Local names, and `configuration_aliases` as (provider, alias)."""
    names: set[str] = set()
    aliases: set[tuple[str, str]] = set()
    for settings in document.get("terraform", ()):
        for block in settings.get("required_providers", ()):
            for name, requirement in block.items():
                if name == "__is_block__":
                    continue
                names.add(name)
                listed = requirement if isinstance(requirement, dict) else {}
                for alias in listed.get("configuration_aliases", ()):
                    provider, _, short = str(_expression(alias)).partition(".")
                    aliases.add((provider, short))
    return names, aliases
