"""One file of a Terraform module, read once for each content."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from pytg.config.node import ReportProblem
from pytg.errors import Position, Problem
from pytg.files import write_atomic

if TYPE_CHECKING:
    from pytg.config.declarations import Declarations

CACHE = Path(".pytg/cache/modules")
_FORMAT = "6"


def read_file(
    root: Path, name: str, path: Path, file: Path, report: ReportProblem
) -> Declarations | None:
    """What `path` declares; None where it cannot be read, which is reported.

    `name` is the module's, and `file` is `path` as people know it.
    """
    from pytg.config.declarations import Declarations, declarations  # noqa: PLC0415 - as is hcl
    from pytg.config.hcl_tokens import HclError  # noqa: PLC0415 - not needed for what is cached

    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"module `{name}`: cannot be read: {error.strerror}"
        report(Problem(message, Position(file), "mend it, or take it away"))
        return None
    in_json = path.suffix == ".json"
    key = hashlib.sha256(f"{_FORMAT}{in_json}".encode() + content).hexdigest()
    entry = root / CACHE / f"{key}.json"
    cached = _load(entry)
    if cached is not None:
        return Declarations(**cached)
    try:
        found = declarations(content, in_json=in_json)
    except HclError as error:
        place = Position(file, error.line, error.column)
        message = f"module `{name}`: not valid {'JSON' if in_json else 'HCL'}: {error}"
        report(Problem(message, place, "`terraform fmt` says more about it"))
        return None
    _store(entry, found.plain)
    return found


def _load(entry: Path) -> dict[str, Any] | None:
    """The cached result, or None where there is none that can be trusted."""
    try:
        wrapped = from_json(entry.read_bytes())
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
