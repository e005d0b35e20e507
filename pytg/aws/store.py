"""Where units' states live: one interface over the S3 backend and local files."""

from __future__ import annotations

import getpass
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pytg.errors import LockHeld, Refused


@dataclass(frozen=True, slots=True)
class StoredState:
    """A state document. `version` changes whenever the stored state does."""

    body: bytes
    version: str


@dataclass(frozen=True, slots=True)
class LockInfo:
    """A lock in Terraform's own form, so that Terraform shows who holds it.

    Source: Terraform's statemgr.LockInfo. `created` is RFC 3339.
    """

    id: str
    operation: str
    info: str
    who: str
    version: str
    created: str
    path: str = ""

    @classmethod
    def new(cls, operation: str, lock_id: str, version: str = "") -> LockInfo:
        """A lock for this person on this machine, now."""
        who = f"{getpass.getuser()}@{socket.gethostname()}"
        created = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return cls(lock_id, operation, "", who, version, created)

    def document(self, path: str) -> str:
        """The JSON that Terraform reads, for the state at `path`."""
        return json.dumps(
            {
                "ID": self.id,
                "Operation": self.operation,
                "Info": self.info,
                "Who": self.who,
                "Version": self.version,
                "Created": self.created,
                "Path": path,
            }
        )

    @classmethod
    def parse(cls, document: str | bytes) -> LockInfo:
        """Read Terraform's JSON; what cannot be read becomes a lock of an unknown holder."""
        try:
            raw = json.loads(document)
        except ValueError:
            raw = {}
        names = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
        return cls(*(str(raw.get(name, "")) for name in names))

    def held(self, key: str) -> LockHeld:
        """The error for somebody who wants this lock too."""
        return LockHeld(
            f"the state {key} is locked by {self.who or 'somebody'} since {self.created} "
            f"for {self.operation} (lock id {self.id})",
            hint="wait, or if its holder is gone: `pytg unlock ADDRESS LOCK_ID`",
        )


class StateStore(Protocol):
    """Reads, writes and locks states by key. All raise PytgError, Refused or LockHeld."""

    def exists(self) -> bool:
        """Whether the backend itself is there."""
        ...

    def read(self, key: str) -> StoredState | None:
        """The state, or None where there is none."""
        ...

    def write(self, key: str, body: bytes) -> str:
        """Write the state; returns its new version."""
        ...

    def delete(self, key: str) -> None:
        """Remove the state; one that is not there is no error."""
        ...

    def digest_repair(self, key: str) -> bool:
        """Mend what a crash between two writes left; whether there was something to mend."""
        ...

    def lock(self, key: str, info: LockInfo) -> None:
        """Take the state's lock. Raises LockHeld."""
        ...

    def unlock(self, key: str, lock_id: str) -> None:
        """Give it back; a lock that is gone is no error. Raises Refused for another's lock."""
        ...

    def holder(self, key: str) -> LockInfo | None:
        """Who holds the state's lock."""
        ...


def not_yours(key: str, holder: LockInfo) -> Refused:
    """The error for an unlock with the wrong id."""
    return Refused(
        f"the lock of {key} has id {holder.id}, taken by {holder.who} since {holder.created}",
        hint="give exactly that id to remove it",
    )
