"""EventBridge delivers; S3 tells it what happens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.lambda_code import create_function, create_role
from support.sandbox_server import ACCOUNT, SandboxServer, eventually

pytestmark = pytest.mark.slow
HERE, THERE = "us-east-1", "eu-west-1"
KEEPER = """
import boto3, json, uuid
def handler(event, context):
    body = json.dumps(event).encode()
    boto3.client("s3").put_object(Bucket="kept", Key=str(uuid.uuid4()), Body=body)
"""


def make_queue(sandbox: SandboxServer, name: str, region: str = HERE) -> str:
    sandbox.client("sqs", region).create_queue(QueueName=name)
    return f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"


def received(sandbox: SandboxServer, arn: str) -> list[dict[str, Any]]:
    _, _, _, region, _, name = arn.split(":")
    sqs = sandbox.client("sqs", region)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [
        {**json.loads(message["Body"]), "attributes": message.get("MessageAttributes")}
        for message in found
    ]


def rule(
    sandbox: SandboxServer,
    name: str,
    targets: list[dict[str, Any]],
    *,
    region: str = HERE,
    bus: str = "default",
    **settings: Any,
) -> None:
    events = sandbox.client("events", region)
    events.put_rule(Name=name, EventBusName=bus, **settings)
    targets = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=targets)


def put(sandbox: SandboxServer, detail: dict[str, Any], *, bus: str = "default") -> None:
    entry = {
        "Source": "docs",
        "DetailType": "moved",
        "Detail": json.dumps(detail),
        "EventBusName": bus,
    }
    answer = sandbox.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


DOCS = {"EventPattern": json.dumps({"source": ["docs"]})}


def test_targets_of_every_kind(sandbox: SandboxServer) -> None:
    create_role(sandbox)
    sandbox.client("s3").create_bucket(Bucket="kept")
    queue = make_queue(sandbox, "direct")
    behind = make_queue(sandbox, "behind-a-topic")
    function = create_function(sandbox, "keeper", KEEPER)
    sns = sandbox.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=behind)
    sandbox.client("logs").create_log_group(logGroupName="/events")
    log = f"arn:aws:logs:{HERE}:{ACCOUNT}:log-group:/events"
    template = '{"key": <key>, "text": "moved <key>"}'
    transformer = {"InputPathsMap": {"key": "$.detail.key"}, "InputTemplate": template}
    targets = [
        {"Arn": queue, "InputTransformer": transformer},
        {"Arn": function, "InputPath": "$.detail"},
        {"Arn": topic},
        {"Arn": log},
    ]
    rule(sandbox, "all", targets, **DOCS)
    put(sandbox, {"key": "a"})
    (direct,) = eventually(lambda: received(sandbox, queue))
    assert (direct["key"], direct["text"]) == ("a", "moved a")
    (notice,) = eventually(lambda: received(sandbox, behind))
    assert json.loads(notice["Message"])["detail"] == {"key": "a"}
    s3 = sandbox.client("s3")
    (kept,) = eventually(lambda: s3.list_objects_v2(Bucket="kept").get("Contents"))
    assert json.loads(s3.get_object(Bucket="kept", Key=kept["Key"])["Body"].read()) == {"key": "a"}
    logs = sandbox.client("logs")
    (line,) = eventually(lambda: logs.filter_log_events(logGroupName="/events")["events"])
    assert json.loads(line["message"])["detail-type"] == "moved"


def test_a_bus_in_another_region_receives_once(sandbox: SandboxServer) -> None:
    for region in (HERE, THERE):
        sandbox.client("events", region).create_event_bus(Name="documents")
    queue = make_queue(sandbox, "arrived", THERE)
    buses = {
        region: f"arn:aws:events:{region}:{ACCOUNT}:event-bus/documents" for region in (HERE, THERE)
    }
    rule(sandbox, "there", [{"Arn": buses[THERE]}], bus="documents", **DOCS)
    back = [{"Arn": buses[HERE]}, {"Arn": queue}]
    rule(sandbox, "back", back, region=THERE, bus="documents", **DOCS)
    put(sandbox, {"n": 1}, bus="documents")
    (event,) = eventually(lambda: received(sandbox, queue))
    assert (event["region"], event["detail"]) == (HERE, {"n": 1})
    sandbox.settle()
    assert received(sandbox, queue) == []


def test_dead_letters_of_a_target(sandbox: SandboxServer) -> None:
    letters = make_queue(sandbox, "letters")
    missing = f"arn:aws:lambda:{HERE}:{ACCOUNT}:function:missing"
    rule(sandbox, "r", [{"Arn": missing, "DeadLetterConfig": {"Arn": letters}}], **DOCS)
    put(sandbox, {"n": 1})
    (letter,) = eventually(lambda: received(sandbox, letters))
    assert letter["detail"] == {"n": 1}
    assert letter["attributes"]["TARGET_ARN"]["StringValue"] == missing
    assert letter["attributes"]["ERROR_CODE"]["StringValue"] == "RESOURCE_NOT_FOUND"


def test_disabled_and_scheduled_rules_match_nothing(sandbox: SandboxServer) -> None:
    queue = make_queue(sandbox, "q")
    rule(sandbox, "off", [{"Arn": queue}], State="DISABLED", **DOCS)
    rule(sandbox, "hourly", [{"Arn": queue}], ScheduleExpression="rate(1 hour)")
    put(sandbox, {"n": 1})
    sandbox.settle()
    assert received(sandbox, queue) == []


def test_schedules_fire(sandbox: SandboxServer) -> None:
    queue = make_queue(sandbox, "ticks")
    sandbox.control.pace(60)
    rule(sandbox, "minutely", [{"Arn": queue}], ScheduleExpression="rate(1 minute)")
    sandbox.client("scheduler").create_schedule(
        Name="also",
        ScheduleExpression="cron(* * * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": queue,
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
            "Input": '{"by": "scheduler"}',
        },
    )
    seen: list[dict[str, Any]] = []

    def both() -> bool:
        seen.extend(received(sandbox, queue))
        kinds = {message.get("detail-type") or message.get("by") for message in seen}
        return kinds == {"Scheduled Event", "scheduler"}

    assert eventually(both)


def test_an_archive_keeps_events(sandbox: SandboxServer) -> None:
    events = sandbox.client("events")
    bus = events.create_event_bus(Name="documents")["EventBusArn"]
    events.create_archive(ArchiveName="all", EventSourceArn=bus)
    put(sandbox, {"n": 1}, bus="documents")
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 1


def replicated_bucket(sandbox: SandboxServer, name: str, target: str, region: str) -> None:
    s3 = sandbox.client("s3", region)
    where = {} if region == HERE else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    sandbox.client("events", region).put_rule(
        Name="objects", EventPattern=json.dumps({"source": ["aws.s3"]})
    )
    arn = make_queue(sandbox, "objects", region)
    sandbox.client("events", region).put_targets(Rule="objects", Targets=[{"Id": "1", "Arn": arn}])
    failures = make_queue(sandbox, "failures", region)
    configuration = {
        "EventBridgeConfiguration": {},
        "QueueConfigurations": [{"QueueArn": failures, "Events": ["s3:Replication:*"]}],
    }
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration=configuration, SkipDestinationValidation=True
    )
    if target:
        replication_rule = {
            "ID": "to-target",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
        }
        s3.put_bucket_replication(
            Bucket=name,
            ReplicationConfiguration={
                "Role": f"arn:aws:iam::{ACCOUNT}:role/r",
                "Rules": [replication_rule],
            },
        )


def test_objects_and_their_replicas_cause_events(sandbox: SandboxServer) -> None:
    replicated_bucket(sandbox, "docs-there", "", THERE)
    replicated_bucket(sandbox, "docs-here", "docs-there", HERE)
    queues = {region: f"arn:aws:sqs:{region}:{ACCOUNT}:objects" for region in (HERE, THERE)}
    s3 = sandbox.client("s3")
    version = s3.put_object(Bucket="docs-here", Key="a b/ü", Body=b"123")["VersionId"]
    for region, bucket in ((HERE, "docs-here"), (THERE, "docs-there")):
        (event,) = eventually(lambda region=region: received(sandbox, queues[region]))
        assert event["detail-type"] == "Object Created"
        assert (event["region"], event["detail"]["bucket"]["name"]) == (region, bucket)
        item = event["detail"]["object"]
        assert (item["key"], item["size"], item["version-id"]) == ("a b/ü", 3, version)
    s3.delete_object(Bucket="docs-here", Key="a b/ü")
    for queue in queues.values():
        (event,) = eventually(lambda queue=queue: received(sandbox, queue))
        assert event["detail-type"] == "Object Deleted"
        assert event["detail"]["deletion-type"] == "Delete Marker Created"
    s3.delete_object(Bucket="docs-here", Key="a b/ü", VersionId=version)
    (event,) = eventually(lambda: received(sandbox, queues[HERE]))
    assert event["detail"]["deletion-type"] == "Permanently Deleted"
    assert event["detail"]["object"]["version-id"] == version


def test_a_failed_replication_is_told_to_a_queue(sandbox: SandboxServer) -> None:
    replicated_bucket(sandbox, "docs-here", "docs-gone", HERE)
    failures = f"arn:aws:sqs:{HERE}:{ACCOUNT}:failures"
    received(sandbox, failures)  # S3's test message
    sandbox.client("s3").put_object(Bucket="docs-here", Key="a b", Body=b"123")
    (message,) = eventually(lambda: [m for m in received(sandbox, failures) if "Records" in m])
    (record,) = message["Records"]
    assert record["eventName"] == "Replication:OperationFailedReplication"
    assert record["s3"]["object"]["key"] == "a+b"
    assert record["replicationEventData"]["replicationRuleId"] == "to-target"
    assert record["replicationEventData"]["failureReason"] == "DstBucketNotFound"
