"""Where states live: one interface for S3 and for local files, and what it hands out."""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from pydantic_core import from_json

from pytg import __version__, exact_json
from pytg.errors import LockHeld, PytgError

STATE_NAME = "terraform.tfstate"

# Terraform's names, of its own LockInfo
_FIELDS = {
    "id": "ID",
    "operation": "Operation",
    "info": "Info",
    "who": "Who",
    "version": "Version",
    "created": "Created",
    "path": "Path",
}


STATE_SUFFIX = ".tfstate"


@dataclass(frozen=True, slots=True)
class StoredState:
    """A state as it lies in its backend. `version` is a hash of `body`, the same in every store."""

    body: bytes
    version: str

    @classmethod
    def of(cls, body: bytes, place: str) -> StoredState:
        """`body`, which was read from `place`. Raises PytgError when it is not whole JSON."""
        try:
            exact_json.loads(body)
        except ValueError as error:
            raise PytgError(
                f"the state {place} is damaged: {error}",
                hint="bring an older version of it back; a half-written one is never used",
            ) from error
        return cls(body, version_of(body))


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A state as it once was, which the backend itself has kept. `at` is when it was written."""

    id: str
    at: datetime


def version_of(body: bytes) -> str:
    """The MD5 of a state in hex: what Terraform's S3 backend keeps as its digest."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a lock, in Terraform's terms. `created` is RFC 3339 in UTC."""

    id: str
    operation: str
    who: str
    created: str
    info: str = ""
    version: str = __version__
    path: str = ""

    @classmethod
    def new(cls, operation: str, lock_id: str | None = None) -> LockInfo:
        """A lock of this process, taken now. One id may serve for many keys."""
        created = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return cls(lock_id or str(uuid.uuid4()), operation, _myself(), created)

    @classmethod
    def parse(cls, text: str | bytes) -> LockInfo:
        """Read Terraform's JSON. What cannot be read has the id `?`: it is a lock all the same."""
        try:
            document = from_json(text)
            return cls(**{ours: str(document.get(its, "")) for ours, its in _FIELDS.items()})
        except (ValueError, AttributeError):
            return cls("?", "?", "unknown", "?", info="the lock cannot be read")

    def at(self, path: str) -> LockInfo:
        """The same lock for the state at `path`."""
        return replace(self, path=path)

    def to_json(self) -> str:
        """Terraform's own form."""
        own = asdict(self)
        return json.dumps({its: own[ours] for ours, its in _FIELDS.items()})

    def __str__(self) -> str:
        return f"{self.who} since {self.created} ({self.operation}, lock id {self.id})"


class StateStore(Protocol):
    """States by key. Every failure is a PytgError that says where and what to do.

    Before anything is changed that is Refused; a write or a delete that fails is a PytgError.
    Safe to use from many threads, each on its own key.
    """

    def exists(self) -> bool:
        """Whether the backend itself is there: bucket and lock table."""

    def read(self, key: str) -> StoredState | None:
        """The state; None where there is none, or no backend. PytgError when it is damaged."""

    def raw(self, key: str) -> bytes | None:
        """The state as it lies there, damaged or not; None where there is none."""

    def keys(self, prefix: str) -> list[str]:
        """The keys of the states that begin with `prefix`, sorted."""

    def versions(self, key: str) -> list[KeptVersion]:
        """What the backend has kept of the state, the newest first; not what is there now."""

    def read_version(self, key: str, version: KeptVersion) -> bytes:
        """The state as it was then, as it lies there."""

    def write(self, key: str, body: bytes) -> str:
        """Write the state whole, with its digest; returns its version."""

    def digest_repair(self, key: str) -> bool:
        """After a crash between state and digest: make the digest that of the state.

        Returns whether it was another one. Call it under the lock.
        """

    def lock(self, key: str, info: LockInfo) -> None:
        """Take the lock, all of it or nothing. Raises LockHeld with who, since when, for what.

        Taking it again with the same id is no error.
        """

    def unlock(self, key: str, lock_id: str) -> None:
        """Leave the lock; one that is gone is no error. Refused where it is another's."""

    def holder(self, key: str) -> LockInfo | None:
        """Who holds the lock."""


def lock_held(key: str, holder: LockInfo | None) -> LockHeld:
    """The error that says who holds the lock of `key`; None: it changed hands just now."""
    address = key.removesuffix(f"/{STATE_NAME}")
    if holder is None:
        return LockHeld(f"somebody else is just taking or leaving the lock of {address}")
    return LockHeld(
        f"the state of {address} is locked by {holder}",
        hint="wait until it is released; if whoever took it is gone: "
        f"pytg unlock {address} '{holder.id}'",
    )


def _myself() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
