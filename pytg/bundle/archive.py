"""A bundle as one file: a zip of the manifest, the saved plans and their roots, maybe encrypted.

Nothing in it is ever unpacked by a name of its own: it holds the plans that the manifest speaks of,
and of the root of each only files with plain names.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytg.bundle.manifest import Manifest
from pytg.bundle.seal import sealed, unsealed
from pytg.errors import PytgError, Refused, UsageError
from pytg.files import write_atomic

FILE = "plan.bundle"
LOCK_FILE = ".terraform.lock.hcl"
_MANIFEST = "manifest.json"
_TEXT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.tf")  # of a root; never a path
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same contents make the same file
_AGAIN = "plan again with --out"


@dataclass(frozen=True, slots=True)
class Bundle:
    """`files`: name -> content. `digest` is the SHA-256 of the whole, as it lies at `place`."""

    manifest: Manifest
    files: Mapping[str, bytes]
    place: str
    digest: str

    def root(self, name: str) -> tuple[dict[str, str], bytes | None]:
        """The files of the root of the plan `name`, by plain names, and the lock of its providers.

        There is none where its root has no providers.
        """
        begin = root_name(name)
        files = {
            file.removeprefix(begin): data
            for file, data in self.files.items()
            if file.startswith(begin)
        }
        lock = files.pop(LOCK_FILE, None)
        return {file: data.decode() for file, data in files.items()}, lock


def pack(manifest: Manifest, files: Mapping[str, bytes], recipients: Sequence[str] = ()) -> bytes:
    """The bundle as one file; encrypted where there are `recipients`, see `sealed`."""
    contents = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    whole = {_MANIFEST: replace(manifest, contents=contents).to_json(), **files}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in whole.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return sealed(made.getvalue(), recipients) if recipients else made.getvalue()


def unpack(data: bytes, place: str, identities: Sequence[Path] = ()) -> Bundle:
    """The bundle in `data`. Raises Refused where it is none, is damaged, or cannot be decrypted."""
    plain = unsealed(data, place, identities)
    try:
        with zipfile.ZipFile(io.BytesIO(plain)) as archive:
            manifest = Manifest.parse(archive.read(_MANIFEST), place)
            files = {name: archive.read(name) for name in manifest.contents}
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError) as error:
        raise Refused(f"{place} is no whole bundle: {error}", hint=_AGAIN) from error
    except (RuntimeError, OSError, ValueError) as error:
        raise Refused(f"{place} cannot be read: {error}", hint=_AGAIN) from error
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest.contents[name]:
            raise Refused(f"the bundle {place} was altered: {name} is not what it was", hint=_AGAIN)
    _require_plans(manifest, place)
    _refuse_strange(manifest, files, place)
    return Bundle(manifest, files, place, digest_of(data))


def digest_of(data: bytes) -> str:
    """How a whole bundle is named: `sha256:` and its SHA-256 in hex."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def write(directory: Path, data: bytes) -> Path:
    """Write the bundle into `directory`, for its owner's eyes only. Raises PytgError."""
    file = directory / FILE
    try:
        write_atomic(file, data)
    except OSError as error:
        raise PytgError(
            f"cannot write {file}: {error.strerror}",
            hint="make room there, or name another directory with --out; nothing was applied",
        ) from error
    return file


def read(place: Path) -> bytes:
    """The bundle in the directory `place`, or in that file. Raises UsageError where is none."""
    file = place / FILE if place.is_dir() else place
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"no bundle at {file}: {error.strerror}",
            hint="`pytg plan --out DIR` makes one, and `pytg apply DIR` applies it",
        ) from error


def plan_name(name: str) -> str:
    """Where the plan file lies whose files are in `name`."""
    return f"{name}/plan"


def root_name(name: str, file: str = "") -> str:
    """Where a file of a plan's root lies; without `file`, how all of them begin."""
    return f"{name}/root/{file}"


def _require_plans(manifest: Manifest, place: str) -> None:
    """Raises Refused where a plan that the manifest speaks of is not in the bundle."""
    for plan in (plan for stage in manifest.stages for plan in stage.plans):
        if manifest.contents.get(plan_name(plan.name)) != plan.digest:
            raise Refused(
                f"the bundle {place} was altered: it is not whole without {plan_name(plan.name)}",
                hint=_AGAIN,
            )


def _refuse_strange(manifest: Manifest, files: Mapping[str, bytes], place: str) -> None:
    """Raises Refused for a file that is neither a plan nor a file of a root, or is no text."""
    plans = [plan.name for stage in manifest.stages for plan in stage.plans]
    known, roots = {*map(plan_name, plans)}, {*map(root_name, plans)}
    for name, data in files.items():
        directory, slash, file = name.rpartition("/")
        text = _TEXT.fullmatch(file)
        if name not in known and not (
            directory + slash in roots and (text is not None or file == LOCK_FILE)
        ):
            raise Refused(
                f"the bundle {place} holds {name!r}, which is no part of one", hint=_AGAIN
            )
        try:
            _ = text and data.decode()
        except UnicodeDecodeError as error:
            raise Refused(
                f"{name} in the bundle {place} is no text: {error}", hint=_AGAIN
            ) from error
