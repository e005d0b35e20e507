"""No accepted write is lost: random histories of writes, lag, switches, crashes and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from lambda_world import SOURCE, TARGET

from docmig import control, switching, versions
from docmig.control import Clients, Control, OvertakenError, State, View
from docmig.switching import Drain, Policy

CLIENTS = Clients(cache=2.0, longest_request=8.0)
POLICY = Policy(clients=CLIENTS, shortest_wait=1.0)
MAX_LAG = {"item": 6.0, "marker": 6.0, "control": 15.0}  # seconds that a copy takes at most


def peer(region: str) -> str:
    return TARGET if region == SOURCE else SOURCE


@dataclass
class Region:
    """A replica: metadata by key, the control item, the markers."""

    control: Control
    items: dict[str, str] = field(default_factory=dict)
    marker: int = 0


@dataclass(frozen=True)
class Copy:
    """A write on its way to the other region; arrives between now and `due`."""

    due: float
    region: str
    kind: str
    key: str
    value: Any


@dataclass(frozen=True)
class Request:
    """A write that a client began because its view admitted it; ends by `due`."""

    due: float
    region: str
    key: str


class Migration(RuleBasedStateMachine):
    """Clients, two replicas and one orchestrator that forgets everything at any moment."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        first = control.initial(SOURCE)
        self.random = Random(seed)  # noqa: S311  # no secret
        self.now = 1000.0
        # Sequencers of two buckets have nothing to do with each other.
        self.sequencers = {SOURCE: 5000, TARGET: 1}
        self.regions = {r: Region(first) for r in (SOURCE, TARGET)}
        self.views = [View(first, self.now) for _ in range(3)]
        self.copies: list[Copy] = []
        self.requests: list[Request] = []
        self.accepted: dict[str, str] = {}
        self.marker_seen: float | None = None

    # The world

    @rule(seconds=st.floats(0.1, 3.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for request in [r for r in self.requests if r.due <= self.now]:
            self._complete(request)
        for copy in [c for c in self.copies if c.due <= self.now]:
            self._deliver(copy)

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def a_copy_arrives_in_any_order(self, data: st.DataObject) -> None:
        # Of one item, a later state replaces an earlier one; items overtake each other.
        self._deliver(data.draw(st.sampled_from(self.copies)))

    @rule(client=st.integers(0, 2), region=st.sampled_from((SOURCE, TARGET)))
    def client_reads_the_control_item(self, client: int, region: str) -> None:
        self.views[client] = View(self.regions[region].control, self.now)

    @rule(
        client=st.integers(0, 2),
        region=st.sampled_from((SOURCE, TARGET)),
        key=st.sampled_from("abc"),
        takes=st.floats(0.0, CLIENTS.longest_request),
    )
    def client_begins_a_write(self, client: int, region: str, key: str, takes: float) -> None:
        if control.admits(self.views[client], region=region, now=self.now, clients=CLIENTS):
            self.requests.append(Request(self.now + takes, region, key))

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def a_write_completes(self, data: st.DataObject) -> None:
        self._complete(data.draw(st.sampled_from(self.requests)))

    def _complete(self, request: Request) -> None:
        self.requests.remove(request)
        here = self.regions[request.region]
        tenure = here.control.tenures.get(request.region, 0)
        self.sequencers[request.region] += 1
        version = versions.version(tenure, f"{self.sequencers[request.region]:08X}")
        if versions.outcome(here.items.get(request.key), version) is versions.Outcome.APPLY:
            here.items[request.key] = version
            self._send(request.region, "item", request.key, version)
        self.accepted[request.key] = version

    def _send(self, region: str, kind: str, key: str, value: Any) -> None:
        # A replica is sent the newest state: what has not arrived of an item is overtaken.
        to = peer(region)
        self.copies = [c for c in self.copies if (c.region, c.kind, c.key) != (to, kind, key)]
        due = self.now + self.random.choice((0.0, 1.0)) * MAX_LAG[kind]
        self.copies.append(Copy(due, to, kind, key, value))

    def _deliver(self, copy: Copy) -> None:
        self.copies.remove(copy)
        there = self.regions[copy.region]
        if copy.kind == "item":
            # The last to arrive wins here: DynamoDB's clocks may save such a write, or not.
            assert there.items.get(copy.key, "") <= copy.value, "a late copy replaced a newer write"
            there.items[copy.key] = copy.value
        elif copy.kind == "control":
            there.control = copy.value
        else:
            there.marker = copy.value

    # The orchestrator: any step, at any time, knowing only what the tables show

    def _write(self, home: str, new: Control) -> None:
        if new != self.regions[home].control:
            self.regions[home].control = new
            self._send(home, "control", "", new)

    @rule(to=st.sampled_from((SOURCE, TARGET)), owner=st.sampled_from(("one", "two")))
    def fence(self, to: str, owner: str) -> None:
        before = self.regions[to].control
        try:
            after = control.fence(before, target=to, owner=owner)
        except OvertakenError:
            return
        self._write(to, after)

    @rule()
    def confirm(self) -> None:
        for to in (SOURCE, TARGET):
            now = self.regions[to].control
            old = self.regions[peer(to)].control
            if now.state is State.FENCED and now.target_region == to and old.epoch == now.epoch:
                self._write(
                    to,
                    control.confirm(now, owner=now.owner, epoch=now.epoch, seen_at=self.now),
                )

    def _current(self) -> Control | None:
        """The control item under way, in the region that it goes to."""
        for to in (SOURCE, TARGET):
            current = self.regions[to].control
            if current.state is not State.ACTIVE and current.target_region == to:
                return current
        return None

    @rule()
    def drain_and_switch(self) -> None:
        current = self._current()
        if current is None:
            return
        old, new = self.regions[current.active_region], self.regions[current.target_region]
        if (
            current.fenced_at
            and self.now >= switching.quiet_at(current, POLICY)
            and old.marker != current.epoch
        ):
            old.marker, self.marker_seen = current.epoch, None
            self._send(current.active_region, "marker", "", current.epoch)
        if new.marker == current.epoch and self.marker_seen is None:
            self.marker_seen = self.now
        drain = Drain(
            queue_depth=0,
            in_flight=0,
            iterator_age_ms=0,
            marker_epoch=new.marker or None,
            marker_seen_at=self.marker_seen,
            recent_latency_ms=MAX_LAG["item"] * 1000 / POLICY.latency_factor,
            sentinel_arrived=True,
            pending_operations=0,
            failed_operations=0,
            differences=0,
        )
        if not switching.obstacles(current, drain, now=self.now, policy=POLICY):
            self._write(
                current.target_region,
                control.begin_switch(current, owner=current.owner, epoch=current.epoch),
            )

    @rule()
    def activate(self) -> None:
        current = self._current()
        if current is not None and current.state is State.SWITCHING:
            self._write(
                current.target_region,
                control.activate(current, owner=current.owner, epoch=current.epoch),
            )

    @rule(to=st.sampled_from((SOURCE, TARGET)), seconds=st.sampled_from((10, 60)))
    def everybody_works(self, to: str, seconds: int) -> None:
        """Long enough for a switch to get somewhere, while clients go on."""
        self.fence(to, "one")
        for _ in range(seconds):
            for client in (0, 1):
                region = self.random.choice((SOURCE, TARGET))
                if self.random.random() < 0.5:  # every other second
                    self.client_reads_the_control_item(client, region)
                for key in "ab":
                    takes = self.random.choice((0.0, 1.0)) * CLIENTS.longest_request
                    self.client_begins_a_write(client, region, key, takes)
            self.never_two_writers()
            self.confirm()
            self.drain_and_switch()
            self.activate()
            self.never_two_writers()
            self.time_passes(1.0)

    @rule()
    def compensate(self) -> None:
        current = self._current()
        if current is not None:
            self._write(
                current.target_region,
                control.compensate(current, owner=current.owner, epoch=current.epoch),
            )

    @invariant()
    def never_two_writers(self) -> None:
        if hasattr(self, "regions"):
            admitted = {
                region
                for view in self.views
                for region in (SOURCE, TARGET)
                if control.admits(view, region=region, now=self.now, clients=CLIENTS)
            }
            under_way = {request.region for request in self.requests}
            assert len(admitted | under_way) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "regions"):
            return
        while self.requests or self.copies:
            self.time_passes(3.0)
        assert self.regions[SOURCE].items == self.accepted
        assert self.regions[TARGET].items == self.accepted


TestMigration = Migration.TestCase
TestMigration.settings = settings(stateful_step_count=20)


def test_busy_clients_lose_nothing_over_a_switch_and_a_rollback() -> None:
    """The same machine driven by plain chance: most histories get through both switches."""
    completed = 0
    for seed in range(150):
        machine = Migration()
        machine.begin(seed)
        for to in (TARGET, SOURCE):
            machine.everybody_works(to, 60)
            machine.teardown()
        completed += max(region.control.epoch for region in machine.regions.values()) > 2
    assert completed > 100
