"""Where states live: one interface for S3 and for local files."""

from __future__ import annotations

from typing import Protocol

from pytg.aws.data import LockInfo, StoredState


class StateStore(Protocol):
    """States by key. Every failure is a PytgError that says where and what to do.

    Before anything is changed that is Refused; a write or a delete that fails is a PytgError.
    Safe to use from many threads, each on its own key.
    """

    def exists(self) -> bool:
        """Whether the backend itself is there: bucket and lock table."""

    def read(self, key: str) -> StoredState | None:
        """The state; None where there is none, or no backend. PytgError when it is damaged."""

    def keys(self, prefix: str) -> list[str]:
        """The keys of the states that begin with `prefix`, sorted."""

    def write(self, key: str, body: bytes) -> str:
        """Write the state whole, with its digest; returns its version."""

    def delete(self, key: str) -> None:
        """Forget the state and its digest; nothing happens where there is none."""

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


__all__ = ["LockInfo", "StateStore", "StoredState"]
