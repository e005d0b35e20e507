"""CloudWatch.

Gaps filled:

- alarms are evaluated, every few moments, by the sandbox's clock: metric alarms, a part of metric
  math, composite alarms; a new state runs its actions and is told to EventBridge;
- PutCompositeAlarm; metrics with more than one dimension are not found;
- metrics are kept for ever.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections import deque
from typing import Any

from moto.cloudwatch import models, responses
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from pytg_sandbox import alarms, metric_math
from pytg_sandbox.patching import Method, adding, replacing
from pytg_sandbox.services import State
from pytg_sandbox.services.events import event_of, publish

FAST_TICK_SECONDS = 0.5
TICK_SECONDS = 3.0  # while periods are as long as on AWS
VALUES_KEPT = 5000  # of one metric, for alarms
MOST_VALUES = 100_000  # of one region
Key = tuple[str, str, frozenset[tuple[str, str]]]
IGNORED = ("AWS/DynamoDB",)  # CloudWatch ignores missing data of these, whatever an alarm says
ACTIONS = {
    alarms.ALARM: "alarm_actions",
    alarms.OK: "ok_actions",
    alarms.UNKNOWN: "insufficient_data_actions",
}


def install(state: State) -> None:
    """Patch moto's CloudWatch."""
    _metrics()
    _states(state)
    watch = Watch(state)
    state.work.every(FAST_TICK_SECONDS, watch.tick)

    @adding(responses.CloudWatchResponse)
    def put_composite_alarm(self: Any) -> Any:
        alarms.composite(self._get_param("AlarmRule"), lambda _name: None)
        return self.put_metric_alarm()


