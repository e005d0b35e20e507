"""Lag between regions, measured with one clock: written here, seen there, read back from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Look:
    """One read of the peer's copy: when it was answered (ms) and the beat it showed."""

    at_ms: float
    beat: int | None


@dataclass(frozen=True, slots=True)
class Lag:
    """`ms` is an upper bound where the beat was `seen`, a lower bound where it was not."""

    ms: float
    seen: bool


def lag_of(beat: int, written_ms: float, looks: Iterable[Look]) -> Lag:
    """Lag of a beat that was acknowledged at `written_ms`. A later beat proves an earlier one."""
    last = written_ms
    for look in looks:
        last = look.at_ms
        if look.beat is not None and look.beat >= beat:
            return Lag(max(0.0, last - written_ms), seen=True)
    return Lag(max(0.0, last - written_ms), seen=False)


def silence_ms(peer_sent_ms: float | None, now_ms: float) -> float | None:
    """How long the peer's beat has been the same; None when it never sent one.

    Contains the peer's interval and the difference of two clocks: it tells that a region has
    stopped, not how fast replication is.
    """
    return None if peer_sent_ms is None else max(0.0, now_ms - peer_sent_ms)


@dataclass(frozen=True, slots=True)
class LagSummary:
    """Of the newest measurements. `complete`: each was seen."""

    count: int
    maximum_ms: float
    average_ms: float
    p99_ms: float
    complete: bool


def summarise(lags: Sequence[Lag]) -> LagSummary:
    """Raises ValueError without a measurement: no data is no good news."""
    if not lags:
        raise ValueError("no lag was measured")
    ordered = sorted(lag.ms for lag in lags)
    rank = max(0, -(-len(ordered) * 99 // 100) - 1)
    return LagSummary(
        count=len(ordered),
        maximum_ms=ordered[-1],
        average_ms=fmean(ordered),
        p99_ms=ordered[rank],
        complete=all(lag.seen for lag in lags),
    )
