"""The directories that composed applies run in, `.pytg/composed/<key>`: whose, and what is in them.

They lie in this room for what a dead run leaves there; `pytg.run.root` fills them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from pytg.recovery.journal import HOLD, JOURNAL, SNAPSHOT, STATE, Journal
from pytg.terraform.workdir import is_locked, locked

COMPOSED = Path(".pytg", "composed")
PLANS = "pytg-*.tfplan"
LEFTOVERS = (JOURNAL, HOLD, SNAPSHOT, STATE, f"{STATE}.backup")


@contextlib.contextmanager
def reserved(workdir: Path, cancel: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
    """Keep other pytg processes on this machine out of `workdir`; waits for them, and says so."""
    workdir.mkdir(mode=0o700, parents=True, exist_ok=True)  # a plan holds secrets in clear
    lock = workdir / "stage.lock"
    if is_locked(lock):
        say(f"waiting: another pytg works on the same units in {workdir}")
    with locked(lock, cancel):
        yield


def journals(root: Path) -> Iterator[tuple[Path, Journal]]:
    """Every journal and the directory that it lies in. Raises Refused for one that is damaged."""
    for file in sorted((root / COMPOSED).glob(f"*/{JOURNAL}")):
        with contextlib.suppress(FileNotFoundError):  # its run has just ended
            yield file.parent, Journal.read(file.parent)


def clear(workdir: Path) -> None:
    """Remove what must not outlive its use: plans and states hold secrets in clear."""
    for name in LEFTOVERS:
        (workdir / name).unlink(missing_ok=True)
    remove_plans(workdir)


def remove_plans(workdir: Path) -> None:
    """Remove the plan files of all runs."""
    for plan in workdir.glob(PLANS):
        plan.unlink(missing_ok=True)
