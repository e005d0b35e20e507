"""A state file that is written in place, and is whole again after any crash."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pytg import exact_json
from pytg.files import sync_directory, write_new


def read_whole(descriptor: int, path: Path) -> bytes:
    """The state in the open file; where writing it was cut off, what was being written."""
    body = _content(descriptor)
    if is_whole(body):
        return body
    with suppress(FileNotFoundError):
        waiting = _new(path).read_bytes()
        if waiting.startswith(body) and is_whole(waiting):
            return waiting
    return body


def write(descriptor: int, path: Path, body: bytes) -> None:
    """Write `body` to `<file>.new`, then into the open file. Whatever fails, one is whole."""
    temporary = path.with_name(f"{path.name}.part")
    write_new(temporary, body)
    if not is_whole(_content(descriptor)):
        os.ftruncate(descriptor, 0)  # a beginning of any state, so of the next `.new` too
    temporary.replace(_new(path))
    sync_directory(path.parent)
    _overwrite(descriptor, body)
    _new(path).unlink()


def mend(descriptor: int, path: Path) -> None:
    """Finish a write that was cut off; drop one that had not begun."""
    if not _new(path).exists():
        return
    body = _content(descriptor)
    whole = read_whole(descriptor, path)
    if whole != body:
        _overwrite(descriptor, whole)
    elif body and not is_whole(body):
        return  # neither is whole: a person has to look
    _new(path).unlink()


def clear(descriptor: int, path: Path) -> None:
    """Leave an empty file, and nothing of the state beside it."""
    _new(path).unlink(missing_ok=True)
    _overwrite(descriptor, b"")
    _backup(path).unlink(missing_ok=True)


def back_up(descriptor: int, path: Path) -> None:
    """Copy the state to `<file>.backup`, as Terraform does before its first write."""
    body = _content(descriptor)
    if is_whole(body):
        write_new(_backup(path), body)


def is_whole(body: bytes) -> bool:
    """Whether it is a JSON document to its end."""
    try:
        exact_json.loads(body)
    except ValueError:
        return False
    return True


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _backup(path: Path) -> Path:
    return path.with_name(f"{path.name}.backup")


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _overwrite(descriptor: int, body: bytes) -> None:
    """Cut the file off, then write: what a crash leaves is a beginning of `body`."""
    os.ftruncate(descriptor, 0)
    written = 0
    while written < len(body):
        written += os.pwrite(descriptor, body[written:], written)
    os.fsync(descriptor)
