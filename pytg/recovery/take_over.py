"""Unfinished applies of machines that are gone: what is proved, and what a person says."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from pytg.errors import Refused
from pytg.model import Estate
from pytg.recovery.composed import recover_composed
from pytg.recovery.composed_directory import journals
from pytg.recovery.journal import TAKE_OVER, Journal
from pytg.recovery.recovery import Recovery
from pytg.state.lease import EXPIRES_S
from pytg.state.s3_store import S3Store
from pytg.state.state_reader import StateReader
from pytg.state.state_store import StateStore


def lease_age(store: StateStore, lock_id: str) -> float | None:
    """Seconds since the run that holds the lock last said that it lives; None: it never did."""
    return store.leases.age_s(lock_id) if isinstance(store, S3Store) else None


def take_over(
    estate: Estate, host: str, states: StateReader, say: Callable[[str], None]
) -> list[Recovery]:
    """Recover what runs that were started on `host`, which is gone, left in this project.

    Raises Refused where there is none, and where the lease of one of them is still renewed.
    """

    def concerns(journal: Journal) -> bool:
        return host in {p.host for p in (journal.pytg, journal.terraform) if p is not None}

    found = [journal for _, journal in journals(estate.root) if concerns(journal)]
    if not found:
        raise Refused(
            f"no unfinished apply of the host {host} is in {estate.root}",
            hint="the name is the one in pytg's refusal; for locks alone: `pytg unlock`",
        )
    for journal in found:
        _refuse_living(journal, host, states)
    before = os.environ.get(TAKE_OVER)
    os.environ[TAKE_OVER] = host
    try:
        return recover_composed(estate.root, states, say, threading.Event(), concerns=concerns)
    finally:
        del os.environ[TAKE_OVER]
        if before is not None:
            os.environ[TAKE_OVER] = before


def _refuse_living(journal: Journal, host: str, states: StateReader) -> None:
    for unit in journal.locked:
        age = lease_age(states.store(unit), journal.lock_id)
        if age is not None and age < EXPIRES_S:
            raise Refused(
                f"run {journal.run_id} on the host {host} said {age:.0f} s ago that it lives",
                hint=f"wait for its end; if it is dead, {EXPIRES_S:.0f} s of silence prove it",
            )
