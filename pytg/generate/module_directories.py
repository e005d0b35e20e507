"""The directories that a module is made of."""

from __future__ import annotations

import re
from pathlib import Path

_LOCAL = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"]*)"', re.MULTILINE)


def module_directories(directory: Path) -> tuple[Path, ...]:
    """`directory` and those of all local modules that it calls, resolved, itself first.

    A source that is not there is left out: Terraform's own message about it is better.
    """
    found: dict[Path, None] = {}
    waiting = [directory]
    while waiting:
        near = waiting.pop(0).resolve()
        if near in found or not near.is_dir():
            continue
        found[near] = None
        for file in sorted(near.glob("*.tf")):
            text = file.read_text(encoding="utf-8", errors="replace")
            waiting += [near / source for source in _LOCAL.findall(text)]
    return tuple(found)
