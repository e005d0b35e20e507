"""EventBridge.

Gaps filled:

- of a rule's targets moto knows queues, log groups and buses; a function, topic or state machine
  makes PutEvents fail. Here all are delivered to, after the request, and what fails goes to the
  target's dead letters;
- Input, InputPath and InputTransformer as AWS fills them;
- a disabled rule matches events, and a rule with a schedule only matches every event;
- schedules fire, of rules and of EventBridge Scheduler.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from moto.events.models import Rule, events_backends
from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends

from pytg_sandbox import schedules
from pytg_sandbox.emf import Metric
from pytg_sandbox.event_input import target_input
from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State
from pytg_sandbox.services.metrics import publish as publish_metric
from pytg_sandbox.services.outages import RegionIsDown

TICK_SECONDS = 0.25
RETRY_SECONDS = 1.0
RETRIES = 185
FORWARDED = "pytg-forwarded"  # an event goes to another bus once, as on AWS
HIDDEN = {"ingestion-time", "event-bus-name", FORWARDED}
MISSING = ("NotFound", "NotExist", "Unknown")  # in the names of moto's errors
Event = dict[str, Any]


def install(state: State) -> None:
    """Patch moto's EventBridge."""
    clock = Clock(state)
    state.on_reset.append(clock.forget)
    state.work.every(TICK_SECONDS, clock.tick)

    @replacing(Rule, "send_to_targets")
    def send_to_targets(
        _original: Method, self: Any, original_event: Event, **_options: Any
    ) -> None:
        matches = self.event_pattern.get_pattern() and self.event_pattern.matches_event(
            {k: v for k, v in original_event.items() if k != FORWARDED}
        )
        if self.state == "ENABLED" and matches:
            fire(state, self, original_event)


def publish(account: str, region: str, bus: str, event: Event) -> None:
    """Put a whole event on a bus, as services do. It goes nowhere when there is no such bus."""
    found = events_backends[account][region].event_buses.get(bus)
    for rule in list(found.rules.values()) if found else []:
        rule.send_to_targets(copy.deepcopy(event))  # type: ignore[arg-type]  # a TypedDict of moto's


