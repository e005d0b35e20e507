"""Lambda functions run from their zips."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.lambda_code import create_function, create_role, invoke, zipped
from support.sandbox_server import SandboxServer, eventually

pytestmark = pytest.mark.slow

ECHO = """
import os
def handler(event, context):
    print("seen", event)
    return {
        "event": event,
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "region": os.environ["AWS_REGION"],
        "greeting": os.environ["GREETING"],
        "left": context.get_remaining_time_in_millis() > 1000,
        "process": os.getpid(),
    }
"""
WRITER = """
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket=event["bucket"], Key="written", Body=b"by lambda")
    return boto3.client("sts").get_caller_identity()["Arn"]
"""
FAILING = """
import os, sys, time
def handler(event, context):
    if event["how"] == "raise":
        raise ValueError("no good")
    if event["how"] == "exit":
        os._exit(3)
    if event["how"] == "object":
        return object()
    time.sleep(20)
"""
METRIC = """
import json, time
def handler(event, context):
    print(json.dumps({
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
            {"Namespace": "docs", "Dimensions": [["service"]],
             "Metrics": [{"Name": "Ingested", "Unit": "Count"}]}]},
        "service": "ingest", "Ingested": 3}))
"""


@pytest.fixture(autouse=True)
def _role(sandbox: SandboxServer) -> None:
    create_role(sandbox)


def log_lines(sandbox: SandboxServer, group: str) -> list[str]:
    events = sandbox.client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in events]


def test_a_function_runs_warm_and_logs(sandbox: SandboxServer) -> None:
    arn = create_function(sandbox, "echo", ECHO, Environment={"Variables": {"GREETING": "hello"}})
    first, error = invoke(sandbox, "echo", {"a": 1})
    assert error is None
    process = first.pop("process")
    assert first == {
        "event": {"a": 1},
        "name": "echo",
        "arn": arn,
        "region": "us-east-1",
        "greeting": "hello",
        "left": True,
    }
    assert invoke(sandbox, "echo", {"a": 2})[0]["process"] == process
    lines = log_lines(sandbox, "/aws/lambda/echo")
    assert "seen {'a': 1}" in lines
    assert [line.split()[0] for line in lines] == ["START", "seen", "END", "REPORT"] * 2


def test_new_settings_and_new_code_are_used(sandbox: SandboxServer) -> None:
    create_function(sandbox, "echo", ECHO, Environment={"Variables": {"GREETING": "hello"}})
    invoke(sandbox, "echo", {})
    functions = sandbox.client("lambda")
    functions.update_function_configuration(
        FunctionName="echo", Environment={"Variables": {"GREETING": "bye"}}
    )
    assert invoke(sandbox, "echo", {})[0]["greeting"] == "bye"
    functions.update_function_code(
        FunctionName="echo", ZipFile=zipped("def handler(event, context): return 'new'")
    )
    assert invoke(sandbox, "echo", {}) == ("new", None)


def test_versions_and_aliases(sandbox: SandboxServer) -> None:
    create_function(sandbox, "f", "def handler(event, context): return 'one'", Publish=True)
    functions = sandbox.client("lambda")
    alias = functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    functions.update_function_code(
        FunctionName="f", ZipFile=zipped("def handler(event, context): return 'two'")
    )
    assert invoke(sandbox, "f", {}) == ("two", None)
    assert invoke(sandbox, "f", {}, Qualifier="live") == ("one", None)
    assert invoke(sandbox, alias["AliasArn"], {}) == ("one", None)


def test_it_reaches_the_sandbox_as_its_role(sandbox: SandboxServer) -> None:
    sandbox.client("s3").create_bucket(Bucket="from-lambda")
    create_function(sandbox, "writer", WRITER)
    who, error = invoke(sandbox, "writer", {"bucket": "from-lambda"})
    assert error is None
    assert who == "arn:aws:sts::123456789012:assumed-role/function/writer"
    found = sandbox.client("s3").get_object(Bucket="from-lambda", Key="written")
    assert found["Body"].read() == b"by lambda"


@pytest.mark.parametrize(
    ("how", "kind", "text"),
    [
        ("raise", "ValueError", "no good"),
        ("exit", "Runtime.ExitError", "exit status 3"),
        ("object", "Runtime.MarshalError", "not JSON serializable"),
        ("sleep", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ],
)
def test_errors(sandbox: SandboxServer, how: str, kind: str, text: str) -> None:
    create_function(sandbox, "failing", FAILING, Timeout=1)
    payload, error = invoke(sandbox, "failing", {"how": how})
    assert error == "Unhandled"
    assert payload["errorType"] == kind
    assert text in payload["errorMessage"]
    assert invoke(sandbox, "failing", {"how": "raise"})[0]["errorType"] == "ValueError"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import nothing_of_this_name", "Runtime.ImportModuleError"),
        ("handle = 1", "Runtime.HandlerNotFound"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_errors_of_the_start(sandbox: SandboxServer, source: str, kind: str) -> None:
    create_function(sandbox, "broken", source)
    payload, error = invoke(sandbox, "broken", {})
    assert (error, payload["errorType"]) == ("Unhandled", kind)


def test_the_tail_of_the_log(sandbox: SandboxServer) -> None:
    create_function(sandbox, "f", "def handler(event, context): print('hello')")
    answer = sandbox.client("lambda").invoke(FunctionName="f", LogType="Tail")
    assert "hello" in base64.b64decode(answer["LogResult"]).decode()


def test_embedded_metrics_and_those_of_lambda(sandbox: SandboxServer) -> None:
    create_function(sandbox, "metric", METRIC)
    invoke(sandbox, "metric", {})
    watch = sandbox.client("cloudwatch")
    metrics = watch.list_metrics(Namespace="docs")["Metrics"]
    assert metrics == [
        {
            "Namespace": "docs",
            "MetricName": "Ingested",
            "Dimensions": [{"Name": "service", "Value": "ingest"}],
        }
    ]
    names = {found["MetricName"] for found in watch.list_metrics(Namespace="AWS/Lambda")["Metrics"]}
    assert names >= {"Invocations", "Errors", "Duration"}


def test_no_concurrency_is_throttled(sandbox: SandboxServer) -> None:
    create_function(sandbox, "f", "def handler(event, context): return 1")
    functions = sandbox.client("lambda")
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as caught:
        functions.invoke(FunctionName="f")
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    functions.delete_function_concurrency(FunctionName="f")
    assert invoke(sandbox, "f", {}) == (1, None)


def messages(sandbox: SandboxServer, url: str) -> list[dict[str, Any]]:
    return (
        sandbox.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        .get("Messages", [])
    )


def queue(sandbox: SandboxServer, name: str, **attributes: str) -> tuple[str, str]:
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"


def test_asynchronous_invocations_are_retried_and_end_in_destinations(
    sandbox: SandboxServer,
) -> None:
    url, arn = queue(sandbox, "failures")
    letters_url, letters = queue(sandbox, "letters")
    create_function(sandbox, "failing", FAILING, DeadLetterConfig={"TargetArn": letters})
    functions = sandbox.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName="failing",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    event = {"how": "raise"}
    answer = functions.invoke(
        FunctionName="failing", InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202
    (record,) = [json.loads(found["Body"]) for found in eventually(lambda: messages(sandbox, url))]
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestPayload"] == event
    assert record["responsePayload"]["errorMessage"] == "no good"
    (letter,) = eventually(lambda: messages(sandbox, letters_url))
    assert json.loads(letter["Body"]) == event
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no good"


def test_injected_failures(sandbox: SandboxServer) -> None:
    create_function(sandbox, "f", "def handler(event, context): print('ran'); return 1")
    sandbox.control.fail("f", 1.0, when="after")
    assert sandbox.control.details()["failing_functions"] == {"f": {"rate": 1.0, "when": "after"}}
    payload, error = invoke(sandbox, "f", {})
    assert (error, payload["errorType"]) == ("Unhandled", "Sandbox.Injected")
    assert "ran" in log_lines(sandbox, "/aws/lambda/f")
    sandbox.control.fail("f", 0)
    assert invoke(sandbox, "f", {}) == (1, None)
