"""The directories that composed applies run in: whose, and what is in them.

They lie as deep as the roots of units, so that a module has the same path, `path.module`, in both.
They stand in this room for what a dead run leaves there; `pytg.run.root` fills them.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pytg.files import DRAFTS, write_atomic
from pytg.generate.composed import SECRETS
from pytg.recovery.journal import (
    COPY,
    ERRORED_STATE,
    HOLD,
    JOURNAL,
    SNAPSHOT,
    STATE,
    STREAM,
    Journal,
    pending,
)
from pytg.recovery.reserve import RESERVE
from pytg.recovery.written import NOTES
from pytg.terraform.workdir import LOCK_WAIT_S, locked, locked_if_free

COMPOSED = Path(".pytg", "composed", "roots", "of", "stages")
_ONCE = Path(".pytg", "composed")  # of pytg 0.1, whose killed runs may have left a journal there
LOCK = "stage.lock"
PLANS = "pytg-*.tfplan"
DOCUMENTS = "pytg-*.json"  # the same plans, for programs that look at them
_OF_PLANS = (PLANS, DOCUMENTS, DRAFTS, SECRETS)
LEFTOVERS = (HOLD, SNAPSHOT, ERRORED_STATE, STATE, f"{STATE}.backup", STREAM, NOTES, RESERVE)


@contextlib.contextmanager
def reserved(
    workdir: Path,
    cancel: threading.Event,
    say: Callable[[str], None],
    *,
    run_id: str = "",
    timeout_s: float = LOCK_WAIT_S,
) -> Iterator[None]:
    """Keep other pytg processes on this machine out of `workdir`; waits for them, and says so.

    Whoever waits is told of `run_id`. Raises Refused after `timeout_s`.
    """
    workdir.mkdir(mode=0o700, parents=True, exist_ok=True)  # a plan holds secrets in clear
    lock = workdir / LOCK

    def wait() -> None:
        say(f"waiting: another pytg works on the same units in {workdir}{_holder(lock)}")

    with locked(lock, cancel, timeout_s=timeout_s, holder=lambda: _holder(lock), on_wait=wait):
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        lock.write_text(json.dumps({"pid": os.getpid(), "run": run_id, "since": now}))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # the directory may be gone
                lock.write_text("")


def holder_of(workdir: Path) -> str | None:
    """Who works in `workdir`, as far as that is known; None where nobody does."""
    lock = workdir / LOCK
    if not lock.exists():
        return None
    with locked_if_free(lock) as free:
        return None if free else _holder(lock)


def _holder(lock: Path) -> str:
    """Who holds `lock`, such as ` (process 7, run X, since T)`; empty where it is not known."""
    try:
        known = json.loads(lock.read_text(encoding="utf-8"))
        run = f"run {known['run']}, " if known["run"] else ""
        return f" (process {known['pid']}, {run}since {known['since']})"
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def journals(root: Path) -> Iterator[tuple[Path, Journal]]:
    """Every journal and the directory that it lies in. Raises Refused for one that is damaged."""
    for workdir in sorted({file.parent for name in (JOURNAL, COPY) for file in _all(root, name)}):
        with contextlib.suppress(FileNotFoundError):  # its run has just ended
            yield workdir, Journal.read(workdir)


def clear(workdir: Path, *, journal: bool = True) -> list[Path]:
    """Remove what must not outlive its use: plans and states hold secrets in clear.

    The `journal` goes too, unless somebody has to leave locks by it. Returns what cannot be
    removed. Raises OSError where that is the journal.
    """
    if journal:
        (workdir / COPY).unlink(missing_ok=True)
        (workdir / JOURNAL).unlink(missing_ok=True)
    left: list[Path] = []
    for name in LEFTOVERS:
        try:
            (workdir / name).unlink(missing_ok=True)
        except OSError:
            left.append(workdir / name)
    remove_plans(workdir)
    return left


def keep_log(workdir: Path, log: Path) -> None:
    """Copy what Terraform told to where logs of the run are kept, if that can be done."""
    with contextlib.suppress(OSError):
        write_atomic(log, (workdir / STREAM).read_bytes(), durable=False)


def remove_plans(workdir: Path) -> None:
    """Remove the plan files of all runs, what was to become one, and the secrets for one."""
    for name in _OF_PLANS:
        for path in workdir.glob(name):
            path.unlink(missing_ok=True)


def remove_dead_plans(root: Path) -> None:
    """The same in every directory that nobody works in: a run that was killed has left them."""
    for workdir in sorted({path.parent for name in _OF_PLANS for path in _all(root, name)}):
        with locked_if_free(workdir / LOCK) as free:
            if free and not pending(workdir):
                remove_plans(workdir)


def _all(root: Path, name: str) -> Iterator[Path]:
    for place in (_ONCE, COMPOSED):
        yield from (root / place).glob(f"*/{name}")
