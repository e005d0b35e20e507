"""What the configuration says of a unit, and what its module is made of, as digests to compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pytg import exact_json
from pytg.generate.fingerprint import canonical
from pytg.generate.module_content import digest_of, of_tree, texts_of
from pytg.generate.module_directories import module_directories
from pytg.generate.providers import Place
from pytg.generate.unit import render_unit
from pytg.model import Estate, Unit

INPUT = "inputs."
_PLACE = re.compile(r"\bpath\.cwd\b|\babspath\s*\(")


def of_unit(estate: Estate, unit: Unit, tags: Mapping[Place, Mapping[str, str]]) -> dict[str, str]:
    """Digests of what the configuration says of `unit`, by part.

    `inputs.<name>` for each input, and the files of its own root, which hold all the rest of what
    Terraform is told. What guards it is not among it: guards are those of the apply.
    """
    texts = {f"{INPUT}{name}": canonical(value) for name, value in unit.inputs.items()}
    texts |= {
        "account": repr(unit.account),
        "after": " ".join(sorted(map(str, unit.after))),
        "isolate": str(unit.isolate),
        "imports": repr(unit.imports),
    }
    for name, text in render_unit(estate, unit, tags).items():
        lines = (line for line in text.splitlines() if not line.startswith("#"))
        texts[name] = "\n".join(lines)
    return {part: digest_of(text.encode()) for part, text in texts.items()}


def of_fetched(workdir: Path) -> str:
    """The digest of the modules that init brought from elsewhere; empty where there are none."""
    place = workdir / ".terraform" / "modules"
    found = {
        name: digest for name, digest in of_tree(place, place).items() if name != "modules.json"
    }
    return (
        digest_of(exact_json.dumps(found, sort_keys=True).encode())
        if place.is_dir() and found
        else ""
    )


def holds_its_place(directory: Path, flavour: str) -> bool:
    """Whether a module, or a local one that it calls, reads the directory that it is run in."""
    return any(
        _PLACE.search(text)
        for near in module_directories(directory, flavour)
        for text in texts_of(near, flavour)
    )
