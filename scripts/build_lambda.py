"""Packs each Lambda function into a zip of its own, the same bytes for the same source.

python scripts/build_lambda.py [--out build/lambda] [--quiet]

Prints a line a function: SHA-256 (hexadecimal), size, path. A zip holds the handler, the modules
of docmig that it imports, and the dependencies of lambda/requirements.txt as wheels for Lambda.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "lambda"
OUT = ROOT / "build" / "lambda"
CACHE = ROOT / "build" / "lambda-dependencies"

TARGET = (
    "--platform=manylinux2014_aarch64",
    "--implementation=cp",
    "--python-version=3.13",
    "--only-binary=:all:",
)
# Of Powertools: what no function imports, most of its size. A test imports every handler
# from its zip.
UNUSED = tuple(
    f"aws_lambda_powertools/{name}/"
    for name in (
        "event_handler",
        "utilities/auth_alpha",
        "utilities/circuit_breaker",
        "utilities/data_masking",
        "utilities/feature_flags",
        "utilities/kafka",
        "utilities/metadata",
        "utilities/parameters",
        "utilities/parser",
        "utilities/streaming",
        "utilities/validation",
    )
)
INSTALLER_NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say
FILE_MODE = 0o100644


class BuildError(Exception):
    """The functions cannot be packed; says why."""


def functions(source: Path) -> dict[str, Path]:
    """Handler file by purpose, which is the last part of the function's name."""
    found = sorted((source / "handlers").glob("*.py"))
    return {path.stem.replace("_", "-"): path for path in found if path.stem != "__init__"}


def dependencies(source: Path = SOURCE, cache: Path = CACHE) -> Path:
    """Directory with the pinned dependencies; downloaded only when the pins have changed."""
    requirements = source / "requirements.txt"
    pins = hashlib.sha256(requirements.read_bytes() + repr(TARGET).encode()).hexdigest()
    ready = cache / pins[:16]
    if ready.is_dir():
        return ready
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".partial-") as partial:
        _install(requirements, Path(partial) / "site")
        try:
            (Path(partial) / "site").rename(ready)
        except OSError:
            if not ready.is_dir():  # otherwise another build was first
                raise
    return ready


def _install(requirements: Path, target: Path) -> None:
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-compile", "--no-deps", "--require-hashes", *TARGET),
        *("--target", str(target), "--requirement", str(requirements)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"pip could not fetch {requirements}:\n{done.stderr.strip()}")


def modules(handler: Path, source: Path) -> list[Path]:
    """The handler and every file of this repository that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [handler]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for folder in path.parents:
            if folder == source:
                break
            found.add(folder / "__init__.py")
        waiting += [near for name in _imports(path) if (near := _file(name, source))]
    return sorted(found)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str, source: Path) -> Path | None:
    base = source.joinpath(*module.split("."))
    files = (base.with_name(f"{base.name}.py"), base / "__init__.py")
    return next((path for path in files if path.is_file()), None)


def _packed(site: Path) -> Iterator[tuple[str, Path]]:
    for path in site.rglob("*"):
        name = path.relative_to(site).as_posix()
        stale = path.suffix == ".pyc" or path.name in INSTALLER_NOTES
        if path.is_file() and not stale and not name.startswith(("bin/", *UNUSED)):
            yield name, path


def pack(files: dict[str, Path], out: Path) -> str:
    """Write the zip; its SHA-256.

    Stored, not compressed: the result of compression depends on the version of zlib.
    """
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, also when this runs elsewhere
            entry.external_attr = FILE_MODE << 16
            archive.writestr(entry, path.read_bytes())
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    partial.replace(out)
    return digest


def build(out: Path = OUT, source: Path = SOURCE, cache: Path = CACHE) -> dict[str, str]:
    """Make all zips, named `<purpose>.zip`; SHA-256 by purpose. Raises BuildError."""
    third_party = dict(_packed(dependencies(source, cache)))
    out.mkdir(parents=True, exist_ok=True)
    digests = {}
    for purpose, handler in functions(source).items():
        own = {path.relative_to(source).as_posix(): path for path in modules(handler, source)}
        digests[purpose] = pack({**third_party, **own}, out / f"{purpose}.zip")
    for stale in out.glob("*.zip"):
        if stale.stem not in digests:
            stale.unlink()
    return digests


def main() -> None:
    """Build and print what was built."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT, help="directory of the zips")
    parser.add_argument("--no-cache", action="store_true", help="download the dependencies anew")
    parser.add_argument("--quiet", action="store_true", help="print nothing when all went well")
    options = parser.parse_args()
    if options.no_cache:
        shutil.rmtree(CACHE, ignore_errors=True)
    try:
        digests = build(options.out)
    except BuildError as error:
        sys.exit(str(error))
    for purpose, digest in ({} if options.quiet else digests).items():
        path = options.out / f"{purpose}.zip"
        print(f"{digest}  {path.stat().st_size:>9}  {path}")


if __name__ == "__main__":
    main()
