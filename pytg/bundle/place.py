"""Where a bundle is kept: in a directory, or in a state bucket of the estate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytg.aws.kept_object import KeptObject
from pytg.bundle import archive
from pytg.bundle.manifest import Manifest
from pytg.bundle.seal import require_recipients
from pytg.errors import PytgError, UsageError
from pytg.model import Account, Unit

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

S3 = "s3://"
Clients = Callable[[Account, str], "S3Client"]


class Place(Protocol):
    """Where one bundle lies."""

    def clear(self) -> None:
        """Remove what an earlier plan left there, so that it is not taken for this one's."""

    def write(self, data: bytes) -> str:
        """Keep `data`; returns what a person is told of it."""

    def read(self) -> bytes:
        """The bundle. Raises UsageError where there is none."""


def is_in_bucket(place: str) -> bool:
    """Whether `place` names a bucket."""
    return place.startswith(S3)


def place_of(text: str, units: Iterable[Unit], clients: Clients) -> Place:
    """The place that `text` names: a directory, or `s3://BUCKET/PREFIX`.

    A bucket must be one that holds states of `units`: their account says how it is reached.
    """
    if not is_in_bucket(text):
        return Directory(Path(text))
    bucket, _, prefix = text.removeprefix(S3).partition("/")
    users = [unit for unit in units if unit.backend.type == "s3" and unit.backend.bucket == bucket]
    if not users or not prefix.strip("/"):
        raise UsageError(
            f"{text} is no place for a bundle",
            hint="name a directory, or s3://BUCKET/PREFIX in a bucket that holds states of units",
        )
    account, region = users[0].account, users[0].backend.region
    key = f"{prefix.strip('/')}/{archive.FILE}"
    return Bucket(KeptObject(clients(account, region), account, bucket, key))


def keeper(
    place: Place, recipients: Sequence[str]
) -> Callable[[Manifest, Mapping[str, bytes]], str]:
    """What writes a bundle to `place`, encrypted to `recipients`, and returns what is told of it.

    One that is there already is removed. Raises UsageError for what is no recipient, or no place.
    """
    require_recipients(recipients)
    place.clear()

    def keep(manifest: Manifest, files: Mapping[str, bytes]) -> str:
        data = archive.pack(manifest, files, recipients)
        return f"{place.write(data)} ({archive.digest_of(data)})"

    return keep


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of this machine, or the file itself."""

    path: Path

    def clear(self) -> None:
        """See Place. Raises UsageError where nothing can be written there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / archive.FILE).unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write into {self.path}: {error.strerror}", hint="--out needs a directory"
            ) from error

    def write(self, data: bytes) -> str:
        """See Place. Raises PytgError."""
        return f"the plan is kept in {archive.write(self.path, data)}"

    def read(self) -> bytes:
        """See Place."""
        return archive.read(self.path)


@dataclass(frozen=True, slots=True)
class Bucket:
    """An object of a state bucket."""

    object: KeptObject

    def clear(self) -> None:
        """See Place. Raises Refused."""
        self.object.remove()

    def write(self, data: bytes) -> str:
        """See Place. Says, too, when the bucket removes it. Raises PytgError."""
        self.object.write(data)
        return f"the plan is kept in {self.object}, {self._expiry()}"

    def _expiry(self) -> str:
        try:
            days = self.object.days()
        except PytgError as error:  # it lies there: that is no reason to fail
            return f"for how long is not known: {error.message}"
        return f"for {days} days" if days else "for good: no lifecycle rule of the bucket ends it"

    def read(self) -> bytes:
        """See Place. Raises Refused where it cannot be read."""
        found = self.object.read()
        if found is None:
            raise UsageError(
                f"no bundle at {self.object}",
                hint="it was never made, or has expired: `pytg plan --out` makes it anew",
            )
        return found
