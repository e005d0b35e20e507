"""A state store for a backend that may not be there yet, or no longer.

The module that makes the state backend has a state of its own. Until the bucket and the table
exist it is kept in the project, below `.pytg/state`, and moves into the backend as soon as
that answers; before the backend is destroyed it comes back. Every step may be repeated.
"""

from __future__ import annotations

import json

from pytg.aws.store import LockInfo, StateStore, StoredState
from pytg.errors import Refused


class DeferredStore:
    """`remote` where it exists, else `local`; what waits in `local` moves when it can."""

    def __init__(self, remote: StateStore, local: StateStore) -> None:
        self._remote = remote
        self._local = local
        self._retreated = False

    def exists(self) -> bool:
        """Whether the backend itself is there and in use."""
        return not self._retreated and self._remote.exists()

    def read(self, key: str) -> StoredState | None:
        """The newest state: what waits locally is moved into the backend first."""
        if not self.exists():
            return self._local.read(key)
        self._promote(key)
        return self._remote.read(key)

    def keys(self, prefix: str) -> list[str]:
        """See StateStore."""
        return (self._remote if self.exists() else self._local).keys(prefix)

    def write(self, key: str, body: bytes) -> str:
        """Write into the backend, or locally while there is none."""
        if not self.exists():
            return self._local.write(key, body)
        version = self._remote.write(key, body)
        self._local.delete(key)
        return version

    def delete(self, key: str) -> None:
        """Forget the state in both places."""
        if self.exists():
            self._remote.delete(key)
        self._local.delete(key)

    def digest_repair(self, key: str) -> bool:
        """See StateStore."""
        return self.exists() and self._remote.digest_repair(key)

    def lock(self, key: str, info: LockInfo) -> None:
        """Lock in the backend, or locally while there is none."""
        (self._remote if self.exists() else self._local).lock(key, info)

    def unlock(self, key: str, lock_id: str) -> None:
        """Unlock wherever the lock is; a lock that is gone is no error."""
        self._local.unlock(key, lock_id)
        if self._remote.exists():
            self._remote.unlock(key, lock_id)

    def holder(self, key: str) -> LockInfo | None:
        """Who holds the lock."""
        return (self._remote if self.exists() else self._local).holder(key)

    def retreat(self, key: str) -> None:
        """Bring the state out of a backend that is about to be destroyed."""
        if self.exists():
            stored = self.read(key)
            if stored is not None:
                self._local.write(key, stored.body)
        self._retreated = True

    def settle(self, key: str) -> None:
        """After the backend's own apply: use it again if it is there, tidy up if it is gone."""
        self._retreated = False
        if self._remote.exists():
            self._promote(key)
            return
        waiting = self._local.read(key)
        if waiting is not None and not json.loads(waiting.body)["resources"]:
            self._local.delete(key)

    def _promote(self, key: str) -> None:
        waiting = self._local.read(key)
        if waiting is None:
            return
        there = self._remote.read(key)
        if there is None or _follows(there.body, waiting.body):
            self._remote.write(key, waiting.body)
        elif json.loads(there.body) != json.loads(waiting.body):
            raise Refused(
                f"the state of {key} in the backend is not the one that waits in .pytg/state",
                hint="somebody else made this backend too: compare the two states; then move "
                "the waiting file away",
            )
        self._local.delete(key)


def _follows(there: bytes, waiting: bytes) -> bool:
    old, new = json.loads(there), json.loads(waiting)
    return bool(old["lineage"] == new["lineage"] and old["serial"] < new["serial"])
