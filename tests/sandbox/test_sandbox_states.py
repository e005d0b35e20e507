"""State machines are executed."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from support.lambda_code import ROLE, create_function, create_role
from support.sandbox_server import ACCOUNT, SandboxServer, eventually

pytestmark = pytest.mark.slow
PICKY = """
def handler(event, context):
    if any("bad" in str(item) for item in event.get("Items", [event])):
        raise ValueError("no good")
    return event
"""


def machine(sandbox: SandboxServer, name: str, states: dict[str, Any]) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    states_client = sandbox.client("stepfunctions")
    answer = states_client.validate_state_machine_definition(definition=definition)
    assert answer["result"] == "OK", answer
    arn: str = states_client.create_state_machine(name=name, definition=definition, roleArn=ROLE)[
        "stateMachineArn"
    ]
    return arn


def start(sandbox: SandboxServer, arn: str, given: Any = None) -> str:
    started = sandbox.client("stepfunctions").start_execution(
        stateMachineArn=arn, input=json.dumps(given or {})
    )
    execution: str = started["executionArn"]
    return execution


def ended(sandbox: SandboxServer, execution: str) -> dict[str, Any]:
    def described() -> dict[str, Any] | None:
        found: dict[str, Any] = sandbox.client("stepfunctions").describe_execution(
            executionArn=execution
        )
        return None if found["status"] == "RUNNING" else found

    found = eventually(described)
    assert found is not None
    return found


def run(sandbox: SandboxServer, states: dict[str, Any], given: Any = None) -> dict[str, Any]:
    return ended(sandbox, start(sandbox, machine(sandbox, "m", states), given))


def task(resource: str, parameters: dict[str, Any], **settings: Any) -> dict[str, Any]:
    more = settings or {"End": True}
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Parameters": parameters,
        **more,
    }


@pytest.fixture(autouse=True)
def picky(sandbox: SandboxServer) -> str:
    create_role(sandbox)
    return create_function(sandbox, "picky", PICKY)


def test_a_function_and_its_error(sandbox: SandboxServer, picky: str) -> None:
    states = {
        "Call": task(
            "lambda:invoke",
            {"FunctionName": picky, "Payload.$": "$"},
            ResultSelector={"answer.$": "$.Payload"},
            Catch=[{"ErrorEquals": ["ValueError"], "Next": "Caught"}],
            End=True,
        ),
        "Caught": {"Type": "Pass", "Result": "caught", "End": True},
    }
    arn = machine(sandbox, "m", states)
    good, bad = start(sandbox, arn, {"a": 1}), start(sandbox, arn, {"a": "bad"})
    assert json.loads(ended(sandbox, good)["output"]) == {"answer": {"a": 1}}
    assert json.loads(ended(sandbox, bad)["output"]) == "caught"


def test_pause_and_resume_with_a_task_token(sandbox: SandboxServer) -> None:
    tables = sandbox.client("dynamodb")
    tables.create_table(
        TableName="checkpoints",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    update = {
        "TableName": "checkpoints",
        "Key": {"id": {"S": "pause"}},
        "UpdateExpression": "SET task_token = :token",
        "ExpressionAttributeValues": {":token": {"S.$": "$$.Task.Token"}},
    }
    resource = "aws-sdk:dynamodb:transactWriteItems.waitForTaskToken"
    pause = task(resource, {"TransactItems": [{"Update": update}]}, HeartbeatSeconds=60, End=True)
    arn = machine(sandbox, "m", {"Pause": pause})

    def token(execution: str) -> str:
        def kept() -> Any:
            found = tables.get_item(TableName="checkpoints", Key={"id": {"S": "pause"}})
            return found.get("Item", {}).get("task_token", {}).get("S")

        assert execution
        value: str = eventually(kept)
        tables.delete_item(TableName="checkpoints", Key={"id": {"S": "pause"}})
        return value

    machines = sandbox.client("stepfunctions")
    first = start(sandbox, arn)
    machines.send_task_success(taskToken=token(first), output='{"go": "on"}')
    told = ended(sandbox, first)
    assert told["status"] == "SUCCEEDED", told
    assert json.loads(told["output"]) == {"go": "on"}
    second = start(sandbox, arn)
    machines.send_task_failure(taskToken=token(second), error="Aborted", cause="by hand")
    told = ended(sandbox, second)
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "Aborted", "by hand")
    third = start(sandbox, arn)
    machines.send_task_heartbeat(taskToken=token(third))
    machines.stop_execution(executionArn=third, error="Enough", cause="of it")
    told = ended(sandbox, third)
    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Enough", "of it")


def test_sdk_integrations_speak_as_on_aws(sandbox: SandboxServer) -> None:
    done = start(sandbox, machine(sandbox, "first", {"P": {"Type": "Pass", "End": True}}))
    ended(sandbox, done)
    describe = task("aws-sdk:sfn:describeExecution", {"ExecutionArn.$": "$.arn"})
    arn = machine(sandbox, "second", {"D": describe})
    output = json.loads(ended(sandbox, start(sandbox, arn, {"arn": done}))["output"])
    assert (output["Status"], output["Input"]) == ("SUCCEEDED", "{}")
    assert output["StartDate"].endswith("Z")
    missing = ended(sandbox, start(sandbox, arn, {"arn": f"{done}x"}))
    assert missing["error"] == "Sfn.ExecutionDoesNotExistException"


def test_a_machine_inside_a_machine_and_one_started_by_an_event(sandbox: SandboxServer) -> None:
    inner = machine(sandbox, "inner", {"P": {"Type": "Pass", "End": True}})
    parameters = {"StateMachineArn": inner, "Input": {"a": 1}}
    states = {"S": task("states:startExecution.sync:2", parameters)}
    outer = machine(sandbox, "outer", states)
    events = sandbox.client("events")
    events.put_rule(Name="begin", EventPattern=json.dumps({"source": ["docs"]}))
    target = {"Id": "1", "Arn": outer, "RoleArn": ROLE}
    events.put_targets(Rule="begin", Targets=[target])
    events.put_events(Entries=[{"Source": "docs", "DetailType": "x", "Detail": "{}"}])
    machines = sandbox.client("stepfunctions")
    (found,) = eventually(lambda: machines.list_executions(stateMachineArn=outer)["executions"])
    assert json.loads(ended(sandbox, found["executionArn"])["output"])["Output"] == {"a": 1}


def distributed(picky: str, **settings: Any) -> dict[str, Any]:
    call = task(
        "lambda:invoke", {"FunctionName": picky, "Payload.$": "$"}, OutputPath="$.Payload", End=True
    )
    return {
        "Type": "Map",
        "Label": "batches",
        "MaxConcurrency": 2,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Call",
            "States": {"Call": call},
        },
        "End": True,
        **settings,
    }


READ = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket.$": "$.bucket"}}
BATCH = {"MaxItemsPerBatch": 2, "BatchInput": {"who.$": "$$.Execution.Name"}}
WRITE = {
    "Resource": "arn:aws:states:::s3:putObject",
    "Parameters": {"Bucket": "results", "Prefix.$": "States.Format('out/{}', $.bucket)"},
}


def test_a_distributed_map_over_a_listing(sandbox: SandboxServer, picky: str) -> None:
    s3 = sandbox.client("s3")
    for bucket in ("items", "results"):
        s3.create_bucket(Bucket=bucket)
    for name in ("a", "b", "c", "bad"):
        s3.put_object(Bucket="items", Key=name, Body=b"1")
    state = distributed(
        picky,
        ItemReader=READ,
        ItemSelector={"key.$": "$$.Map.Item.Value.Key"},
        ItemBatcher=BATCH,
        ResultWriter=WRITE,
        ToleratedFailureCount=2,
    )
    told = run(sandbox, {"M": state}, {"bucket": "items"})
    assert told["status"] == "SUCCEEDED", told
    where = json.loads(told["output"])["ResultWriterDetails"]
    assert where["Key"].startswith("out/items/")

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket="results", Key=key)["Body"].read())

    files = read(where["Key"])["ResultFiles"]
    (good,) = read(files["SUCCEEDED"][0]["Key"])
    assert json.loads(good["Output"]) == {
        "BatchInput": {"who": told["name"]},
        "Items": [{"key": "a"}, {"key": "b"}],  # with `bad` goes `c`
    }
    (bad,) = read(files["FAILED"][0]["Key"])
    assert bad["Error"] == "ValueError"
    machines = sandbox.client("stepfunctions")
    listed = machines.list_executions(stateMachineArn=told["stateMachineArn"])["executions"]
    assert [one["executionArn"] for one in listed] == [told["executionArn"]]
    assert machines.describe_execution(executionArn=bad["ExecutionArn"])["status"] == "FAILED"


def test_a_distributed_map_fails_when_an_item_does(sandbox: SandboxServer, picky: str) -> None:
    state = distributed(picky, ItemsPath="$.items")
    told = run(sandbox, {"M": state}, {"items": ["a", "b"]})
    assert told["status"] == "FAILED"  # a text has no .get
    assert told["error"] == "States.ExceedToleratedFailureThreshold"


def test_executions_are_counted_and_told(sandbox: SandboxServer) -> None:
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:ends"
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="ends")["QueueUrl"]
    events = sandbox.client("events")
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="ends", Targets=[{"Id": "1", "Arn": queue}])
    run(sandbox, {"F": {"Type": "Fail", "Error": "Oops", "Cause": "no"}})
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert json.loads(message["Body"])["detail"]["error"] == "Oops"
    metrics = sandbox.client("cloudwatch").list_metrics(Namespace="AWS/States")["Metrics"]
    assert {found["MetricName"] for found in metrics} >= {"ExecutionsStarted", "ExecutionsFailed"}


def test_reset_ends_what_runs(sandbox: SandboxServer) -> None:
    wait = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}
    execution = start(sandbox, machine(sandbox, "m", wait))
    time.sleep(0.2)
    sandbox.control.reset()
    machines = sandbox.client("stepfunctions")
    with pytest.raises(machines.exceptions.ExecutionDoesNotExist):
        machines.describe_execution(executionArn=execution)
