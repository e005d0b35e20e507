"""The locks of many states, all or none."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Self

from pytg.errors import Interrupted, LockHeld, PytgError
from pytg.state.lease import Heartbeat
from pytg.state.s3_store import S3Store
from pytg.state.state_store import LockInfo, StateStore

_THREADS = 8

Item = tuple[StateStore, str]


def end_leases(stores: Iterable[StateStore], lock_id: str) -> None:
    """No lock with this id is held in `stores` any more: end its leases, where that can be done."""
    for store in {id(store): store for store in stores}.values():
        if isinstance(store, S3Store):
            with suppress(PytgError):
                store.leases.end(lock_id)


class LockSet:
    """Takes the locks of `items` with one id, in the order of their keys, some at a time.

    While one of them is held by somebody else it holds none: so no two sets wait for each
    other. `on_wait` is told whom it waits for, and at the end which lock it could not leave.
    """

    def __init__(
        self,
        items: Iterable[Item],
        info: LockInfo,
        *,
        timeout_s: float,
        on_wait: Callable[[str], None],
        cancel: threading.Event | None = None,
        poll_s: float = 1.0,
    ) -> None:
        self._items = sorted(items, key=lambda item: item[1])
        self._info = info
        self._timeout_s = timeout_s
        self._on_wait = on_wait
        self._cancel = cancel or threading.Event()
        self._poll_s = poll_s
        self._taken: list[Item] = []
        self._stuck: set[str] = set()  # keys
        stores = {id(store): store for store, _ in self._items if isinstance(store, S3Store)}
        self._heartbeat = Heartbeat((store.leases for store in stores.values()), info.id)

    def acquire(self) -> None:
        """Take them all.

        Raises LockHeld when one is still held after the timeout, Interrupted when cancelled,
        and what a store raises; nothing is held then. While they are held in a bucket, a lease
        beside them is renewed.
        """
        deadline = time.monotonic() + self._timeout_s
        told = ""
        while (blocked := self._try()) is not None:
            (store, key), held = blocked
            if held.message != told:
                told = held.message
                self._on_wait(f"waiting: {told}")
            free = False
            while not free:
                if time.monotonic() >= deadline:
                    message = f"{held.message}; waited {self._timeout_s:g} s"
                    raise LockHeld(message, hint=held.hint) from held
                self._pause(deadline)
                free = store.holder(key) is None
        self._heartbeat.start()

    def release(self) -> bool:
        """Leave what is held; whether nothing of it is held any more, from any attempt.

        A lock that cannot be left is told; it does not stop the others.
        """
        self._heartbeat.stop()
        items, self._taken = self._taken, []
        self._leave(items)
        return not self._stuck

    def abandon(self) -> None:
        """Hold them beyond the end of this: whoever finishes the work leaves them.

        Their lease stays and is no longer renewed.
        """
        self._heartbeat.abandon()
        self._taken = []

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _try(self) -> tuple[Item, LockHeld] | None:
        """Take them all and return None; or hold none, and return the first that was held."""
        attempt = _Attempt(self._info, self._cancel)
        try:
            attempt.run(self._items)
        except BaseException:
            self._leave(attempt.touched)
            raise
        if not attempt.held:
            self._taken = attempt.touched
            return None
        self._leave(attempt.touched)
        return min(attempt.held, key=lambda found: found[0][1])

    def _pause(self, deadline: float) -> None:
        """Wait about `poll_s`: not all who wait shall come back at the same time."""
        wished = self._poll_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        if self._cancel.wait(max(0.0, min(wished, deadline - time.monotonic()))):
            raise Interrupted("interrupted while waiting for a lock")

    def _leave(self, items: Iterable[Item]) -> None:
        def leave(item: Item) -> None:
            store, key = item
            try:
                store.unlock(key, self._info.id)
            except PytgError as error:
                self._stuck.add(key)
                self._on_wait(f"the lock of {key} could not be released: {error}")
            else:
                self._stuck.discard(key)

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(leave, items))


class _Attempt:
    """One try at all locks, which ends early when one cannot be had.

    `touched` are those that were taken, or may have been: where a request failed, the answer
    may be what was lost. `held` are those that somebody else holds.
    """

    def __init__(self, info: LockInfo, cancel: threading.Event) -> None:
        self.touched: list[Item] = []
        self.held: list[tuple[Item, LockHeld]] = []
        self._info = info
        self._cancel = cancel
        self._stop = threading.Event()

    def run(self, items: Iterable[Item]) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                list(pool.map(self._take, items))
            except BaseException:
                self._stop.set()
                raise
        if self._cancel.is_set():
            raise Interrupted("interrupted while taking locks")

    def _take(self, item: Item) -> None:
        if self._stop.is_set() or self._cancel.is_set():
            return
        store, key = item
        self.touched.append(item)
        try:
            store.lock(key, self._info)
        except LockHeld as held:
            self.touched.remove(item)
            self.held.append((item, held))
            self._stop.set()
        except PytgError:
            self._stop.set()
            raise
