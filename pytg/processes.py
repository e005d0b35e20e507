"""Processes that a later one can recognise: a number alone may be used again."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

# Far more than two readings of one start differ, and far less than it takes until a number is used
# again: systems hand all the others out first.
TOLERANCE_S = 5.0
OPEN_FILES = 1 << 14
_POLL_S = 0.1


def signal_name(number: int) -> str:
    """Such as SIGKILL for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process on a host.

    `started` is when it did, and `booted` when its host did, both in seconds since the epoch by
    the clock of the moment at which this was noted. None where that is not known; a process
    that was gone by then has started at 0, which fits none.
    """

    pid: int
    started: float | None
    host: str
    booted: float | None = None

    @classmethod
    def of(cls, pid: int) -> Self:
        """The identity of a process of this host."""
        started: float | None = None
        try:
            started = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            started = 0.0
        except psutil.AccessDenied:
            pass
        return cls(pid, started, socket.gethostname(), psutil.boot_time())

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `dataclasses.asdict`. Raises KeyError, TypeError or ValueError.

        A start time in another form, as of a pytg before 0.2, is not known.
        """
        pid, host = data["pid"], data["host"]
        if not isinstance(pid, int) or pid < 0 or not isinstance(host, str):
            raise ValueError(f"no process: {data}")
        return cls(pid, _seconds(data["started"]), host, _seconds(data.get("booted")))

    @property
    def here(self) -> bool:
        """Whether it was started on this host: of others nobody can say whether they live."""
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Whether it still runs on this host, and is not another one with its number.

        Where the system does not say since when a process with that number runs, it is the one.
        So it is where that was not known when it was noted. A zombie has ended.
        """
        try:
            process = psutil.Process(self.pid)
            return self._started_at(process.create_time()) and (
                process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def _started_at(self, now: float) -> bool:
        """Whether `now`, what the system says today of its start, means the start that was noted.

        Linux counts a start from the boot, and psutil adds the time of the boot, which moves when
        the clock is set (psutil's documentation of `create_time`, and its issue 711): there the
        distance from the boot stays. Elsewhere the start stays, and the boot moves.
        """
        if self.started is None:
            return True
        distances = [now - self.started]
        if self.booted is not None:
            distances.append(now - psutil.boot_time() - (self.started - self.booted))
        return any(abs(distance) < TOLERANCE_S for distance in distances)


def converse(
    argv: Sequence[str],
    given: str,
    cwd: Path,
    environ: Mapping[str, str],
    cancel: threading.Event,
) -> tuple[int, str] | None:
    """Run a program to its end with `given` on standard input: its exit code, and all it said.

    None where `cancel` is set meanwhile: it and what it started are killed then. Raises OSError
    where it cannot be started.
    """
    child = subprocess.Popen(
        argv,
        cwd=cwd,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    first: bytes | None = given.encode()
    while True:
        try:
            said, _ = child.communicate(first, timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            first = None  # it is on its way
            if cancel.is_set():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.communicate()
                return None
        else:
            return child.returncode, said.decode(errors="replace")


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def allow_open_files() -> None:
    """Let this process open many files: a run holds a lock for each root that it has planned."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # then what there is has to do
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
