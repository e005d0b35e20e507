"""The files that a module is made of, as digests to compare: of two machines, or of two commits."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytg.config.module_files import TERRAFORM, module_files
from pytg.generate.module_directories import module_directories
from pytg.generate.unit import UNITS

ABSENT = "absent"
_SKIPPED = frozenset({".terraform", ".git", ".pytg", "__pycache__"})
_IGNORED = (
    ".terraform.lock.hcl",
    ".tftest.hcl",
    ".tftest.json",
)  # no part of a module that is called
_READ = re.compile(
    r"""(?:\$\{\s*path\.(module|root|cwd)\s*\}|file\w*\(\s*")([^"$%{}\n]*)(?=(\$\{|%\{)?)"""
)
_UNIT = UNITS / "account" / "region" / "environment" / "module"  # as deep as every root


@dataclass(frozen=True, slots=True)
class Places:
    """Where a module looks: `read` are files and directories, that count whole.

    `begins` are the directories from which it puts names together that its text does not say.
    """

    read: tuple[Path, ...]
    begins: tuple[Path, ...]


def of_module(root: Path, directory: Path, flavour: str) -> dict[str, str]:
    """Digests of all files in the directories of a module and of the local ones that it calls.

    With what their text reads elsewhere; see `places_of`. Names are relative to `root`.
    """
    found: dict[str, str] = {}
    called = os.path.relpath(directory, root)  # whatever it is a link to, on whichever machine
    own = directory.resolve()
    for place in places_of(root, directory, flavour).read:
        tree = of_tree(own, place)
        found |= {os.path.normpath(f"{called}/{name}"): digest for name, digest in tree.items()}
    return found


def places_of(root: Path, directory: Path, flavour: str = TERRAFORM) -> Places:
    """The directories of a module and of the local ones that it calls, and what they read.

    That is what their text names by `${path.module}/…`, `${path.root}/…` or `file("…")`. Where
    the rest of a name is not written there, it is all of the directory that it begins with.
    """
    root = root.resolve()
    read: dict[Path, None] = {}
    begins: dict[Path, None] = {}
    for near in module_directories(directory, flavour):
        own = [near] if is_counted(root, near) else _texts_in(near, flavour)
        read |= dict.fromkeys(own)
        for name, place, computed in _named(root, near, flavour):
            if is_counted(root, place, name) and near not in (place, *place.parents):
                read[place] = None
            if computed:
                begins[place] = None
    return Places(tuple(read), tuple(begins))


def is_counted(root: Path, place: Path, name: str = "") -> bool:
    """Whether files at `place`, which somebody wrote as `name`, are looked at for the project.

    Not those of a place that holds the project or lies in its `.pytg`; of what is named from
    the root of the file system and lies elsewhere only a file is: `/var/log` is of some machine.
    """
    if place in (root, *root.parents) or place.is_relative_to(root / UNITS.parts[0]):
        return False
    return not name.startswith("/") or place.is_relative_to(root) or place.is_file()


def of_tree(root: Path, place: Path) -> dict[str, str]:
    """Digests of the file `place`, or of all files below it, by their path from `root`."""
    files = _below(place) if place.is_dir() else [place]
    return {os.path.relpath(file, root): _of_file(file) for file in files}


def texts_of(directory: Path, flavour: str) -> Iterator[str]:
    """The text of each file that Terraform reads of a module."""
    for path in _texts_in(directory, flavour):
        yield path.read_text(encoding="utf-8", errors="replace")


def digest_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _texts_in(directory: Path, flavour: str) -> list[Path]:
    found = (path for paths in module_files(directory, flavour) for path in paths)
    return [path for path in found if path.is_file()]


def _named(root: Path, directory: Path, flavour: str) -> Iterator[tuple[str, Path, bool]]:
    """What the files in `directory` name outside of it: as written, where, and if that is all."""
    for text in texts_of(directory, flavour):
        for kind, written, computed in _READ.findall(text):
            name = written.lstrip("/") if kind else written
            if computed:
                name = name.rpartition("/")[0]
            begin = directory if kind == "module" else root / _UNIT
            yield name, Path(os.path.normpath(begin / name)), bool(computed)


def _below(directory: Path) -> Collection[Path]:
    found: list[Path] = []
    for here, names, files in os.walk(directory):
        names[:] = [name for name in names if name not in _SKIPPED]
        found += (Path(here, file) for file in files if not file.endswith(_IGNORED))
    return found


def _of_file(file: Path) -> str:
    """A device or a pipe is no file: reading it might never end."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return ABSENT
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ABSENT
