"""A state store for a backend that may not be there yet, or no longer.

The module that makes the state backend has a state of its own. Until the bucket and the table
exist it is kept in the project, below `.pytg/state`, and moves into the backend when that
answers; before the backend is destroyed it comes back. Every step may be repeated.

Where a run writes is settled when it takes the lock and stays so until it leaves it; only under
the lock does a state move. The lock is taken in the project, which keeps out others on this
machine, and in the backend as soon as that is there.
"""

from __future__ import annotations

import contextlib
from typing import Protocol

from pytg import exact_json
from pytg.errors import LockHeld, PytgError, Refused
from pytg.state.state_store import KeptVersion, LockInfo, StateStore, StoredState


class LocalStates(StateStore, Protocol):
    """A store in the project, where a state is forgotten once it has moved."""

    def delete(self, key: str) -> None:
        """Forget the state; nothing happens where there is none."""


class BootstrapStore:
    """`remote` where it exists, else `local`. For the state of one unit."""

    def __init__(self, remote: StateStore, local: LocalStates) -> None:
        self._remote = remote
        self._local = local
        self._place: StateStore | None = None  # where the holder of the lock writes
        self._info: LockInfo | None = None
        self._claimed = False  # whether the lock is, or may be, held in the backend too

    def exists(self) -> bool:
        """Whether the backend itself is there and in use."""
        return self._place is not self._local and self._remote.exists()

    def read(self, key: str) -> StoredState | None:
        """The newest state, wherever it lies. Refused where there are two that differ."""
        if self._place is not None:
            return self._place.read(key)
        return _newest(key, self._remote.read(key), self._local.read(key))

    def raw(self, key: str) -> bytes | None:
        """See StateStore."""
        if self._place is not None:
            return self._place.raw(key)
        return self._remote.raw(key) or self._local.raw(key)

    def keys(self, prefix: str) -> list[str]:
        """See StateStore."""
        return (self._remote if self.exists() else self._local).keys(prefix)

    def versions(self, key: str) -> list[KeptVersion]:
        """See StateStore. The project keeps none."""
        return self._remote.versions(key) if self.exists() else []

    def read_version(self, key: str, version: KeptVersion) -> bytes:
        """See StateStore."""
        return self._remote.read_version(key, version)

    def write(self, key: str, body: bytes) -> str:
        """See StateStore. Only under the lock."""
        if self._place is None:
            raise RuntimeError(f"{key} is written without its lock")
        version = self._place.write(key, body)
        if self._place is self._local and not self._claimed:
            with contextlib.suppress(PytgError):  # `settle` tries again, and says why not
                if self._remote.exists():
                    self._claim(key)
        return version

    def digest_repair(self, key: str) -> bool:
        """See StateStore."""
        return self._place is self._remote and self._remote.digest_repair(key)

    def lock(self, key: str, info: LockInfo) -> None:
        """Lock in both places, or locally while there is no backend; that is where writes go."""
        self._local.lock(key, info)
        try:
            self._info = info
            if self._remote.exists():
                self._claim(key)
                self._promote(key)
                self._place = self._remote
            else:
                self._place = self._local
        except BaseException:
            with contextlib.suppress(PytgError):
                self.unlock(key, info.id)
            raise

    def unlock(self, key: str, lock_id: str) -> None:
        """Unlock in both places; a lock that is gone is no error."""
        only_here = self._info is not None and self._info.id == lock_id and not self._claimed
        self._local.unlock(key, lock_id)
        if not only_here:
            self._remote.unlock(key, lock_id)
        if self._info is not None and self._info.id == lock_id:
            self._place, self._info, self._claimed = None, None, False

    def holder(self, key: str) -> LockInfo | None:
        """Who holds the lock."""
        return self._local.holder(key) or self._remote.holder(key)

    def retreat(self, key: str) -> None:
        """Bring the state out of a backend that is about to be destroyed; under the lock."""
        if self._place is self._remote:
            stored = self._remote.read(key)
            if stored is not None:
                self._local.write(key, stored.body)
            self._place = self._local

    def settle(self, key: str) -> None:
        """After the backend's own apply: move into it if it is there, tidy up if it is gone.

        Under the lock, which is then taken in the backend too: LockHeld where somebody else
        has it, and the state stays where it is.
        """
        if self._remote.exists():
            self._claim(key)
            self._promote(key)
            self._place = self._remote
            return
        waiting = self._local.read(key)
        if waiting is not None and not exact_json.loads(waiting.body)["resources"]:
            self._local.delete(key)

    def _claim(self, key: str) -> None:
        if self._claimed:
            return
        if self._info is None:
            raise RuntimeError(f"{key} is settled without its lock")
        self._claimed = True  # also when it fails: the answer may be what was lost
        try:
            self._remote.lock(key, self._info)
        except LockHeld:
            self._claimed = False
            raise

    def _promote(self, key: str) -> None:
        waiting = self._local.read(key)
        if waiting is None:
            return
        if _newest(key, self._remote.read(key), waiting) is waiting:
            self._remote.write(key, waiting.body)
        self._local.delete(key)


def _newest(key: str, there: StoredState | None, waiting: StoredState | None) -> StoredState | None:
    """The state in the backend or the one that waits, whichever is newer."""
    if there is None or waiting is None:
        return there or waiting
    remote, local = exact_json.loads(there.body), exact_json.loads(waiting.body)
    if remote["lineage"] == local["lineage"] and remote["serial"] != local["serial"]:
        return there if remote["serial"] > local["serial"] else waiting
    if remote == local or not local["resources"]:
        return there
    raise Refused(
        f"the state of {key} in the backend is not the one that waits in .pytg/state",
        hint="somebody else made this backend too: compare the two states; then move "
        "the waiting file away",
    )
