"""A cutover under load: clients, two replicas with lag, and the steps of the switch."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from random import Random

from docmig import control, heartbeats, switching, versions
from docmig.control import Clients, Control, State, View
from docmig.heartbeats import Lag
from docmig.switching import Drain, Policy

SOURCE, TARGET = "us-east-1", "eu-west-1"
TICK = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """Writes a second; lag in seconds (log-normal around its median, with rare long tails)."""

    writes_per_second: float = 50.0
    keys: int = 100_000
    median_lag: float = 0.4
    lag_spread: float = 0.35
    tail_share: float = 0.0005
    tail_lag: float = 5.0
    longest_request: float = 2.0
    crash_share: float = 0.1
    route_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """Seconds and milliseconds. `refused`: writes that a client had to repeat in the fence."""

    accepted: int
    refused: int
    lost: int
    fence_seconds: float
    switches: int
    crashes: int
    lag: heartbeats.LagSummary


@dataclass(slots=True)
class _Replica:
    control: Control
    items: dict[int, str] = field(default_factory=dict)
    marker: int = 0
    sequencer: int = 0


class Cutover:
    """Plays `switches` in turn, there and back; every event has its moment in a queue."""

    def __init__(self, random: Random, load: Load, clients: int = 20) -> None:
        self.random, self.load = random, load
        self.policy = Policy(clients=Clients(cache=5.0, longest_request=load.longest_request))
        first = control.initial(SOURCE)
        self.replicas = {SOURCE: _Replica(first), TARGET: _Replica(first)}
        self.views = [View(first, 0.0) for _ in range(clients)]
        self.queue: list[tuple[float, int, Callable[[], None]]] = []
        self.order = count()
        self.now = 0.0
        self.newest: dict[int, str] = {}
        self.accepted = self.refused = self.crashes = 0
        self.lags: list[Lag] = []
        self.seen_at: float | None = None
        self.fenced_since: float | None = None
        self.longest_fence = 0.0
        self.routes_at: float | None = None
        self.stopped = False

    def at(self, delay: float, action: Callable[[], None]) -> None:
        heapq.heappush(self.queue, (self.now + delay, next(self.order), action))

    def run(self, *, seconds: float, switch_at: list[float]) -> Report:
        """Load for `seconds`; at each moment of `switch_at` a switch to the other region begins."""
        self.at(0.0, self._client)
        for number, moment in enumerate(switch_at):
            self.at(moment, partial(self._step, SOURCE if number % 2 else TARGET, number))
        end = seconds
        while self.queue:
            self.now, _, action = heapq.heappop(self.queue)
            self.stopped = self.now >= end
            action()
        lost = sum(
            self.replicas[region].items.get(key) != version
            for key, version in self.newest.items()
            for region in (SOURCE, TARGET)
        )
        return Report(
            accepted=self.accepted,
            refused=self.refused,
            lost=lost,
            fence_seconds=self.longest_fence,
            switches=self.replicas[SOURCE].control.epoch - 1,
            crashes=self.crashes,
            lag=heartbeats.summarise(self.lags),
        )

    # Clients

    def _client(self) -> None:
        if self.stopped:
            return
        self.at(self.random.expovariate(self.load.writes_per_second), self._client)
        number = self.random.randrange(len(self.views))
        view = self.views[number]
        if self.now - view.read_at > self.policy.clients.cache:
            region = self.random.choice((SOURCE, TARGET))
            view = self.views[number] = View(self.replicas[region].control, self.now)
        region = view.control.active_region
        if not control.admits(view, region=region, now=self.now, clients=self.policy.clients):
            self.refused += 1
            return
        key = self.random.randrange(self.load.keys)
        self.at(self.random.uniform(0, self.load.longest_request), lambda: self._end(region, key))

    def _end(self, region: str, key: int) -> None:
        here = self.replicas[region]
        here.sequencer += 1
        version = versions.version(here.control.tenures.get(region, 0), f"{here.sequencer:08X}")
        if versions.outcome(here.items.get(key), version) is versions.Outcome.APPLY:
            here.items[key] = version
            self._send(region, lambda there: self._arrive(there, key, version))
        self.newest[key] = version
        self.accepted += 1

    @staticmethod
    def _arrive(there: _Replica, key: int, version: str) -> None:
        # Of one region's writes the later wins; DynamoDB never goes back to an earlier one.
        same = versions.tenure_of(there.items.get(key, "0.")) == versions.tenure_of(version)
        if not same or there.items[key] < version:
            there.items[key] = version

    def _send(self, region: str, apply: Callable[[_Replica], None]) -> None:
        lag = self.random.lognormvariate(0, self.load.lag_spread) * self.load.median_lag
        if self.random.random() < self.load.tail_share:
            lag += self.load.tail_lag
        self.lags.append(Lag(lag * 1000, seen=True))
        there = self.replicas[TARGET if region == SOURCE else SOURCE]
        self.at(lag, lambda: apply(there))

    # The steps of the switch; each may crash, and the next begins with what the tables show

    def _step(self, to: str, number: int) -> None:
        here, owner = self.replicas[to], f"run-{number}"
        if here.control.active_region == to and here.control.state is State.ACTIVE:
            return
        self.at(TICK, lambda: self._step(to, number))
        if self.random.random() < self.load.crash_share:
            self.crashes += 1
            return
        before = here.control
        after = self._next(before, to, owner)
        if after != before:
            here.control = after
            self._send(to, lambda there: self._take(there, after))

    @staticmethod
    def _take(there: _Replica, new: Control) -> None:
        if _progress(new) >= _progress(there.control):
            there.control = new

    def _next(self, now: Control, to: str, owner: str) -> Control:
        if now.state is State.ACTIVE:
            self.fenced_since = self.now
            return control.fence(now, target=to, owner=owner)
        if now.state is State.SWITCHING:
            if self.routes_at is None or self.now < self.routes_at:
                return now
            self.longest_fence = max(self.longest_fence, self.now - (self.fenced_since or 0.0))
            return control.activate(now, owner=owner, epoch=now.epoch)
        old = self.replicas[now.active_region]
        if not now.fenced_at:
            seen = old.control.epoch == now.epoch
            return (
                control.confirm(now, owner=owner, epoch=now.epoch, seen_at=self.now)
                if seen
                else now
            )
        if switching.obstacles(now, self._drain(now, to), now=self.now, policy=self.policy):
            return now
        self.routes_at = self.now + self.load.route_seconds
        return control.begin_switch(now, owner=owner, epoch=now.epoch)

    def _drain(self, now: Control, to: str) -> Drain:
        old, new = self.replicas[now.active_region], self.replicas[to]
        if self.now >= switching.quiet_at(now, self.policy) and old.marker != now.epoch:
            old.marker, self.seen_at = now.epoch, None
            self._send(now.active_region, lambda there: self._mark(there, now.epoch))
        if new.marker == now.epoch and self.seen_at is None:
            self.seen_at = self.now
        recent = heartbeats.summarise(self.lags[-5000:])
        return Drain(
            queue_depth=0,
            in_flight=0,
            iterator_age_ms=0.0,
            marker_epoch=new.marker,
            marker_seen_at=self.seen_at,
            recent_latency_ms=recent.maximum_ms,
            sentinel_arrived=True,
            pending_operations=0,
            failed_operations=0,
            differences=0,
        )

    @staticmethod
    def _mark(there: _Replica, epoch: int) -> None:
        there.marker = epoch


_RANK = {State.FENCED: 0, State.SWITCHING: 1, State.ACTIVE: 2}


def _progress(item: Control) -> tuple[int, int, float]:
    """Later states of the control item sort after earlier ones."""
    return item.epoch, _RANK[item.state], item.fenced_at


def play(seed: int, load: Load, *, seconds: float, switch_at: list[float]) -> Report:
    """One run; the same seed plays the same."""
    return Cutover(Random(seed), load).run(seconds=seconds, switch_at=switch_at)  # noqa: S311 - dice, no secret


def quick(load: Load) -> Load:
    """The same with routes that follow at once: metadata only, documents' keys being immutable."""
    return replace(load, route_seconds=0.0)
