"""What the configuration says of a unit, and what its module is made of, as digests to compare."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pytg import exact_json
from pytg.config.module_files import module_files
from pytg.generate.module_directories import module_directories
from pytg.generate.providers import Place
from pytg.generate.unit import render_unit, unit_directory
from pytg.model import Estate, Reference, Template, Unit, Value

ABSENT = "absent"
INPUT = "inputs."
_SKIPPED = frozenset({".terraform", ".git", ".pytg", "__pycache__"})
_IGNORED = (
    ".terraform.lock.hcl",
    ".tftest.hcl",
    ".tftest.json",
)  # no part of a module that is called
_HERE = re.compile(r"\$\{\s*path\.module\s*\}([^\"$%{}\n]*)(\$\{|%\{)?")
_PLACE = re.compile(r"\bpath\.cwd\b|\babspath\s*\(")


def of_unit(estate: Estate, unit: Unit, tags: Mapping[Place, Mapping[str, str]]) -> dict[str, str]:
    """Digests of what the configuration says of `unit`, by part.

    `inputs.<name>` for each input, and the files of its own root, which hold all the rest of what
    Terraform is told. What guards it is not among it: guards are those of the apply.
    """
    texts = {f"{INPUT}{name}": _text(value) for name, value in unit.inputs.items()}
    texts |= {
        "account": repr(unit.account),
        "after": " ".join(sorted(map(str, unit.after))),
        "isolate": str(unit.isolate),
        "imports": repr(unit.imports),
    }
    for name, text in render_unit(estate, unit, tags).items():
        lines = (line for line in text.splitlines() if not line.startswith("#"))
        texts[name] = "\n".join(lines)
    return {part: _digest(text.encode()) for part, text in texts.items()}


def of_module(root: Path, directory: Path, flavour: str) -> dict[str, str]:
    """Digests of all files in the directories of a module and of the local ones that it calls.

    With what their text reads elsewhere by `${path.module}/…`. Names are relative to `root`.
    """
    found: dict[str, str] = {}
    called = os.path.relpath(directory, root)  # whatever it is a link to, on whichever machine
    own, root = directory.resolve(), root.resolve()
    for near in module_directories(directory, flavour):
        places = [near, *_read_elsewhere(near, flavour)]
        for place in (place for place in places if place not in (root, *root.parents)):
            tree = _tree(own, place)
            found |= {os.path.normpath(f"{called}/{name}"): digest for name, digest in tree.items()}
    return found


def of_inputs(estate: Estate, unit: Unit) -> dict[str, str]:
    """Digests of the files and directories that inputs of `unit` name, as its root sees them."""
    found: dict[str, str] = {}
    directory = unit_directory(estate, unit)
    for text in _literals(unit.inputs):
        place = Path(os.path.normpath(directory / text))
        if place not in (estate.root, *estate.root.parents) and place.exists():
            found |= _tree(estate.root, place)
    return found


def of_fetched(workdir: Path) -> str:
    """The digest of the modules that init brought from elsewhere; empty where there are none."""
    place = workdir / ".terraform" / "modules"
    found = {name: digest for name, digest in _tree(place, place).items() if name != "modules.json"}
    return (
        _digest(exact_json.dumps(found, sort_keys=True).encode())
        if place.is_dir() and found
        else ""
    )


def holds_its_place(directory: Path, flavour: str) -> bool:
    """Whether a module, or a local one that it calls, reads the directory that it is run in."""
    return any(
        _PLACE.search(text)
        for near in module_directories(directory, flavour)
        for text in _texts(near, flavour)
    )


def differing(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names in either that are not the same in both, sorted."""
    return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def _text(value: Value) -> str:
    return exact_json.dumps(_plain(value), sort_keys=True)


def _plain(value: Value) -> object:
    """`value` with references as text in a list of their own, which no literal is."""
    if isinstance(value, Reference):
        return {"${}": [str(value.unit), value.output, [*map(str, value.path)], value.optional]}
    if isinstance(value, Template):
        return {"${}": [_plain(part) for part in value.parts]}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _literals(value: Value | Mapping[str, Value]) -> Iterator[str]:
    """Every text in `value` that may be a path."""
    if isinstance(value, str):
        if (
            "/" in value
            and "://" not in value
            and "\0" not in value
            and len(value) < os.pathconf("/", "PC_PATH_MAX")
        ):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _literals(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _literals(item)


def _texts(directory: Path, flavour: str) -> Iterator[str]:
    for path in (path for paths in module_files(directory, flavour) for path in paths):
        if path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")


def _read_elsewhere(directory: Path, flavour: str) -> set[Path]:
    """What the files in `directory` name by `${path.module}/…` outside of it.

    Where the rest of the name is not written there, the directory that it begins with.
    """
    found: set[Path] = set()
    for text in _texts(directory, flavour):
        for matched in _HERE.finditer(text):
            rest = matched[1].strip("/")
            name = rest.rpartition("/")[0] if matched[2] and not matched[1].endswith("/") else rest
            place = Path(os.path.normpath(directory / name))
            if directory not in (place, *place.parents):
                found.add(place)
    return found


def _tree(root: Path, place: Path) -> dict[str, str]:
    """Digests of the file `place`, or of all files below it, by their path from `root`."""
    files = _below(place) if place.is_dir() else [place]
    return {os.path.relpath(file, root): _of_file(file) for file in files}


def _below(directory: Path) -> Collection[Path]:
    found: list[Path] = []
    for here, names, files in os.walk(directory):
        names[:] = [name for name in names if name not in _SKIPPED]
        found += (Path(here, file) for file in files if not file.endswith(_IGNORED))
    return found


def _of_file(file: Path) -> str:
    try:
        return _digest(file.read_bytes())
    except OSError:
        return ABSENT


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
