"""Lambda functions fed from queues and streams."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.lambda_code import create_function, create_role
from support.sandbox_server import SandboxServer, eventually

pytestmark = pytest.mark.slow

# Writes down what it sees in the bucket `seen`; fails as the record says.
CONSUMER = """
import boto3, json, uuid
s3 = boto3.client("s3")
def handler(event, context):
    failures, bad = [], False
    for record in event["Records"]:
        if "body" in record:
            identity, body = record["messageId"], record["body"]
        else:
            image = record["dynamodb"].get("NewImage") or record["dynamodb"]["OldImage"]
            identity, body = record["dynamodb"]["SequenceNumber"], image["id"]["S"]
        if "poison" in body:
            failures.append({"itemIdentifier": identity})
            continue
        if "crash" in body:
            bad = True
            continue
        name = "%s/%s/%s" % (body, len(event["Records"]), uuid.uuid4())
        s3.put_object(Bucket="seen", Key=name, Body=json.dumps(record).encode())
    if bad:
        raise RuntimeError("crash")
    return {"batchItemFailures": failures}
"""


@pytest.fixture(autouse=True)
def function(sandbox: SandboxServer) -> str:
    create_role(sandbox)
    sandbox.client("s3").create_bucket(Bucket="seen")
    return create_function(sandbox, "consumer", CONSUMER)


def seen(sandbox: SandboxServer) -> list[str]:
    found = sandbox.client("s3").list_objects_v2(Bucket="seen").get("Contents", [])
    return sorted(entry["Key"].split("/")[0] for entry in found)


def queue(sandbox: SandboxServer, name: str, **attributes: str) -> tuple[str, str]:
    url = sandbox.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"


def bodies(sandbox: SandboxServer, url: str) -> list[str]:
    sqs = sandbox.client("sqs")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [message["Body"] for message in found.get("Messages", [])]


def map_queue(sandbox: SandboxServer, arn: str, **settings: Any) -> str:
    mapping = sandbox.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName="consumer", **settings
    )
    identity: str = mapping["UUID"]
    return identity


def test_a_queue_with_partial_failures(sandbox: SandboxServer) -> None:
    letters_url, letters = queue(sandbox, "letters")
    policy = json.dumps({"deadLetterTargetArn": letters, "maxReceiveCount": 2})
    url, arn = queue(sandbox, "work", RedrivePolicy=policy, VisibilityTimeout="180")
    map_queue(sandbox, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    sqs = sandbox.client("sqs")
    texts = [f"document-{number}" for number in range(12)] + ["poison"]
    for text in texts:
        sqs.send_message(QueueUrl=url, MessageBody=text)
    assert eventually(lambda: bodies(sandbox, letters_url)) == ["poison"]
    assert seen(sandbox) == sorted(texts[:-1])
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["RedrivePolicy"] == policy.replace(" ", "")


def test_a_queue_without_partial_failures(sandbox: SandboxServer) -> None:
    letters_url, letters = queue(sandbox, "letters")
    policy = json.dumps({"deadLetterTargetArn": letters, "maxReceiveCount": 1})
    url, arn = queue(sandbox, "work", RedrivePolicy=policy)
    sqs = sandbox.client("sqs")
    entries = [{"Id": text, "MessageBody": text} for text in ("fine", "crash")]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    map_queue(sandbox, arn, BatchSize=10)
    assert eventually(lambda: len(bodies(sandbox, letters_url)) == 2)


def test_a_mapping_turned_off_and_on(sandbox: SandboxServer) -> None:
    url, arn = queue(sandbox, "work")
    identity = map_queue(sandbox, arn, Enabled=False)
    sandbox.client("sqs").send_message(QueueUrl=url, MessageBody="later")
    assert seen(sandbox) == []
    sandbox.client("lambda").update_event_source_mapping(UUID=identity, Enabled=True)
    assert eventually(lambda: seen(sandbox)) == ["later"]


def table(sandbox: SandboxServer) -> str:
    created = sandbox.client("dynamodb").create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    arn: str = created["TableDescription"]["LatestStreamArn"]
    return arn


def put(sandbox: SandboxServer, *names: str, **attributes: str) -> None:
    for name in names:
        item = {"id": {"S": name}, **{key: {"S": value} for key, value in attributes.items()}}
        sandbox.client("dynamodb").put_item(TableName="records", Item=item)


def test_a_stream_with_a_filter_and_partial_failures(sandbox: SandboxServer) -> None:
    arn = table(sandbox)
    put(sandbox, "before", origin="here")
    url, failures = queue(sandbox, "failures")
    pattern = json.dumps({"dynamodb": {"NewImage": {"origin": {"S": ["here"]}}}})
    sandbox.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName="consumer",
        StartingPosition="LATEST",
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    put(sandbox, "a", "b", origin="here")
    put(sandbox, "c", origin="elsewhere")
    put(sandbox, "poison", origin="here")
    put(sandbox, "d", origin="here")
    assert eventually(lambda: "d" in seen(sandbox))
    assert sorted(set(seen(sandbox))) == ["a", "b", "d"]
    (body,) = eventually(lambda: bodies(sandbox, url))
    record = json.loads(body)
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["DDBStreamBatchInfo"]["streamArn"] == arn


def test_a_stream_with_bisection_and_whole_records_in_a_bucket(sandbox: SandboxServer) -> None:
    arn = table(sandbox)
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="dead-letters")
    put(sandbox, "a", "b", "crash", "c", "d")
    sandbox.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName="consumer",
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::dead-letters"}},
    )
    (entry,) = eventually(lambda: s3.list_objects_v2(Bucket="dead-letters").get("Contents"))
    assert set(seen(sandbox)) == {"a", "b", "c", "d"}
    assert entry["Key"].startswith("aws/lambda/")
    body = s3.get_object(Bucket="dead-letters", Key=entry["Key"])["Body"].read()
    (lost,) = json.loads(json.loads(body)["payload"])["Records"]
    assert lost["dynamodb"]["NewImage"]["id"]["S"] == "crash"


def test_the_stream_of_a_replica(sandbox: SandboxServer) -> None:
    table(sandbox)
    update = [{"Create": {"RegionName": "eu-west-1"}}]
    sandbox.client("dynamodb").update_table(TableName="records", ReplicaUpdates=update)
    create_function(sandbox, "consumer", CONSUMER, region="eu-west-1")
    there = sandbox.client("dynamodb", "eu-west-1").describe_table(TableName="records")["Table"]
    sandbox.client("lambda", "eu-west-1").create_event_source_mapping(
        EventSourceArn=there["LatestStreamArn"],
        FunctionName="consumer",
        StartingPosition="LATEST",
    )
    put(sandbox, "replicated")
    assert eventually(lambda: seen(sandbox)) == ["replicated"]
