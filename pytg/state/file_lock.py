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


def _request(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
