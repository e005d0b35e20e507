"""Use a provider mirror on this machine where there is one, so that nothing is downloaded.

The mirror's layout is Terraform's: `HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/` (unpacked) or
`HOST/NAMESPACE/TYPE/terraform-provider-TYPE_VERSION_OS_ARCH.zip` (packed).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from pydantic_core import from_json

from pytg.files import write_if_changed
from pytg.model import Provider
from pytg.terraform.binary import host_platform
from pytg.terraform.environment import CLI_CONFIG
from pytg.terraform.versions import satisfies

FILE = Path(".pytg/terraform.rc")
# where software is installed by hand, and how many directories below it may be a mirror
PREFIXES = {"/opt": 2, "/usr/local": 2, "/srv": 2, "/usr/share": 1, "/usr/lib": 1, "/var/lib": 1}
LOOKED_AT = 4000  # directories in one search, at most
BUILT_IN = "terraform.io/builtin/"
# with one of these blocks the user's own file decides more than pytg's could repeat
_OWN = re.compile(
    r"^\s*(provider_installation|credentials|credentials_helper|host)\b", re.MULTILINE
)


def cli_config(
    root: Path,
    providers: Iterable[Provider],
    environ: Mapping[str, str],
    *,
    prefixes: Mapping[str, int] = PREFIXES,
) -> Path | None:
    """The CLI configuration file that makes Terraform use a mirror: `.pytg/terraform.rc`.

    None when Terraform needs none: the user has a configuration of their own, or no mirror
    holds any of `providers`, or Terraform finds the mirror by itself. The file is written only
    when it changes.
    """
    wanted = [p for p in providers if not p.source.startswith(BUILT_IN)]
    if not wanted or own_config(environ) is not None:
        return None
    found = find_mirrors(root, wanted, environ, prefixes=prefixes)
    named = {
        source: directory
        for source, directory in found.items()
        if directory not in set(default_mirrors(environ))
    }
    if not named:
        return None
    write_if_changed(root / FILE, _render(found))
    return root / FILE


def own_config(environ: Mapping[str, str]) -> Path | None:
    """The user's CLI configuration where it must stay in force.

    A variable that names a file which is not there counts for nothing.
    """
    for name in CLI_CONFIG:
        if environ.get(name) and Path(environ[name]).is_file():
            return Path(environ[name])
    for name in (".terraformrc", ".tofurc"):
        path = _home(environ) / name
        if path.is_file() and _OWN.search(path.read_text(encoding="utf-8", errors="replace")):
            return path
    return None


def find_mirrors(
    root: Path,
    providers: Iterable[Provider],
    environ: Mapping[str, str],
    *,
    prefixes: Mapping[str, int] = PREFIXES,
) -> dict[str, Path]:
    """Provider source -> the mirror that holds a version of it for this machine.

    Looked for in this order: `PYTG_PROVIDER_MIRROR`, Terraform's own places, what was found the
    last time, then directories below `prefixes`, no deeper than each says. The first wins for
    each provider.
    """
    missing = {p.source: p for p in providers}
    found: dict[str, Path] = {}
    for directory in _candidates(root, environ, prefixes):
        held = [source for source, p in missing.items() if holds(directory, p)]
        for source in held:
            found[source] = directory
            del missing[source]
        if not missing:
            break
    return dict(sorted(found.items()))


def holds(mirror: Path, provider: Provider) -> bool:
    """Whether `mirror` has a version of `provider` that meets its constraint, for this machine."""
    return any(
        _meets(version, provider.version)
        for directory in _directories(mirror, provider.source)
        for version in _versions(directory)
    )


def default_mirrors(environ: Mapping[str, str]) -> list[Path]:
    """Where Terraform looks for mirrors by itself.

    `./terraform.d` is not among them: its working directory is a root module's, not the project's.
    """
    home = _home(environ)
    data = environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    shared = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    bases = [Path(base) / "terraform/plugins" for base in (data, *shared) if base]
    if sys.platform == "darwin":
        support = "Library/Application Support/io.terraform/plugins"
        bases = [home / support, Path("/") / support]
    return [home / ".terraform.d/plugins", *bases]


def _candidates(
    root: Path, environ: Mapping[str, str], prefixes: Mapping[str, int]
) -> Iterator[Path]:
    if named := environ.get("PYTG_PROVIDER_MIRROR"):
        yield Path(named).expanduser().absolute()
    yield from default_mirrors(environ)
    yield root / "terraform.d/plugins"
    if (root / FILE).is_file():
        text = (root / FILE).read_text(encoding="utf-8", errors="replace")
        for path in re.findall(r'path\s*=\s*(".*")', text):
            with contextlib.suppress(ValueError):  # the file is written anew
                yield Path(from_json(path))
    yield from islice(_below(prefixes), LOOKED_AT)


def _below(prefixes: Mapping[str, int]) -> Iterator[Path]:
    for prefix, depth in prefixes.items():
        level = [Path(prefix)]
        for _ in range(depth):
            yield from level
            level = [child for directory in level for child in _children(directory)]
        yield from level


def _children(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return sorted(
                Path(e.path)
                for e in entries
                if e.is_dir(follow_symlinks=False) and not e.name.startswith(".")
            )
    except OSError:
        return []


def _directories(mirror: Path, source: str) -> list[Path]:
    *host, namespace, kind = source.split("/")
    if host:
        return [mirror / host[0] / namespace / kind]
    # the host of a source without one is the default registry of whichever flavour is used
    try:
        with os.scandir(mirror) as entries:
            hosts = sorted(e.name for e in entries if e.name.startswith("registry."))
    except OSError:
        return []
    return [mirror / name / namespace / kind for name in hosts]


def _versions(directory: Path) -> Iterator[str]:
    machine = host_platform()
    for unpacked in sorted(directory.glob(f"*/{machine}")):
        yield unpacked.parent.name
    packed = re.compile(rf"terraform-provider-{re.escape(directory.name)}_(.+)_{machine}\.zip")
    for archive in sorted(directory.glob("*.zip")):
        if matched := packed.fullmatch(archive.name):
            yield matched[1]


def _meets(version: str, constraint: str) -> bool:
    try:
        return satisfies(version, constraint)
    except ValueError:
        return False


def _render(found: Mapping[str, Path]) -> str:
    lines = ["# Generated by pytg", "provider_installation {"]
    for directory in sorted(set(found.values())):
        included = [source for source, held in found.items() if held == directory]
        lines += [
            "  filesystem_mirror {",
            f"    path    = {json.dumps(str(directory))}",
            f"    include = {json.dumps(included)}",
            "  }",
        ]
    lines += ["  direct {", f"    exclude = {json.dumps(sorted(found))}", "  }", "}", ""]
    return "\n".join(lines)


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())
