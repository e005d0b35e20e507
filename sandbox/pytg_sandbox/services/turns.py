"""Requests of one service run one after another, and what they cause follows after them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self


class Turn:
    """A reentrant lock that, when it is let go, runs what was put off meanwhile.

    Effects must run without the lock: a notification may call back into the service.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._effects: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        effects: list[Callable[[], None]] = []
        if not self._depth:
            effects, self._effects = self._effects, []
        self._lock.release()
        for effect in effects:
            effect()

    def afterwards(self, effect: Callable[[], None]) -> None:
        """Run `effect` when the current request is done."""
        with self:
            self._effects.append(effect)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Forget the effects put off inside when it raises."""
        with self:
            before = len(self._effects)
            try:
                yield
            except BaseException:
                del self._effects[before:]
                raise
