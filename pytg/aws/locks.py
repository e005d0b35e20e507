"""The locks of many states, all or none."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pytg.aws.store import LockInfo, StateStore
from pytg.errors import Interrupted, LockHeld, PytgError

Lockable = tuple[StateStore, str]

_AT_ONCE = 8
_POLL_S = 1.0


class LockSet:
    """Takes the locks of `states` with one lock id.

    Where one is held, those that were taken are given back before waiting: so two runs never
    wait for each other.
    """

    def __init__(
        self,
        states: Sequence[Lockable],
        info: LockInfo,
        *,
        timeout_s: float,
        on_wait: Callable[[str], None],
        cancel: threading.Event,
    ) -> None:
        self._states = sorted(states, key=lambda state: state[1])
        self._info = info
        self._timeout_s = timeout_s
        self._on_wait = on_wait
        self._cancel = cancel

    def acquire(self) -> None:
        """Take all of them. Raises LockHeld after the time-out, Interrupted when cancelled."""
        deadline = time.monotonic() + self._timeout_s
        told = False
        while True:
            held = self._try()
            if held is None:
                return
            if time.monotonic() >= deadline:
                raise held
            if not told:
                self._on_wait(f"waiting up to {self._timeout_s:.0f} s: {held.message}")
                told = True
            if self._cancel.wait(_POLL_S * random.uniform(0.7, 1.3)):  # noqa: S311 - jitter
                raise Interrupted("interrupted while waiting for a lock")

    def release(self) -> None:
        """Give all of them back; a lock that is gone, or whose backend is, is no error."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            errors = [e for e in pool.map(self._unlock, self._states) if e is not None]
        if errors:
            raise errors[0]

    def _try(self) -> LockHeld | None:
        """One attempt: the first by itself, then the others side by side."""
        taken: list[Lockable] = []

        def take(state: Lockable) -> PytgError | None:
            store, key = state
            try:
                store.lock(key, self._info)
            except PytgError as error:
                return error
            taken.append(state)
            return None

        first, rest = self._states[:1], self._states[1:]
        errors = [e for e in map(take, first) if e is not None]
        if not errors:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                errors = [e for e in pool.map(take, rest) if e is not None]
        if not errors:
            return None
        for state in taken:
            self._unlock(state)
        for error in errors:
            if not isinstance(error, LockHeld):
                raise error
        return next(e for e in errors if isinstance(e, LockHeld))

    def _unlock(self, state: Lockable) -> PytgError | None:
        store, key = state
        try:
            store.unlock(key, self._info.id)
        except PytgError as error:
            return error
        return None