def _metrics() -> None:
    def same(one: list[Any], other: list[Any]) -> bool:
        return {(d.name, d.value) for d in one} == {(d.name, d.value) for d in other}

    setattr(models, "are_dimensions_same", same)  # noqa: B010 - its parameters have other names

    @replacing(models.Dimension, "__lt__")
    def before(_original: Method, self: Any, other: Any) -> bool:
        return (self.name, self.value or "") < (other.name, other.value or "")  # no order in moto

    lock = threading.Lock()

    @replacing(CloudWatchBackend, "put_metric_data")
    def put_metric_data(original: Method, self: Any, *args: Any, **kwargs: Any) -> None:
        with lock:
            before = len(self.metric_data)
            original(self, *args, **kwargs)
            kept = _kept(self)
            for datum in self.metric_data[before:]:
                key = _key(datum.namespace, datum.name, datum.dimensions)
                kept.setdefault(key, deque(maxlen=VALUES_KEPT)).append(datum)
            if len(self.metric_data) > MOST_VALUES:
                del self.metric_data[: MOST_VALUES // 10]

    @replacing(models.MetricDatumBase, "__init__")
    def init(original: Method, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if self.timestamp.tzinfo is not None:  # moto compares them without a zone
            self.timestamp = self.timestamp.astimezone(dt.UTC).replace(tzinfo=None)


def _states(state: State) -> None:
    @replacing(Alarm, "__init__")
    def init(original: Method, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.state_value = alarms.UNKNOWN

    @replacing(CloudWatchBackend, "put_metric_alarm")
    def put_metric_alarm(original: Method, self: Any, name: str, *args: Any, **more: Any) -> Any:
        before = self.alarms.get(name)
        alarm = original(self, name, *args, **more)
        if before is not None:  # a changed alarm keeps its state until it is evaluated again
            alarm.state_value, alarm.history = before.state_value, before.history
        return alarm

    @replacing(Alarm, "update_state")
    def update_state(
        original: Method, self: Any, reason: str, reason_data: str, state_value: str
    ) -> None:
        before = self.state_value
        original(self, reason, reason_data, state_value)
        if before != state_value:
            _tell(state, self, before)


def _tell(state: State, alarm: Alarm, before: str) -> None:
    _, _, _, region, account, *_ = alarm.alarm_arn.split(":")
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmArn": alarm.alarm_arn,
        "NewStateValue": alarm.state_value,
        "OldStateValue": before,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": now.replace("+00:00", "+0000"),
        "Region": region,
    }
    if alarm.actions_enabled:
        for action in getattr(alarm, ACTIONS[alarm.state_value]) or []:
            state.work.submit(lambda arn=action: _act(state, arn, message))  # type: ignore[misc]  # mypy cannot infer a lambda with default
    detail = {
        "alarmName": alarm.name,
        "state": {"value": alarm.state_value, "reason": alarm.state_reason, "timestamp": now},
        "previousState": {"value": before},
        "configuration": {"description": alarm.description or ""},
    }
    event = event_of(
        account,
        region,
        source="aws.cloudwatch",
        kind="CloudWatch Alarm State Change",
        resources=[alarm.alarm_arn],
        detail=detail,
    )
    publish(account, region, "default", event)


def _act(state: State, arn: str, message: dict[str, Any]) -> None:
    if ":sns:" in arn:
        subject = f'{message["NewStateValue"]}: "{message["AlarmName"]}" in {message["Region"]}'
        state.send(arn, json.dumps(message), subject=subject[:100])
    else:
        state.send(arn, json.dumps({"source": "aws.cloudwatch", "alarmData": message}))


class Watch:
    """Evaluates alarms."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._last = 0.0

    def tick(self) -> None:
        """Evaluate every alarm of every account and region; composite ones last."""
        now = time.monotonic()
        if self._state.pace.factor == 1 and now - self._last < TICK_SECONDS:
            return
        self._last = now
        for regions in list(cloudwatch_backends.values()):
            for region, backend in list(regions.items()):
                if region in self._state.outages.describe():
                    continue
                found = list(backend.alarms.values())
                for alarm in sorted(found, key=lambda alarm: alarm.rule is not None):
                    self._evaluate(backend, alarm)

    def _evaluate(self, backend: CloudWatchBackend, alarm: Alarm) -> None:
        try:
            new = self._composite(backend, alarm) if alarm.rule else self._metric(backend, alarm)
        except ValueError:
            return  # beyond what is emulated: its state stays
        if new is not None and new != alarm.state_value:
            alarm.update_state("Threshold crossed, as the sandbox evaluated it", "{}", new)

    def _composite(self, backend: CloudWatchBackend, alarm: Alarm) -> str:
        def state(name: str) -> str | None:
            other = backend.alarms.get(name.rpartition(":alarm:")[2])
            return other.state_value if other else None

        holds = alarms.composite(str(alarm.rule), state)
        return alarms.ALARM if holds else alarms.OK

    def _metric(self, backend: CloudWatchBackend, alarm: Alarm) -> str | None:
        compare = alarms.COMPARISONS.get(alarm.comparison_operator)
        if compare is None or alarm.threshold is None:
            return None  # anomaly detection
        count = int(alarm.evaluation_periods)
        points, spaces = self._points(backend, alarm, count)
        missing = alarm.treat_missing_data or "missing"
        if spaces & set(IGNORED):
            missing = "ignore"
        if not alarm.history and all(point is None for point in points) and missing == "ignore":
            return None
        threshold = float(alarm.threshold)
        return alarms.state_of(
            points,
            lambda value: compare(value, threshold),
            int(alarm.datapoints_to_alarm or count),
            missing,
            alarm.state_value,
        )

    def _points(
        self, backend: CloudWatchBackend, alarm: Alarm, count: int
    ) -> tuple[list[float | None], set[str]]:
        if not alarm.metric_data_queries:
            statistic = alarm.statistic or alarm.extended_statistic or "Average"
            key = _key(alarm.namespace, alarm.metric_name, alarm.dimensions)
            return self._series(backend, key, alarm.period, statistic, count), {alarm.namespace}
        found: dict[str, list[float | None]] = {}
        spaces: set[str] = set()
        for query in alarm.metric_data_queries:
            if stat := query.metric_stat:
                metric = stat.metric
                spaces.add(metric.namespace)
                key = _key(metric.namespace, metric.metric_name, metric.dimensions)
                found[query.id] = self._series(backend, key, stat.period, stat.stat, count)
        expressions = [query for query in alarm.metric_data_queries if query.expression]
        for query in expressions:
            found[query.id] = metric_math.evaluate(str(query.expression), found, count)
        returned = [query.id for query in alarm.metric_data_queries if _is_returned(query)]
        return found[returned[-1]], spaces

    def _series(
        self, backend: CloudWatchBackend, key: Key, period: Any, statistic: str, count: int
    ) -> list[float | None]:
        """The newest periods, the oldest first; periods are as short as the pace makes them."""
        seconds = max(float(period) / self._state.pace.factor, FAST_TICK_SECONDS)
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        values: list[list[float]] = [[] for _ in range(count)]
        for datum in reversed(list(_kept(backend).get(key, ()))):
            number = int((now - datum.timestamp).total_seconds() // seconds)
            if number > count:
                break
            if 0 <= number < count:
                values[count - 1 - number].append(_value(datum, statistic))
        return [alarms.statistic_of(found, statistic) for found in values]


def _key(namespace: str, name: str, dimensions: list[Any]) -> Key:
    return namespace, name, frozenset((found.name, found.value) for found in dimensions)


def _kept(backend: CloudWatchBackend) -> dict[Key, deque[Any]]:
    """The values of a backend by their metric; they go with the backend."""
    found: dict[Key, deque[Any]] = backend.__dict__.setdefault("pytg_kept", {})
    return found


def _value(datum: Any, statistic: str) -> float:
    if hasattr(datum, "value"):
        return float(datum.value)
    values = {"Sum": datum.sum, "Maximum": datum.max, "Minimum": datum.min}
    return float(values.get(statistic, datum.sum / (datum.sample_count or 1)))


def _is_returned(query: Any) -> bool:
    return str(query.return_data).lower() != "false"
