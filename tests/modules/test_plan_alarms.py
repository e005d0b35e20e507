"""Alarms in the plan of a whole environment, against what CloudWatch is known to publish.

An alarm with a wrong region, dimension or statistic is made without an error and never gets data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from support.whole_plan import ENVIRONMENT, PEER, SOURCE, TARGET, Resource, WholePlan, plan

__all__ = ["plan"]

pytestmark = pytest.mark.slow

OWN = "docmig"
AGE, VISIBLE = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"


@dataclass(frozen=True)
class Fact:
    """What is known about a metric.

    `statistics` are those that get data, `missing` is how no data must be taken, `here` names the
    dimension that says which region publishes it, with that region: of the alarm, or its peer.
    """

    dimensions: frozenset[str]
    statistics: frozenset[str]
    missing: str
    here: Mapping[str, str]


def fact(dimensions: str, statistics: str, missing: str, **here: str) -> Fact:
    return Fact(frozenset(dimensions.split()), frozenset(statistics.split()), missing, here)


# S3 publishes what is late in the destination's region, what failed in the source's. CloudWatch
# ignores missing data of AWS/DynamoDB whatever an alarm says. ReplicationLatency knows no
# percentile, and comes from the region of the write.
COPIES = "SourceBucket DestinationBucket RuleId"
BEAT = "environment service from_region to_region"
INBOUND = {"SourceBucket": "peer", "DestinationBucket": "own"}
OUTBOUND = {"SourceBucket": "own", "DestinationBucket": "peer"}
FACTS = {
    "AWS/S3 ReplicationLatency": fact(COPIES, "Maximum", "ignore", **INBOUND),
    "AWS/S3 BytesPendingReplication": fact(COPIES, "Maximum", "ignore", **INBOUND),
    "AWS/S3 OperationsPendingReplication": fact(COPIES, "Maximum", "ignore", **INBOUND),
    "AWS/S3 OperationsFailedReplication": fact(COPIES, "Sum", "notBreaching", **OUTBOUND),
    "AWS/DynamoDB ReplicationLatency": fact(
        "TableName ReceivingRegion", "Average Maximum", "ignore", ReceivingRegion="peer"
    ),
    "AWS/DynamoDB ThrottledRequests": fact("TableName Operation", "Sum", "ignore"),
    "AWS/DynamoDB SystemErrors": fact("TableName Operation", "Sum", "ignore"),
    "AWS/DynamoDB ReadThrottleEvents": fact("TableName", "Sum", "ignore"),
    "AWS/DynamoDB WriteThrottleEvents": fact("TableName", "Sum", "ignore"),
    "AWS/DynamoDB ConsumedReadCapacityUnits": fact("TableName", "Sum", "ignore"),
    "AWS/DynamoDB ConsumedWriteCapacityUnits": fact("TableName", "Sum", "ignore"),
    "AWS/Lambda Errors": fact("FunctionName", "Sum", "notBreaching", FunctionName="own"),
    "AWS/Lambda Throttles": fact("FunctionName", "Sum", "notBreaching", FunctionName="own"),
    "AWS/Lambda Duration": fact("FunctionName", "p99", "notBreaching", FunctionName="own"),
    "AWS/Lambda IteratorAge": fact("FunctionName", "Maximum", "notBreaching", FunctionName="own"),
    "AWS/Lambda AsyncEventsDropped": fact("FunctionName", "Sum", "notBreaching"),
    "AWS/Lambda DeadLetterErrors": fact("FunctionName", "Sum", "notBreaching"),
    "AWS/Lambda DestinationDeliveryFailures": fact("FunctionName", "Sum", "notBreaching"),
    "AWS/Lambda OnFailureDestinationDeliveredEventCount": fact(
        "EventSourceMappingUUID", "Sum", "notBreaching"
    ),
    "AWS/SQS ApproximateAgeOfOldestMessage": fact("QueueName", "Maximum", "notBreaching"),
    "AWS/SQS ApproximateNumberOfMessagesVisible": fact("QueueName", "Maximum", "notBreaching"),
    "AWS/States ExecutionsAborted": fact("StateMachineArn", "Sum", "notBreaching"),
    "AWS/States ExecutionsFailed": fact("StateMachineArn", "Sum", "notBreaching"),
    "AWS/States ExecutionsTimedOut": fact("StateMachineArn", "Sum", "notBreaching"),
    "AWS/States ExecutionThrottled": fact("StateMachineArn", "Sum", "notBreaching"),
    "AWS/Events FailedInvocations": fact("RuleName EventBusName?", "Sum", "notBreaching"),
    "AWS/Events InvocationsSentToDlq": fact("RuleName EventBusName?", "Sum", "notBreaching"),
    f"{OWN} CrossRegionVisibleLagMs": fact(
        BEAT, "Maximum", "breaching", from_region="own", to_region="peer"
    ),
    f"{OWN} SentinelPendingMs": fact(
        BEAT, "Maximum", "breaching", from_region="own", to_region="peer"
    ),
    f"{OWN} PeerSilenceMs": fact(BEAT, "Maximum", "breaching", from_region="peer", to_region="own"),
    f"{OWN} SyncFailed": fact("environment service", "Sum", "notBreaching"),
    f"{OWN} ChecksumMismatch": fact("environment service", "Sum", "notBreaching"),
}

# Ids, known after the first apply: the module's own test looks at them.
CHOSEN_BY_AWS = {"EventSourceMappingUUID"}


@dataclass(frozen=True)
class Watch:
    """One metric that an alarm looks at."""

    alarm: Resource
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int

    @property
    def place(self) -> str:
        return f"{self.alarm.address}: {self.metric} {dict(self.dimensions)}"


def watches(plan: WholePlan) -> list[Watch]:
    """Every metric of every alarm."""
    found = []
    for alarm in plan.of("aws_cloudwatch_metric_alarm"):
        values = alarm.values
        for metric in [q["metric"][0] for q in values["metric_query"] if q["metric"]] or [values]:
            statistic = metric.get("stat") or metric["statistic"] or metric["extended_statistic"]
            name = f"{metric['namespace']} {metric['metric_name']}"
            dimensions = metric.get("dimensions") or {}
            found.append(Watch(alarm, name, dimensions, statistic, metric["period"]))
    return found


def of_metric(plan: WholePlan, metric: str) -> list[Watch]:
    found = [w for w in watches(plan) if w.metric == metric]
    assert {w.alarm.region for w in found} == {SOURCE, TARGET}, "both regions are watched"
    return found


def test_every_alarm_watches_a_known_metric(plan: WholePlan) -> None:
    assert {w.metric for w in watches(plan)} == set(FACTS)


@pytest.mark.parametrize("metric", sorted(FACTS))
def test_statistic_period_and_missing_data(plan: WholePlan, metric: str) -> None:
    known = FACTS[metric]
    for watch in of_metric(plan, metric):
        assert watch.statistic in known.statistics, watch.place
        assert watch.alarm.values["treat_missing_data"] == known.missing, watch.place
        assert watch.period == 60, watch.place
        values = watch.alarm.values
        assert 1 <= values["datapoints_to_alarm"] <= values["evaluation_periods"], watch.place
        assert values["threshold"] is not None, watch.place
        low = values.get("evaluate_low_sample_count_percentiles")
        assert (low == "ignore") is watch.statistic.startswith("p"), watch.place


@pytest.mark.parametrize("metric", sorted(FACTS))
def test_dimensions_and_the_region_that_publishes(plan: WholePlan, metric: str) -> None:
    known = FACTS[metric]
    must = {d for d in known.dimensions if not d.endswith("?")}
    may = {d.rstrip("?") for d in known.dimensions}
    for watch in of_metric(plan, metric):
        if must == CHOSEN_BY_AWS:
            assert not watch.alarm.knows("dimensions"), watch.place
            continue
        assert must <= set(watch.dimensions) <= may, watch.place
        regions = {"own": watch.alarm.region, "peer": PEER[watch.alarm.region]}
        for dimension, which in known.here.items():
            assert regions[which] in watch.dimensions[dimension], watch.place


def test_what_is_watched_is_made_in_the_alarms_region(plan: WholePlan) -> None:
    made = {
        "FunctionName": names(plan, "aws_lambda_function", "function_name"),
        "QueueName": names(plan, "aws_sqs_queue", "name"),
        "RuleName": names(plan, "aws_cloudwatch_event_rule", "name"),
        "EventBusName": names(plan, "aws_cloudwatch_event_bus", "name"),
        "StateMachineArn": names(plan, "aws_sfn_state_machine", "name"),
    }
    rules = [r.values["rule"] for r in plan.of("aws_s3_bucket_replication_configuration")]
    tables = plan.of("aws_dynamodb_table")
    everywhere = {t.values["name"] for t in tables if t.values["replica"]}
    regional = {(t.region, t.values["name"]) for t in tables}
    buckets = {b.values["bucket"] for b in plan.of("aws_s3_bucket")}
    for watch in watches(plan):
        region = watch.alarm.region
        for dimension, value in watch.dimensions.items():
            if dimension in made:
                assert (region, value.rpartition(":")[2]) in made[dimension], watch.place
            elif dimension == "TableName":
                assert value in everywhere or (region, value) in regional, watch.place
            elif dimension in ("SourceBucket", "DestinationBucket"):
                assert value in buckets, watch.place
            elif dimension == "RuleId":
                assert [rule["id"] for (rule,) in rules] == [value, value], watch.place
            elif dimension == "environment":
                assert value == ENVIRONMENT, watch.place


def names(plan: WholePlan, kind: str, attribute: str) -> set[tuple[str, str]]:
    return {(r.region, r.values[attribute]) for r in plan.of(kind)}


def test_events_metrics_name_the_bus_where_it_is_not_the_default(plan: WholePlan) -> None:
    buses = {r.values["name"]: r.values for r in plan.of("aws_cloudwatch_event_rule")}
    for watch in watches(plan):
        if "RuleName" in watch.dimensions:
            bus = buses[watch.dimensions["RuleName"]]["event_bus_name"]
            named = watch.dimensions.get("EventBusName", "default")
            assert named == (bus or "default"), watch.place


# What must be watched, by the resources that are there: F1 to F4.
WATCHED = {
    "AWS/Lambda Errors": ("aws_lambda_function", "function_name", "FunctionName"),
    "AWS/Lambda Throttles": ("aws_lambda_function", "function_name", "FunctionName"),
    "AWS/Events FailedInvocations": ("aws_cloudwatch_event_rule", "name", "RuleName"),
    "AWS/Events InvocationsSentToDlq": ("aws_cloudwatch_event_rule", "name", "RuleName"),
    "AWS/States ExecutionsFailed": ("aws_sfn_state_machine", "name", "StateMachineArn"),
    "AWS/States ExecutionsTimedOut": ("aws_sfn_state_machine", "name", "StateMachineArn"),
}


@pytest.mark.parametrize("metric", sorted(WATCHED))
def test_nothing_is_left_unwatched(plan: WholePlan, metric: str) -> None:
    kind, attribute, dimension = WATCHED[metric]
    seen = {
        (w.alarm.region, w.dimensions[dimension].rpartition(":")[2])
        for w in of_metric(plan, metric)
    }
    assert names(plan, kind, attribute) - seen == set()


def test_every_queue_has_its_age_or_its_dead_letters_watched(plan: WholePlan) -> None:
    ages = {w.dimensions["QueueName"] for w in of_metric(plan, f"AWS/SQS {AGE}")}
    counts = {w.dimensions["QueueName"] for w in of_metric(plan, f"AWS/SQS {VISIBLE}")}
    queues = {r.values["name"] for r in plan.of("aws_sqs_queue")}
    assert ages == {q for q in queues if not q.endswith("-dead")}
    assert counts == {q for q in queues if q.endswith("-dead")}


def test_every_table_of_every_region_has_throttles_and_capacity_watched(plan: WholePlan) -> None:
    regional = {
        (region, t.values["name"])
        for t in plan.of("aws_dynamodb_table")
        for region in ([SOURCE, TARGET] if t.values["replica"] else [t.region])
        if t.module != "backend"  # locks are not the migration's
    }
    for name in ("WriteThrottleEvents", "ThrottledRequests", "ConsumedWriteCapacityUnits"):
        found = of_metric(plan, f"AWS/DynamoDB {name}")
        seen = {(w.alarm.region, w.dimensions["TableName"]) for w in found}
        assert seen == regional, name
    copied = {name for _, name in regional if "-global-" in name}
    latency = of_metric(plan, "AWS/DynamoDB ReplicationLatency")
    assert {w.dimensions["TableName"] for w in latency} == copied


def test_the_heartbeat_holds_the_second(plan: WholePlan) -> None:
    for watch in of_metric(plan, f"{OWN} CrossRegionVisibleLagMs"):
        values = watch.alarm.values
        assert values["threshold"] == 1000, watch.place
        assert values["comparison_operator"] == "GreaterThanThreshold", watch.place


def test_every_alarm_tells_the_topic_of_its_region(plan: WholePlan) -> None:
    topics = {
        r.region: f"arn:aws:sns:{r.region}:123456789012:{r.values['name']}"
        for r in plan.of("aws_sns_topic")
    }
    for alarm in plan.of("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"):
        assert alarm.values["alarm_actions"] == [topics[alarm.region]], alarm.address
        assert alarm.values["actions_enabled"] is True, alarm.address


def test_the_composite_of_a_region_is_made_of_its_own_alarms(plan: WholePlan) -> None:
    composites = plan.of("aws_cloudwatch_composite_alarm")
    assert {c.region for c in composites} == {SOURCE, TARGET}
    alarms = names(plan, "aws_cloudwatch_metric_alarm", "alarm_name")
    for composite in composites:
        children = re.findall(r'ALARM\("([^"]+)"\)', composite.values["alarm_rule"])
        assert 1 <= len(children) <= 100, composite.address
        assert {(composite.region, child) for child in children} <= alarms, composite.address
        prefix = f"{ENVIRONMENT}-{composite.region}-cloudwatch-"
        must = {"heartbeat-lag", "s3-replication-failed", "checksum-mismatch"}
        assert {prefix + purpose for purpose in must} <= set(children), composite.address


def widgets(plan: WholePlan) -> list[dict[str, Any]]:
    (dashboard,) = plan.of("aws_cloudwatch_dashboard")
    found: list[dict[str, Any]] = json.loads(dashboard.values["dashboard_body"])["widgets"]
    return found


def test_one_dashboard_shows_both_regions(plan: WholePlan) -> None:
    metrics = [w["properties"] for w in widgets(plan) if w["type"] == "metric"]
    assert {m["region"] for m in metrics} == {SOURCE, TARGET}
    titles = [{m["title"].partition(": ")[2] for m in metrics if m["region"] == r} for r in PEER]
    assert titles[0] == titles[1]
    (readiness,) = [w["properties"] for w in widgets(plan) if w["type"] == "alarm"]
    composites = {c.values["alarm_name"] for c in plan.of("aws_cloudwatch_composite_alarm")}
    assert {arn.rpartition(":alarm:")[2] for arn in readiness["alarms"]} == composites


def test_the_dashboard_shows_every_metric_of_replication(plan: WholePlan) -> None:
    shown = {
        f"{line[0]} {line[1]}"
        for widget in widgets(plan)
        if widget["type"] == "metric"
        for line in widget["properties"]["metrics"]
    }
    wanted = {m for m in FACTS if "Replication" in m or "Consumed" in m or "Lag" in m}
    assert wanted <= shown
