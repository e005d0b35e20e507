"""The clock of schedules and alarms, which may run faster than the real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

REAL = 1.0
FASTEST = 600.0


class Pace:
    """A clock that runs `factor` times as fast as the real one.

    A period of 60 s passes in one real second at a factor of 60.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._factor = REAL
        self._since = self._shown = clock()

    @property
    def factor(self) -> float:
        """How fast it runs."""
        return self._factor

    def now(self) -> float:
        """Its time in seconds since 1970; it never goes back."""
        with self._lock:
            return self._shown + (self._clock() - self._since) * self._factor

    def set(self, factor: float) -> None:
        """Run at another speed from now on. Raises ValueError for none between 1 and 600."""
        if not REAL <= factor <= FASTEST:
            raise ValueError(f"the pace is not between {REAL:g} and {FASTEST:g}")
        now = self.now()
        with self._lock:
            self._shown, self._since, self._factor = now, self._clock(), factor

    def control(self, body: Mapping[str, Any]) -> None:
        """Control: `{"factor": 60}`."""
        self.set(float(body["factor"]))

    def reset(self) -> None:
        """Run as fast as the real clock, and show its time."""
        with self._lock:
            self._factor = REAL
            self._since = self._shown = self._clock()
