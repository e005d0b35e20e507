"""Programs run by tests to their end, and waiting for what others do."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

PATIENCE_SECONDS = 120.0
T = TypeVar("T")


def run(
    command: Sequence[str | Path],
    cwd: Path,
    environ: Mapping[str, str],
    *,
    stdin: str = "",
    merged: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `command` with exactly `environ`; `merged` puts standard error into standard output."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environ,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        check=False,
    )


def in_a_child(act: Callable[..., object], *given: object) -> None:
    """Do `act` in a process that is gone then: a copy of this one, for a new one takes a second."""
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            act(*given)
            failed = 0
        finally:
            os._exit(failed)
    assert os.waitpid(child, 0)[1] == 0


def eventually(check: Callable[[], T]) -> T:
    """The first true answer of `check`; fails when there is none for two minutes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := check()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return answer
