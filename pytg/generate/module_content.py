"""The files that a module is made of, as digests to compare: of two machines, or of two commits."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from pytg.config.module_files import module_files
from pytg.generate.module_directories import module_directories

ABSENT = "absent"
_SKIPPED = frozenset({".terraform", ".git", ".pytg", "__pycache__"})
_IGNORED = (
    ".terraform.lock.hcl",
    ".tftest.hcl",
    ".tftest.json",
)  # no part of a module that is called
_HERE = re.compile(r"\$\{\s*path\.module\s*\}([^\"$%{}\n]*)(\$\{|%\{)?")


def of_module(
    root: Path,
    directory: Path,
    flavour: str,
    counts: Callable[[Path], bool] = lambda _file: True,
) -> dict[str, str]:
    """Digests of all files in the directories of a module and of the local ones that it calls.

    With what their text reads elsewhere by `${path.module}/…`. Names are relative to `root`.
    `counts` says of a resolved file whether it is looked at.
    """
    found: dict[str, str] = {}
    called = os.path.relpath(directory, root)  # whatever it is a link to, on whichever machine
    own, root = directory.resolve(), root.resolve()
    for near in module_directories(directory, flavour):
        places = [near, *_read_elsewhere(near, flavour)]
        for place in (place for place in places if place not in (root, *root.parents)):
            tree = of_tree(own, place, counts)
            found |= {os.path.normpath(f"{called}/{name}"): digest for name, digest in tree.items()}
    return found


def of_tree(
    root: Path, place: Path, counts: Callable[[Path], bool] = lambda _file: True
) -> dict[str, str]:
    """Digests of the file `place`, or of all files below it, by their path from `root`."""
    files = _below(place) if place.is_dir() else [place]
    return {os.path.relpath(file, root): _of_file(file) for file in files if counts(file.resolve())}


def texts_of(directory: Path, flavour: str) -> Iterator[str]:
    """The text of each file that Terraform reads of a module."""
    for path in (path for paths in module_files(directory, flavour) for path in paths):
        if path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")


def digest_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _read_elsewhere(directory: Path, flavour: str) -> set[Path]:
    """What the files in `directory` name by `${path.module}/…` outside of it.

    Where the rest of the name is not written there, the directory that it begins with.
    """
    found: set[Path] = set()
    for text in texts_of(directory, flavour):
        for matched in _HERE.finditer(text):
            rest = matched[1].strip("/")
            name = rest.rpartition("/")[0] if matched[2] and not matched[1].endswith("/") else rest
            place = Path(os.path.normpath(directory / name))
            if directory not in (place, *place.parents):
                found.add(place)
    return found


def _below(directory: Path) -> Collection[Path]:
    found: list[Path] = []
    for here, names, files in os.walk(directory):
        names[:] = [name for name in names if name not in _SKIPPED]
        found += (Path(here, file) for file in files if not file.endswith(_IGNORED))
    return found


def _of_file(file: Path) -> str:
    try:
        return digest_of(file.read_bytes())
    except OSError:
        return ABSENT
