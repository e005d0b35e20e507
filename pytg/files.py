"""Writing files so that a reader sees the old or the new one, never a part of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

DRAFTS = ".*.tmp"  # what a process that was killed may have left of `write_atomic`


def private_directory(path: Path) -> None:
    """Make the directory where it is missing, and close it to all but its owner.

    For `.pytg` of a project: states and plans hold secrets in clear. Raises OSError.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def close_to_others(directory: Path, *files: Path) -> None:
    """Take away from all but their owner what they may do with these, where they are there.

    That is the directory, its own files and directories (not what is in those), and `files`
    with the directories that they lie in. What belongs to somebody else stays as it is.
    """
    with contextlib.suppress(OSError):
        files = (*files, *directory.iterdir())
    for path in {directory, *files, *(file.parent for file in files)}:
        with contextlib.suppress(OSError):
            mode = path.lstat().st_mode
            if mode & 0o077 and not stat.S_ISLNK(mode):
                path.chmod(mode & 0o700)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Replace `path` by `data` in one step; what fails leaves the old file and no other.

    `mode` is that of the new file, within the process's umask. `durable`: it is on disk, under
    its name, before this returns. The directory must be there. Raises OSError, naming `path`.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")  # of DRAFTS
    try:
        write_new(draft, data, mode=mode, durable=durable)
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:  # a full disk does not say of which file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    if durable:
        sync_directory(path.parent)


def write_if_changed(path: Path, text: str) -> bool:
    """Write `text` atomically unless the file holds it already; whether it was written.

    For what can be made again: the file is readable to all, and on disk when the system likes.
    """
    data = text.encode()
    try:
        if path.read_bytes() == data:
            return False
    except OSError:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, data, mode=0o644, durable=False)
    return True


def write_new(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Write a file that nobody reads yet; what fails leaves none."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags, mode), "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync_directory(directory: Path) -> None:
    """Bring the names in `directory` to disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
