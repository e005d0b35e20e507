"""Processes that a later one can recognise: a number alone may be used again."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import psutil

# psutil works a start time out from the time of the boot, which moves when the clock is set
CLOCK_MOVED_S = 5.0


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process on a host. `started` is seconds since the epoch; 0 where that cannot be known."""

    pid: int
    started: float
    host: str

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """The identity of a process of this host; one that is gone has never started."""
        return cls(pid, _started(pid) or 0.0, socket.gethostname())

    @property
    def here(self) -> bool:
        """Whether it was started on this host: of others nobody can say whether they live."""
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Whether it still runs on this host, and is not another one with its number."""
        now = _started(self.pid)
        return now is not None and abs(now - self.started) < CLOCK_MOVED_S


def _started(pid: int) -> float | None:
    """When the process with that number started; None where there is none, or it has ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.create_time()
    except psutil.Error:
        return None
