"""States in local files, with the lock that Terraform's local backend takes.

That lock is a POSIX lock on the state file itself (Terraform 1.11, statemgr.Filesystem), which
the system drops as soon as the process closes any descriptor of the file. So while a state is
locked, everything goes through the descriptor that holds the lock, and the file is written in
place; a whole copy beside it makes that safe.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytg.aws.store import LockInfo, StoredState, not_yours
from pytg.errors import PytgError


@dataclass(frozen=True, slots=True)
class _Held:
    descriptor: int
    info: LockInfo


class LocalStore:
    """The states below `directory`. Safe to use from threads of one process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, _Held] = {}
        self._mutex = threading.RLock()

    def exists(self) -> bool:
        """Always: directories are made as needed."""
        return True

    def read(self, key: str) -> StoredState | None:
        """See StateStore. Where the last write was cut short, its whole copy is read."""
        with self._explained(key), self._mutex:
            body = self._bytes(key)
            copy = self._copy(key)
            if copy.exists() and not _whole(body):
                body = copy.read_bytes()
            if not body:
                return None
            return StoredState(body, hashlib.sha256(body).hexdigest())

    def write(self, key: str, body: bytes) -> str:
        """See StateStore."""
        with self._explained(key), self._mutex, self._open(key) as descriptor:
            copy = self._copy(key)
            _write_whole(copy, body)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, body, 0)
            os.fsync(descriptor)
            copy.unlink()
            return hashlib.sha256(body).hexdigest()

    def delete(self, key: str) -> None:
        """See StateStore."""
        with self._explained(key), self._mutex:
            for path in (self._path(key), self._copy(key)):
                path.unlink(missing_ok=True)

    def digest_repair(self, key: str) -> bool:
        """Nothing to mend: `read` does it."""
        del key
        return False

    def lock(self, key: str, info: LockInfo) -> None:
        """See StateStore."""
        with self._explained(key), self._mutex:
            if key in self._held:
                raise self._held[key].info.held(key)
            path = self._path(key)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                raise self._said(key).held(key) from error
            self._info(key).write_text(info.document(str(path)), encoding="utf-8")
            self._held[key] = _Held(descriptor, info)

    def unlock(self, key: str, lock_id: str) -> None:
        """See StateStore. A lock dies with its process: there is never a stale one."""
        with self._explained(key), self._mutex:
            held = self._held.get(key)
            if held is None:
                return
            if held.info.id != lock_id:
                raise not_yours(key, held.info)
            self._info(key).unlink(missing_ok=True)
            del self._held[key]
            os.close(held.descriptor)

    def holder(self, key: str) -> LockInfo | None:
        """See StateStore."""
        with self._explained(key), self._mutex:
            if key in self._held:
                return self._held[key].info
            try:
                descriptor = os.open(self._path(key), os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return self._said(key)
            finally:
                os.close(descriptor)
            return None

    def _bytes(self, key: str) -> bytes:
        try:
            with self._open(key, os.O_RDONLY) as descriptor:
                return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        except FileNotFoundError:
            return b""

    @contextlib.contextmanager
    def _open(self, key: str, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
        """The descriptor that holds the lock, or one for the moment."""
        if key in self._held:
            yield self._held[key].descriptor
            return
        path = self._path(key)
        if flags & os.O_CREAT:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _said(self, key: str) -> LockInfo:
        """What the holder wrote about itself."""
        try:
            return LockInfo.parse(self._info(key).read_bytes())
        except OSError:
            return LockInfo.parse("{}")

    def _path(self, key: str) -> Path:
        return self._directory / key

    def _copy(self, key: str) -> Path:
        return self._path(key).with_name(f"{self._path(key).name}.new")

    def _info(self, key: str) -> Path:
        return self._path(key).with_name(f".{self._path(key).name}.lock.info")

    @contextlib.contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PytgError(
                f"the state {self._path(key)}: {error.strerror or error}",
                hint="is there room on the disk, and may you write there?",
            ) from error


def _whole(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _write_whole(path: Path, body: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
