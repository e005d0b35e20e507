"""Keeps secrets out of Terraform's logs, also of those that a dead run left.

Terraform hides what it knows to be sensitive, but not in the words of a provider or of a
provisioner's program.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from pytg import exact_json
from pytg.compose.state_document import State
from pytg.errors import PytgError
from pytg.files import write_atomic
from pytg.recovery.journal import newest_state
from pytg.state.state_reader import StateLocation, StateReader
from pytg.terraform.secrets import Hide, secrets_of

PROVISIONER = "provision_progress"  # the event with a line of what its program says
_WORDS = (b'"diagnostic"', f'"{PROVISIONER}"'.encode())


def hide_near(
    states: StateReader,
    units: Iterable[StateLocation],
    workdirs: Iterable[Path],
    more: Iterable[str] = (),
) -> Hide:
    """What the states of `units`, and the newest in `workdirs`, mark as sensitive, and `more`.

    Those that can be read now: what is said must not wait for the others.
    """
    bodies = filter(None, map(newest_state, workdirs))
    found: list[State] = [exact_json.loads(body) for body in bodies]
    for unit in units:
        with contextlib.suppress(PytgError):
            held = states.read([unit])[unit.address].state
            found += [held] if held else []
    return Hide((*more, *(secret for state in found for secret in secrets_of(state))))


def has_words(log: Path) -> bool:
    """Whether a log holds words that are not Terraform's own."""
    try:
        body = log.read_bytes()
    except OSError:
        return False
    return any(word in body for word in _WORDS)


def hide_in_log(log: Path, hide: Hide) -> None:
    """Take secrets out of a log; with no room for that, the log goes."""
    try:
        before = log.read_bytes()
    except FileNotFoundError:
        return
    after = hide.in_json(before)
    if after == before:
        return
    try:
        write_atomic(log, after)
    except OSError:
        log.unlink(missing_ok=True)
