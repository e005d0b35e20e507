"""A pytg that runs beside this process, and that things befall.

It is forked from a process that has loaded pytg already: what is in a round is not the loading,
which costs five times as much as all else that pytg does there.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

from pytg.cli._boundary import boundary
from pytg.cli.main import group
from support.project import Done


@cache
def _context() -> ForkServerContext:
    """The process that victims are forked from: it looks for modules where this one does.

    Without that it loads nothing, and says nothing either: each victim would load pytg anew.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faults.warm"])
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))):
        forkserver.ensure_running()
    return context


@dataclass(frozen=True)
class Victim:
    """What it prints goes to `out` and `err`."""

    arguments: tuple[str, ...]
    process: ForkServerProcess
    out: Path
    err: Path

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    @property
    def runs(self) -> bool:
        return self.process.exitcode is None

    def end(self, patience_s: float) -> Done | None:
        """Wait for its end; None where there is none in time. A negative code is a signal's."""
        self.process.join(patience_s)
        code = self.process.exitcode
        if code is None:
            return None
        return Done(code, *(path.read_text(errors="replace") for path in (self.out, self.err)))


def start(
    root: Path, arguments: tuple[str, ...], environ: Mapping[str, str], prints: Path
) -> Victim:
    """Start `pytg ARGUMENTS` for the project at `root`, in a session of its own.

    `prints` is where its two files of output begin.
    """
    out, err = prints.with_suffix(".out"), prints.with_suffix(".err")
    out.touch()
    err.touch()
    command = ("pytg", "-C", str(root), *arguments)
    process = _context().Process(target=_pytg, args=(command, dict(environ), out, err))
    process.start()
    return Victim(arguments, process, out, err)


def _pytg(command: tuple[str, ...], environ: Mapping[str, str], out: Path, err: Path) -> NoReturn:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stderr = open(2, "w", closefd=False, buffering=1)  # noqa: SIM115 - likewise
    if "faults.warm" not in sys.modules:
        raise RuntimeError("pytg was not loaded ahead: each round costs three times as much")
    sys.argv = list(command)
    os.environ.update(environ)
    code = boundary(group)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
