"""Cutover and rollback, executed over the real rules of the control item."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from definitions import SOURCE, TARGET
from machine_world import MachineWorld

from docmig import control
from docmig.control import Control, State

pytestmark = pytest.mark.slow


class UnsafeSwitchError(Exception):
    """As the traffic switch raises it."""


class Traffic:
    """The traffic switch over a control item in memory. `broken` fails actions for good."""

    def __init__(self, region: str) -> None:
        self.item: Control = control.initial(region)
        self.routes = region
        self.drained = 0
        self.unsafe = 0
        self.obstacles = 0
        self.broken: dict[str, Exception] = {}
        self.lost_answers: set[str] = set()
        self.history: list[tuple[str, str]] = []

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        action = event["action"]
        if action in self.broken:
            raise self.broken[action]
        answer = getattr(self, action)(event)
        self.history.append((str(self.item.state), self.item.active_region))
        if action in self.lost_answers:
            raise RuntimeError("the answer was lost")
        return {**self.item.as_dict(), **(answer or {})}

    def status(self, _: dict[str, Any]) -> None: ...

    def fence(self, event: dict[str, Any]) -> None:
        self.item = control.fence(self.item, target=event["to"], owner=event["owner"])

    def drain(self, event: dict[str, Any]) -> dict[str, Any]:
        self.drained += 1
        safe = self.drained > self.obstacles and event["evidence"].get("differences") == 0
        return {"safe": safe, "obstacles": [] if safe else ["messages in the queue: 3"]}

    def switch(self, event: dict[str, Any]) -> None:
        self.unsafe -= 1
        if self.unsafe >= 0:
            raise UnsafeSwitchError("messages in the queue: 1")
        self.item = control.begin_switch(self.item, owner=event["owner"], epoch=event["epoch"])
        self.routes = event["to"]

    def routes_look(self, event: dict[str, Any]) -> dict[str, Any]:
        return {"done": self.routes == event["to"]}

    def activate(self, event: dict[str, Any]) -> None:
        self.item = control.activate(self.item, owner=event["owner"], epoch=event["epoch"])

    def compensate(self, event: dict[str, Any]) -> None:
        self.item = control.compensate(self.item, owner=event["owner"], epoch=event["epoch"])
        self.routes = self.item.active_region

    def force(self, event: dict[str, Any]) -> None:
        assert event["accept_loss"] is True
        self.item = control.force(self.item, target=event["to"], owner=event["owner"])
        self.routes = event["to"]


class Switch(Traffic):
    """`routes` is an action and a fact: the action is answered here."""

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "routes":
            if "routes" in self.broken:
                raise self.broken["routes"]
            return self.routes_look(event)
        return super().__call__(event)


def _open(_: dict[str, Any]) -> dict[str, Any]:
    return {"passed": True, "failed": []}


def _closed(*gates: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def gate(event: dict[str, Any]) -> dict[str, Any]:
        closed = event["gate"] in gates
        return {"passed": not closed, "failed": ["lag"] if closed else []}

    return gate


@pytest.fixture
def world(machines: MachineWorld) -> MachineWorld:
    machines.functions.answers |= {
        "gate_check": _open,
        "traffic_switch": Switch(SOURCE),
        "verifier": lambda _: {"checked": 3, "differences": 0},
    }
    return machines


def _traffic(world: MachineWorld) -> Switch:
    traffic = world.functions.answers["traffic_switch"]
    assert isinstance(traffic, Switch)
    return traffic


def test_cutover_and_rollback(world: MachineWorld) -> None:
    ended = world.run("cutover")
    assert ended["status"] == "SUCCEEDED", ended
    traffic = _traffic(world)
    assert (traffic.item.state, traffic.item.active_region) == (State.ACTIVE, TARGET)
    assert (traffic.routes, traffic.item.epoch) == (TARGET, 2)
    assert json.loads(ended["output"])["epoch"] == 2
    assert world.functions.actions("traffic_switch") == [
        "fence", "drain", "switch", "routes", "activate",
    ]  # fmt: skip
    assert world.kinds(TARGET) == ["PhaseChanged"]

    traffic.drained = 0
    ended = world.run("rollback")
    assert ended["status"] == "SUCCEEDED", ended
    assert (traffic.item.state, traffic.item.active_region) == (State.ACTIVE, SOURCE)
    assert traffic.routes == SOURCE
    assert [e["detail"]["phase"] for e in world.events(SOURCE)] == ["rollback"]


def test_a_closed_gate_changes_nothing(world: MachineWorld) -> None:
    world.functions.answers["gate_check"] = _closed("cutover")
    ended = world.run("cutover")
    assert (ended["status"], ended["error"]) == ("FAILED", "Refused.GateClosed")
    assert "lag" in ended["cause"]
    assert world.functions.calls["traffic_switch"] == []


def test_what_is_waived_adds_to_what_the_environment_waives(world: MachineWorld) -> None:
    world.functions.answers["gate_check"] = _closed("cutover")
    world.define("cutover", waived_checks='{"state-locks": "as always"}')
    world.run("cutover", waive={"alarms:us-east-1": "a rehearsal"})
    (asked,) = world.functions.calls["gate_check"]
    assert asked["waive"] == {"state-locks": "as always", "alarms:us-east-1": "a rehearsal"}


def test_a_gate_that_cannot_answer_is_closed(world: MachineWorld) -> None:
    def gate(_: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("no evidence")

    world.functions.answers["gate_check"] = gate
    assert world.run("cutover")["error"] == "Refused.RuntimeError"
    assert world.functions.calls["traffic_switch"] == []


def test_it_waits_until_the_drain_is_proved(world: MachineWorld) -> None:
    _traffic(world).obstacles = 3
    assert world.run("cutover")["status"] == "SUCCEEDED"
    assert _traffic(world).drained == 4


def test_a_drain_that_does_not_end_is_compensated(world: MachineWorld) -> None:
    traffic = _traffic(world)
    traffic.obstacles = 1000
    ended = world.run("cutover", most_polls=3)
    assert (ended["status"], ended["error"]) == ("FAILED", "Compensated.NotDrained")
    assert "messages in the queue" in ended["cause"]
    assert (traffic.item.state, traffic.item.active_region) == (State.ACTIVE, SOURCE)
    assert world.kinds(TARGET) == ["SwitchCompensated"]


def test_differences_keep_the_drain_unproved(world: MachineWorld) -> None:
    world.functions.answers["verifier"] = lambda _: {"checked": 3, "differences": 1}
    ended = world.run("cutover", most_polls=2, evidence={"differences": 0})
    assert ended["error"] == "Compensated.NotDrained", "what is seen counts, not what is given"
    assert _traffic(world).item.active_region == SOURCE


def test_a_comparison_that_fails_is_compensated(world: MachineWorld) -> None:
    def delta(_: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("broken")

    world.functions.answers["verifier"] = delta
    assert world.run("cutover")["error"] == "Compensated.ValueError"
    assert _traffic(world).item.active_region == SOURCE


def test_a_drain_that_became_unsafe_is_looked_at_again(world: MachineWorld) -> None:
    _traffic(world).unsafe = 1
    assert world.run("cutover")["status"] == "SUCCEEDED"
    actions = world.functions.actions("traffic_switch")
    assert actions[1:5] == ["drain", "switch", "drain", "switch"]


@pytest.mark.parametrize("action", ["drain", "switch", "routes", "activate"])
def test_whatever_fails_before_the_activation_is_compensated(
    world: MachineWorld, action: str
) -> None:
    traffic = _traffic(world)
    traffic.broken[action] = ValueError("broken")
    ended = world.run("cutover")
    assert ended["error"] == "Compensated.ValueError"
    assert (traffic.item.state, traffic.item.active_region) == (State.ACTIVE, SOURCE)
    assert traffic.routes == SOURCE
    assert ("active", TARGET) not in traffic.history


def test_routes_that_do_not_move_are_compensated(world: MachineWorld) -> None:
    traffic = _traffic(world)
    traffic.routes_look = lambda event: {"done": not event}  # type: ignore[method-assign]
    assert world.run("cutover", most_polls=2)["error"] == "Compensated.RoutesNotMoved"
    assert traffic.routes == SOURCE


def test_a_lost_answer_to_the_fence_is_compensated(world: MachineWorld) -> None:
    traffic = _traffic(world)
    traffic.lost_answers.add("fence")
    assert world.run("cutover")["error"] == "Compensated.RuntimeError"
    assert (traffic.item.state, traffic.item.active_region) == (State.ACTIVE, SOURCE)


def test_a_lost_answer_to_the_activation_is_a_complete_switch(world: MachineWorld) -> None:
    traffic = _traffic(world)
    traffic.lost_answers.add("activate")
    assert world.run("cutover")["status"] == "SUCCEEDED"
    assert traffic.item.active_region == TARGET


def test_a_second_switch_is_refused_and_disturbs_nothing(world: MachineWorld) -> None:
    traffic = _traffic(world)
    traffic.item = control.fence(traffic.item, target=TARGET, owner="another")
    ended = world.run("cutover")
    assert (ended["status"], ended["error"]) == ("FAILED", "Refused.OvertakenError")
    assert (traffic.item.state, traffic.item.owner) == (State.FENCED, "another")


def test_one_that_was_overtaken_stops(world: MachineWorld) -> None:
    traffic = _traffic(world)
    plain = traffic.drain

    def drain(event: dict[str, Any]) -> dict[str, Any]:
        traffic.item = control.force(traffic.item, target=SOURCE, owner="another")
        return plain(event)

    traffic.drain = drain  # type: ignore[method-assign]
    assert world.run("cutover")["error"] == "Overtaken"
    assert (traffic.item.active_region, traffic.item.owner) == (SOURCE, "another")


def test_a_compensation_that_fails_is_told(world: MachineWorld) -> None:
    traffic = _traffic(world)
    traffic.broken |= {"switch": ValueError("broken"), "compensate": ValueError("broken too")}
    assert world.run("cutover")["error"] == "CompensationFailed"
    assert world.kinds(TARGET) == ["CompensationFailed"]


def test_after_the_activation_nothing_goes_back_by_itself(world: MachineWorld) -> None:
    world.functions.answers["gate_check"] = _closed("switched")
    assert world.run("cutover", most_polls=2)["error"] == "PostCheckFailed"
    assert _traffic(world).item.active_region == TARGET
    assert world.kinds(TARGET) == ["PhaseChanged", "PostCheckFailed"]
    asked = world.functions.calls["gate_check"][-1]
    assert (asked["gate"], asked["to"]) == ("switched", SOURCE)


def test_a_lost_region_is_left_by_force(world: MachineWorld) -> None:
    traffic = _traffic(world)
    world.run("cutover")
    world.functions.answers["gate_check"] = _closed("rollback", "switched")
    assert world.run("rollback", force=True)["error"] == "NotApproved"
    assert traffic.item.active_region == TARGET
    ended = world.run("rollback", force=True, approved_by="the owner")
    assert ended["status"] == "SUCCEEDED"
    assert (traffic.item.active_region, traffic.item.forced, traffic.routes) == (
        SOURCE,
        True,
        SOURCE,
    )
    (told,) = [e for e in world.events(SOURCE) if e["detail-type"] == "PhaseChanged"]
    assert told["detail"]["data"]["approved_by"] == "the owner"
