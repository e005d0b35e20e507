"""States in files below `.pytg/state`, locked as Terraform's local backend locks them.

Terraform locks the state file itself and writes it in place, so the file must stay the same
file: it is never replaced, and an empty one, which means no state, is never removed (a
Terraform that waits for the lock would go on with the removed file). A write goes to
`<file>.new` first, then into the file; a crash leaves one of the two whole.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pytg.errors import PytgError, Refused
from pytg.state import local_file
from pytg.state.file_lock import is_file, is_locked, open_locked
from pytg.state.state_store import (
    STATE_SUFFIX,
    KeptVersion,
    LockInfo,
    StoredState,
    lock_held,
    version_of,
)

_PATIENCE = 10
_PAUSE_S = 0.05


@dataclass
class _Held:
    """A lock of this process: it lasts as long as `descriptor` is open."""

    descriptor: int
    info: LockInfo
    backed_up: bool = False  # whether the state before this lock was copied to `.backup`


class LocalStore:
    """The files below `directory`: a key is a path in it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, _Held] = {}
        self._guard = threading.Lock()

    def exists(self) -> bool:
        """See StateStore. A directory is always there."""
        return True

    def keys(self, prefix: str) -> list[str]:
        """See StateStore."""
        found = (p.relative_to(self._directory) for p in self._directory.rglob(f"*{STATE_SUFFIX}"))
        return sorted(str(path) for path in found if str(path).startswith(prefix))

    def read(self, key: str) -> StoredState | None:
        """See StateStore."""
        body = self.raw(key)
        return StoredState.of(body, str(self._path(key))) if body else None

    def raw(self, key: str) -> bytes | None:
        """See StateStore."""
        with _told(f"read the state {self._path(key)}"):
            try:
                body, locked = self._whole(key)
                for _ in range(_PATIENCE):  # Terraform may be writing: then look again
                    if not locked or local_file.is_whole(body):
                        break
                    time.sleep(_PAUSE_S)
                    body, locked = self._whole(key)
            except FileNotFoundError:
                return None
        return body or None

    def versions(self, key: str) -> list[KeptVersion]:  # noqa: ARG002 - files have none
        """See StateStore."""
        return []

    def read_version(self, key: str, version: KeptVersion) -> bytes:
        """See StateStore."""
        raise Refused(f"there is no version {version.id} of {key}: files have none")

    def write(self, key: str, body: bytes) -> str:
        """See StateStore. Without the lock it takes it for the moment: LockHeld."""
        path = self._path(key)
        with self._locked(key) as held, _told(f"write the state {path}", PytgError):
            if not held.backed_up:
                local_file.back_up(held.descriptor, path)
                held.backed_up = True
            local_file.write(held.descriptor, path, body)
        return version_of(body)

    def delete(self, key: str) -> None:
        """See StateStore. The file stays, empty; see above."""
        path = self._path(key)
        if not path.exists():
            return
        with self._locked(key) as held, _told(f"delete the state {path}", PytgError):
            local_file.clear(held.descriptor, path)

    def digest_repair(self, key: str) -> bool:  # noqa: ARG002 - files have no digest
        """See StateStore."""
        return False

    def lock(self, key: str, info: LockInfo) -> None:
        """See StateStore."""
        path = self._path(key)
        with self._guard:
            own = self._held.get(key)
            if own is not None:
                if own.info.id == info.id:
                    return
                raise lock_held(key, own.info)
            with _told(f"lock the state {path}"):
                descriptor = open_locked(path)
                if descriptor is None:
                    raise lock_held(key, _read_info(path))
                try:
                    _info_file(path).write_text(info.at(str(path)).to_json(), encoding="utf-8")
                    local_file.mend(descriptor, path)
                except BaseException:
                    os.close(descriptor)
                    raise
                self._held[key] = _Held(descriptor, info)

    def unlock(self, key: str, lock_id: str) -> None:
        """See StateStore. The lock of a process that lives cannot be taken from it."""
        path = self._path(key)
        with self._guard:
            own = self._held.get(key)
            if own is not None and own.info.id == lock_id:
                with _told(f"unlock the state {path}"):
                    _info_file(path).unlink(missing_ok=True)
                    del self._held[key]
                    os.close(own.descriptor)
                return
        other = self.holder(key)
        if other is None:
            self._forget(path, lock_id)
            return
        raise Refused(
            f"the lock of {path} is held by a process that still runs: {other}",
            hint="wait for that process, or end it: its lock goes with it",
        )

    def holder(self, key: str) -> LockInfo | None:
        """See StateStore. Only a process that lives holds a lock."""
        own = self._held.get(key)
        if own is not None:
            return own.info
        path = self._path(key)
        with _told(f"read the lock of {path}"):
            try:
                with path.open("rb+") as file:
                    locked = is_locked(file.fileno())
            except FileNotFoundError:
                return None
            return _read_info(path) if locked else None

    def _path(self, key: str) -> Path:
        return self._directory / key

    def _whole(self, key: str) -> tuple[bytes, bool]:
        """The newest whole state, and whether another process holds the lock."""
        path = self._path(key)
        own = self._held.get(key)
        if own is not None and is_file(own.descriptor, path):
            return local_file.read_whole(own.descriptor, path), False
        with path.open("rb+") as file:
            return local_file.read_whole(file.fileno(), path), is_locked(file.fileno())

    @contextmanager
    def _locked(self, key: str) -> Iterator[_Held]:
        """The lock that is held, or one for the moment.

        Where somebody removed the file under the lock, it is made and locked anew.
        """
        own, path = self._held.get(key), self._path(key)
        if own is not None:
            with _told(f"write the state {path}", PytgError):
                if not is_file(own.descriptor, path):
                    descriptor = open_locked(path)
                    if descriptor is None:
                        raise lock_held(key, _read_info(path))
                    os.close(own.descriptor)
                    own.descriptor = descriptor
                    _info_file(path).write_text(own.info.at(str(path)).to_json(), encoding="utf-8")
            yield own
            return
        info = LockInfo.new("pytg write")
        self.lock(key, info)
        try:
            yield self._held[key]
        finally:
            self.unlock(key, info.id)

    def _forget(self, path: Path, lock_id: str) -> None:
        """Remove what a dead process left beside the state about its lock."""
        with suppress(OSError):
            if _read_info(path).id == lock_id:
                _info_file(path).unlink()


def _info_file(path: Path) -> Path:
    """Where Terraform's local backend says who holds the lock."""
    return path.with_name(f".{path.name}.lock.info")


def _read_info(path: Path) -> LockInfo:
    try:
        return LockInfo.parse(_info_file(path).read_bytes())
    except FileNotFoundError:
        return LockInfo.parse("")


@contextmanager
def _told(doing: str, raises: type[PytgError] = Refused) -> Iterator[None]:
    """Raise `raises` for every failure of the file system in the block."""
    try:
        yield
    except OSError as error:
        hint = {
            errno.ENOSPC: "make room on that disk and run pytg again",
            errno.EDQUOT: "make room in that quota and run pytg again",
            errno.EACCES: "make the file and its directory readable and writable for this user",
            errno.EPERM: "make the file and its directory readable and writable for this user",
            errno.EROFS: "the states must lie on a disk that can be written",
        }.get(error.errno or 0, "check the disk")
        raise raises(f"cannot {doing}: {error.strerror}", hint=hint) from error
