"""Alarms fire; replication and queues are measured."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from support.sandbox_server import ACCOUNT, SandboxServer, eventually

pytestmark = pytest.mark.slow
HERE, THERE = "us-east-1", "eu-west-1"


def alarm(sandbox: SandboxServer, name: str, region: str = HERE, **settings: Any) -> None:
    sandbox.client("cloudwatch", region).put_metric_alarm(
        **{
            "AlarmName": name,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 10,
            **settings,
        }
    )


def state(sandbox: SandboxServer, name: str, region: str = HERE) -> str:
    found = sandbox.client("cloudwatch", region).describe_alarms(
        AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    (one,) = found["MetricAlarms"] + found["CompositeAlarms"]
    value: str = one["StateValue"]
    return value


def put(sandbox: SandboxServer, value: float) -> None:
    dimensions = [{"Name": "from", "Value": HERE}, {"Name": "to", "Value": THERE}]
    datum = {"MetricName": "Lag", "Value": value, "Dimensions": dimensions}
    sandbox.client("cloudwatch").put_metric_data(Namespace="docs", MetricData=[datum])


LAG = {
    "Namespace": "docs",
    "MetricName": "Lag",
    "Dimensions": [{"Name": "from", "Value": HERE}, {"Name": "to", "Value": THERE}],
    "Statistic": "Maximum",
    "Period": 60,
}


def test_an_alarm_its_topic_its_event_and_a_composite(sandbox: SandboxServer) -> None:
    sandbox.control.pace(30)
    sqs, sns, events = (sandbox.client(name) for name in ("sqs", "sns", "events"))
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("topic", "events")}
    arns = {name: f"arn:aws:sqs:{HERE}:{ACCOUNT}:{name}" for name in urls}
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns["topic"])
    pattern = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}
    events.put_rule(Name="alarms", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="alarms", Targets=[{"Id": "1", "Arn": arns["events"]}])
    alarm(sandbox, "lag", AlarmActions=[topic], TreatMissingData="notBreaching", **LAG)
    sandbox.client("cloudwatch").put_composite_alarm(
        AlarmName="not ready", AlarmRule='ALARM("lag") OR ALARM("other")'
    )
    assert eventually(lambda: state(sandbox, "lag") == "OK")
    put(sandbox, 11)
    (notice,) = eventually(lambda: sqs.receive_message(QueueUrl=urls["topic"]).get("Messages"))
    told = json.loads(json.loads(notice["Body"])["Message"])
    assert (told["AlarmName"], told["NewStateValue"], told["OldStateValue"]) == (
        "lag",
        "ALARM",
        "OK",
    )
    (event,) = eventually(lambda: sqs.receive_message(QueueUrl=urls["events"]).get("Messages"))
    assert json.loads(event["Body"])["detail-type"] == "CloudWatch Alarm State Change"
    assert eventually(lambda: state(sandbox, "not ready") == "OK")
    assert eventually(lambda: state(sandbox, "lag") == "OK")


def test_metric_math_in_an_alarm(sandbox: SandboxServer) -> None:
    sandbox.control.pace(30)
    stat = {
        "Metric": {k: LAG[k] for k in ("Namespace", "MetricName", "Dimensions")},
        "Period": 60,
        "Stat": "Maximum",
    }
    queries = [
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        {"Id": "e1", "Expression": "FILL(m1, 0) * 2", "ReturnData": True},
    ]
    alarm(sandbox, "double", Metrics=queries)
    assert eventually(lambda: state(sandbox, "double") == "OK")
    put(sandbox, 6)
    assert eventually(lambda: state(sandbox, "double") == "ALARM")


def replicate(sandbox: SandboxServer) -> None:
    for region, name in ((HERE, "docs-here"), (THERE, "docs-there")):
        s3 = sandbox.client("s3", region)
        where = (
            {} if region == HERE else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        s3.create_bucket(Bucket=name, **where)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "there",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": "arn:aws:s3:::docs-there", "Metrics": {"Status": "Enabled"}},
    }
    sandbox.client("s3").put_bucket_replication(
        Bucket="docs-here",
        ReplicationConfiguration={"Role": f"arn:aws:iam::{ACCOUNT}:role/r", "Rules": [rule]},
    )


PIPE = [
    {"Name": "SourceBucket", "Value": "docs-here"},
    {"Name": "DestinationBucket", "Value": "docs-there"},
    {"Name": "RuleId", "Value": "there"},
]


def measured(sandbox: SandboxServer, region: str) -> set[str]:
    found = sandbox.client("cloudwatch", region).list_metrics(Namespace="AWS/S3")["Metrics"]
    return {metric["MetricName"] for metric in found if metric["Dimensions"] == PIPE}


def test_an_alarm_on_injected_lag_of_s3(sandbox: SandboxServer) -> None:
    sandbox.control.pace(30)
    replicate(sandbox)
    pending = {"Namespace": "AWS/S3", "MetricName": "OperationsPendingReplication", "Threshold": 0}
    alarm(sandbox, "pending", THERE, **pending, Dimensions=PIPE, Statistic="Maximum", Period=60)
    sandbox.control.pause("s3", HERE, THERE)
    sandbox.client("s3").put_object(Bucket="docs-here", Key="a", Body=b"12345")
    assert eventually(lambda: state(sandbox, "pending", THERE) == "ALARM")
    sandbox.control.resume()
    assert eventually(lambda: state(sandbox, "pending", THERE) == "OK")
    now = dt.datetime.now(dt.UTC)
    found = sandbox.client("cloudwatch", THERE).get_metric_statistics(
        Namespace="AWS/S3",
        MetricName="BytesPendingReplication",
        Dimensions=PIPE,
        StartTime=now - dt.timedelta(minutes=5),
        EndTime=now + dt.timedelta(minutes=5),
        Period=600,
        Statistics=["Maximum"],
    )
    assert max(point["Maximum"] for point in found["Datapoints"]) == 5
    assert measured(sandbox, HERE) == {"OperationsFailedReplication"}


def test_failed_replication_is_counted_in_the_source(sandbox: SandboxServer) -> None:
    replicate(sandbox)
    sandbox.client("s3", THERE).put_bucket_versioning(
        Bucket="docs-there", VersioningConfiguration={"Status": "Suspended"}
    )
    sandbox.client("s3").put_object(Bucket="docs-here", Key="a", Body=b"1")
    assert eventually(lambda: measured(sandbox, HERE)) == {"OperationsFailedReplication"}


def test_the_lag_of_a_global_table_is_measured_in_the_source(sandbox: SandboxServer) -> None:
    tables = sandbox.client("dynamodb")
    tables.create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    tables.update_table(TableName="records", ReplicaUpdates=[{"Create": {"RegionName": THERE}}])
    tables.put_item(TableName="records", Item={"id": {"S": "1"}})
    watch = sandbox.client("cloudwatch", HERE)
    (metric,) = eventually(lambda: watch.list_metrics(Namespace="AWS/DynamoDB")["Metrics"])
    names = {found["Name"]: found["Value"] for found in metric["Dimensions"]}
    assert (metric["MetricName"], names) == (
        "ReplicationLatency",
        {"TableName": "records", "ReceivingRegion": THERE},
    )


def test_dead_letters_raise_an_alarm(sandbox: SandboxServer) -> None:
    sandbox.control.pace(30)
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    alarm(
        sandbox,
        "dead",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
        Period=60,
        Threshold=0,
        TreatMissingData="notBreaching",
    )
    assert eventually(lambda: state(sandbox, "dead") == "OK")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert eventually(lambda: state(sandbox, "dead") == "ALARM")


def test_a_metric_is_found_by_its_dimensions_in_any_order(sandbox: SandboxServer) -> None:
    cloudwatch = sandbox.client("cloudwatch")
    names = ("SourceBucket", "DestinationBucket", "RuleId")
    dimensions = [{"Name": name, "Value": f"value of {name}"} for name in names]
    datum = {"MetricName": "Pending", "Value": 3, "Dimensions": dimensions}
    cloudwatch.put_metric_data(Namespace="docs", MetricData=[datum])
    now = dt.datetime.now(dt.UTC)
    for asked in (dimensions, dimensions[::-1], sorted(dimensions, key=lambda d: d["Name"])):
        metric = {"Namespace": "docs", "MetricName": "Pending", "Dimensions": asked}
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
        found = cloudwatch.get_metric_data(
            MetricDataQueries=[query],
            StartTime=now - dt.timedelta(minutes=5),
            EndTime=now + dt.timedelta(minutes=1),
        )
        assert found["MetricDataResults"][0]["Values"] == [3.0]


def test_a_policy_may_name_batch_jobs(sandbox: SandboxServer) -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["s3:DescribeJob"],
        "Resource": [f"arn:aws:s3:{HERE}:{ACCOUNT}:job/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = sandbox.client("iam").create_policy(PolicyName="jobs", PolicyDocument=policy)
    assert made["Policy"]["PolicyName"] == "jobs"
