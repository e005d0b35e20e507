"""POSIX locks on a whole file: what keeps Terraform's local backend and pytg apart.

On Linux the lock belongs to the open file, so that closing another descriptor of the same file
in this process does not lose it, and two holders in one process exclude each other. It excludes
the process-wide kind that Terraform takes. Elsewhere it is the process-wide kind.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from pathlib import Path

_OWN = sys.platform == "linux" and sys.maxsize > 2**32
_FLOCK = "hhqqi0q"  # struct flock on 64-bit Linux: type, whence, start, length, pid


def try_lock(descriptor: int) -> bool:
    """Lock the file, which is open for writing; False when somebody else holds it."""
    try:
        if _OWN:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _request(fcntl.F_WRLCK))
        else:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def is_locked(descriptor: int) -> bool:
    """Whether somebody else holds the lock of the file, which is open for writing."""
    if _OWN:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _request(fcntl.F_WRLCK))
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
    if not try_lock(descriptor):
        return True
    fcntl.lockf(descriptor, fcntl.LOCK_UN)
    return False


def open_locked(path: Path) -> int | None:
    """A descriptor of the locked file, made where it is missing; None when it is held."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not try_lock(descriptor):
            os.close(descriptor)
            return None
        if is_file(descriptor, path):
            return descriptor
        os.close(descriptor)  # Terraform removed the empty file that it had made: take the new one


def is_file(descriptor: int, path: Path) -> bool:
    """Whether `path` still names the file that is open."""
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _request(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
