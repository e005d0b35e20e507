"""Telling a story that stops at the first thing not true."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 60.0


class NotTrueError(Exception):
    """Something that was said is not so."""


class Narrator:
    """Prints steps with the seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def say(self, text: str) -> None:
        """The next step."""
        print(f"\n== {time.monotonic() - self._begun:5.0f}s  {text}", flush=True)


def check(truth: object, text: str) -> None:
    """Show what was seen. Raises NotTrueError."""
    if not truth:
        raise NotTrueError(text)
    print(f"   ok: {text}", flush=True)


def eventually(
    text: str,
    truth: Callable[[], object],
    patience_s: float = PATIENCE_S,
    interval_s: float = 0.3,
    *,
    seen: Callable[[], object] | None = None,
) -> None:
    """Wait for what takes a moment, such as replication.

    Raises NotTrueError, with what is `seen` instead.
    """
    deadline = time.monotonic() + patience_s
    while not truth():
        if time.monotonic() > deadline:
            instead = f": {seen()}" if seen else ""
            raise NotTrueError(f"{text} (not within {patience_s:.0f} s){instead}")
        time.sleep(interval_s)
    check(truth=True, text=text)
