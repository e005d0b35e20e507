"""Work that goes on after a request is answered: deliveries, retries, pollers and clocks."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable

THREADS = 24
Task = Callable[[], None]


class Background:
    """Runs tasks in daemon threads, some at once, some after a while, some again and again."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Task]] = []
        self._numbers = itertools.count()
        self._running = 0

    def submit(self, task: Task, after: float = 0.0) -> None:
        """Run `task` once, not before `after` seconds from now."""
        with self._changed:
            due = time.monotonic() + after
            heapq.heappush(self._waiting, (due, next(self._numbers), task))
            self._changed.notify()

    def every(self, seconds: float, task: Task) -> None:
        """Run `task` again and again, in a thread of its own; what it raises is logged."""

        def run() -> None:
            while True:
                time.sleep(seconds)
                _guarded(task)

        threading.Thread(target=run, name="clock", daemon=True).start()

    def clear(self) -> None:
        """Drop what has not begun."""
        with self._changed:
            self._waiting.clear()

    def describe(self) -> dict[str, int]:
        """How many tasks wait and run, for `status`; clocks do not count."""
        with self._changed:
            return {"waiting": len(self._waiting), "running": self._running}

    def start(self) -> None:
        """Begin to run tasks."""
        for number in range(self._threads):
            threading.Thread(target=self._run, name=f"work-{number}", daemon=True).start()

    def _run(self) -> None:
        while True:
            task = self._next()
            _guarded(task)
            with self._changed:
                self._running -= 1

    def _next(self) -> Task:
        with self._changed:
            while True:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    self._running += 1
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait)


def _guarded(task: Task) -> None:
    try:
        task()
    except Exception:  # noqa: BLE001 - one task that fails must not end the thread
        traceback.print_exc()
