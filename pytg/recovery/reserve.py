"""A little room on the disk, kept for the moment when there is none left."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Self

RESERVE = "reserve"
SIZE = 1 << 20  # bytes: a journal, a record, what Terraform tells until it stops
_POLL_S = 0.1


class Reserve:
    """Room in `workdir` that is freed as soon as its disk is full.

    Used as a context manager it looks at the disk ten times a second until it is left. That the
    file is gone while an apply goes on says that something may not have been written.
    """

    def __init__(self, workdir: Path) -> None:
        self._file = workdir / RESERVE
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reserve", daemon=True)

    def hold(self) -> None:
        """Take the room, as far as there is any."""
        with contextlib.suppress(OSError), self._file.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, SIZE)

    def free(self) -> bool:
        """Give the room back; whether there was any."""
        try:
            self._file.unlink()
        except OSError:
            return False
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_POLL_S):
            with contextlib.suppress(OSError):
                there = os.statvfs(self._file.parent)
                if there.f_bavail * there.f_frsize < SIZE:
                    self.free()