def event_of(
    account: str,
    region: str,
    *,
    source: str,
    kind: str,
    resources: list[str],
    detail: Mapping[str, Any],
) -> Event:
    """An event of an AWS service."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": _iso(time.time()),
        "region": region,
        "resources": resources,
        "detail": dict(detail),
    }


def fire(state: State, rule: Rule, original: Event) -> None:
    """Deliver an event to the targets of a rule, after this request."""
    event = {name: value for name, value in original.items() if name not in HIDDEN}
    if not isinstance(event.get("time"), str):
        event["time"] = _iso(float(event.get("time") or time.time()))
    for target in copy.deepcopy(rule.targets):
        arn = str(target["Arn"])
        if arn.startswith("arn:aws:events:") and arn.endswith(":::"):
            _archive(rule, target, original)
        elif ":events:" in arn and original.get(FORWARDED):
            continue
        else:
            delivery = _Delivery(state, rule, target, event)
            state.work.submit(delivery.run)


def _archive(rule: Rule, target: Mapping[str, Any], event: Event) -> None:
    template = target["InputTransformer"]["InputTemplate"]
    arn = template.split('"archive-arn": "')[1].split('"')[0]
    kept: Any = {name: value for name, value in event.items() if name != FORWARDED}
    rule._send_to_events_archive(arn.split(":archive/")[1], kept)  # noqa: SLF001 - moto's archives


class _Delivery:
    """One event on its way to one target."""

    def __init__(self, state: State, rule: Rule, target: dict[str, Any], event: Event) -> None:
        self._state = state
        self._rule = rule
        self._target = target
        self._event = event
        self._attempts = 0

    def run(self) -> None:
        self._attempts += 1
        try:
            self._deliver()
        except RegionIsDown as error:
            policy = self._target.get("RetryPolicy") or {}
            if self._attempts <= int(policy.get("MaximumRetryAttempts", RETRIES)):
                self._state.work.submit(self.run, RETRY_SECONDS)
            else:
                self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever a target says is a failed delivery
            self._fail(error)
        else:
            self._count("Invocations")

    def _deliver(self) -> None:
        arn = str(self._target["Arn"])
        service = arn.split(":")[2]
        if service == "events":
            self._forward(arn)
            return
        rule = {"name": self._rule.name, "arn": self._rule.arn}
        text = target_input(self._target, self._event, rule)
        group = (self._target.get("SqsParameters") or {}).get("MessageGroupId")
        options = {"group": group} if service == "sqs" else {}
        self._state.send(arn, text, **options)

    def _forward(self, arn: str) -> None:
        _, _, _, region, account, resource = arn.split(":", 5)
        name = resource.partition("/")[2]
        self._state.check_region(region)
        if name not in events_backends[account][region].event_buses:
            raise LookupError(f"there is no event bus {arn}")
        publish(account, region, name, {**self._event, FORWARDED: True})

    def _fail(self, error: Exception) -> None:
        self._count("FailedInvocations")
        letters = (self._target.get("DeadLetterConfig") or {}).get("Arn")
        if not letters:
            return
        attributes = {
            "RULE_ARN": self._rule.arn,
            "TARGET_ARN": str(self._target["Arn"]),
            "ERROR_CODE": _code(error),
            "ERROR_MESSAGE": str(error)[:1024] or type(error).__name__,
            "RETRY_ATTEMPTS": str(self._attempts - 1),
        }
        self._state.send(letters, json.dumps(self._event), attributes=attributes)
        self._count("InvocationsSentToDlq")

    def _count(self, name: str) -> None:
        dimensions: tuple[tuple[str, str], ...] = (("RuleName", self._rule.name),)
        if self._rule.event_bus_name != "default":
            dimensions = (("EventBusName", str(self._rule.event_bus_name)), *dimensions)
        metric = Metric("AWS/Events", name, 1.0, "Count", dimensions, time.time())
        publish_metric(self._rule.account_id, self._rule.region_name, metric)


def _code(error: Exception) -> str:
    if isinstance(error, RegionIsDown):
        return "SERVICE_UNAVAILABLE"
    name = type(error).__name__
    missing = isinstance(error, LookupError) or any(word in name for word in MISSING)
    return "RESOURCE_NOT_FOUND" if missing else "SDK_CLIENT_ERROR"


class Clock:
    """Fires schedules by the sandbox's clock, which may be fast."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._last: dict[tuple[str, str], float] = {}

    def forget(self) -> None:
        """Know of no schedule any more."""
        self._last.clear()

    def tick(self) -> None:
        """Fire what is due since the last time."""
        now = self._state.pace.now()
        present = set()
        for arn, expression, zone, fire_now in self._scheduled():
            key = (arn, expression)
            present.add(key)
            last = self._last.setdefault(key, now)
            try:
                due = schedules.parse(expression, zone).due(last, now)
            except (ValueError, KeyError):
                continue  # moto took it: nothing to fire
            if due:
                self._last[key] = now
                fire_now()
            elif not expression.startswith("rate"):
                self._last[key] = now
        for key in set(self._last) - present:
            del self._last[key]

    def _scheduled(self) -> Iterator[tuple[str, str, str, Any]]:
        for account, regions in list(events_backends.items()):
            for region, backend in list(regions.items()):
                for bus in list(backend.event_buses.values()):
                    for rule in list(bus.rules.values()):
                        if rule.scheduled_expression and rule.state == "ENABLED":
                            yield (
                                rule.arn,
                                rule.scheduled_expression,
                                "UTC",
                                self._of_rule(account, region, rule),
                            )
        yield from self._of_scheduler()

    def _of_rule(self, account: str, region: str, rule: Rule) -> Any:
        event = event_of(
            account,
            region,
            source="aws.events",
            kind="Scheduled Event",
            resources=[rule.arn],
            detail={},
        )
        return lambda: fire(self._state, rule, event)

    def _of_scheduler(self) -> Iterator[tuple[str, str, str, Any]]:
        for regions in list(scheduler_backends.values()):
            for backend in list(regions.values()):
                for schedule in _schedules_of(backend):
                    if schedule.state != "ENABLED":
                        continue
                    zone = schedule.schedule_expression_timezone
                    target = schedule.target
                    yield schedule.arn, schedule.schedule_expression, zone, self._sender(target)

    def _sender(self, target: Mapping[str, Any]) -> Any:
        def send() -> None:
            text = str(target.get("Input") or "{}")
            self._state.work.submit(lambda: self._state.send(str(target["Arn"]), text))

        return send


def _schedules_of(backend: EventBridgeSchedulerBackend) -> Iterator[Any]:
    for group in list(backend.schedule_groups.values()):
        yield from list(group.schedules.values())


def _iso(seconds: float) -> str:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
