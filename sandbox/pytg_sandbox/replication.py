"""The queue between regions: what was written in one and has not arrived in the other yet."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

ANY = "*"
DEFAULT_LAG_SECONDS = 0.25


class Channel(NamedTuple):
    """One service, one direction. In a pause, `*` stands for any."""

    service: str
    source: str
    target: str

    def covers(self, other: Channel) -> bool:
        """Whether `other` is one of the channels this one stands for."""
        return all(mine in (ANY, its) for mine, its in zip(self, other, strict=True))


@dataclass(frozen=True, slots=True)
class _Write:
    submitted: float
    apply: Callable[[], None]


class ReplicationQueue:
    """Applies writes to the other region after a lag, one at a time.

    Writes of one channel keep their order. Lag and pauses count at the moment a write would be
    applied, so a change also meets what waits already.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._channels: dict[Channel, deque[_Write]] = {}
        self._lags: dict[str, float] = {}
        self._pauses: set[Channel] = set()
        self._thread: threading.Thread | None = None

    def submit(self, channel: Channel, apply: Callable[[], None]) -> None:
        """Queue a write; `apply` runs later, in another thread."""
        with self._changed:
            writes = self._channels.setdefault(channel, deque())
            writes.append(_Write(self._clock(), apply))
            self._changed.notify_all()

    def lag(self, service: str, seconds: float) -> None:
        """Set the lag of a service, or of all with `*`."""
        with self._changed:
            if service == ANY:
                self._lags.clear()
            self._lags[service] = seconds
            self._changed.notify_all()

    def pause(self, channel: Channel) -> None:
        """Hold the writes of the channels that `channel` covers."""
        with self._changed:
            self._pauses.add(channel)

    def resume(self, channel: Channel) -> None:
        """Take away the pauses that `channel` covers."""
        with self._changed:
            self._pauses = {pause for pause in self._pauses if not channel.covers(pause)}
            self._changed.notify_all()

    def clear(self) -> None:
        """Drop what waits; back to the default lag and no pause."""
        with self._changed:
            self._channels.clear()
            self._lags.clear()
            self._pauses.clear()

    def describe(self) -> dict[str, Any]:
        """Lags, pauses and how many writes wait, for `status`."""
        with self._changed:
            return {
                "default_lag_seconds": self._lags.get(ANY, DEFAULT_LAG_SECONDS),
                "lag_seconds": {k: v for k, v in sorted(self._lags.items()) if k != ANY},
                "paused": [channel._asdict() for channel in sorted(self._pauses)],
                "waiting": [
                    {**channel._asdict(), "writes": len(writes)}
                    for channel, writes in sorted(self._channels.items())
                    if writes
                ],
            }

    def start(self) -> None:
        """Begin to apply writes in a daemon thread."""
        self._thread = threading.Thread(target=self._run, name="replication", daemon=True)
        self._thread.start()

    def take(self) -> Callable[[], None] | float | None:
        """The next write that is due, else the seconds until one is, else None."""
        now = self._clock()
        waits: list[tuple[float, Channel]] = []
        for channel, writes in self._channels.items():
            if writes and not any(pause.covers(channel) for pause in self._pauses):
                lag = self._lags.get(channel.service, self._lags.get(ANY, DEFAULT_LAG_SECONDS))
                waits.append((writes[0].submitted + lag - now, channel))
        if not waits:
            return None
        seconds, channel = min(waits)
        return seconds if seconds > 0 else self._channels[channel].popleft().apply

    def _run(self) -> None:
        while True:
            with self._changed:
                following = self.take()
                if not callable(following):
                    self._changed.wait(following)
                    continue
            try:
                following()
            except Exception:  # noqa: BLE001 - one write that fails must not end replication
                traceback.print_exc()
