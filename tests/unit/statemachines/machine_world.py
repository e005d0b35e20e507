"""Executes the state machines in this process: moto's interpreter and tables, Python functions.

The interpreter knows no ItemBatcher and no EXPRESS children: here a batch is one item, and children
are standard ones. Retries do not wait.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest
from definitions import MACHINES, SOURCE, TARGET, definition
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501 - its name
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/machine"
REGIONS = {"migration": SOURCE, "cutover": TARGET, "rollback": SOURCE}
PATIENCE = 60.0
Function = Callable[[dict[str, Any]], Any]
# it takes a second and is asked for at each creation and start; what it makes keeps nothing
parsed = cache(AmazonStateLanguageParser.parse)


@dataclass
class Functions:
    """What each Lambda function answers; `calls` keeps what it was asked."""

    answers: dict[str, Function] = field(default_factory=dict)
    calls: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, parameters: Mapping[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        """Stands for Lambda's Invoke, with the payload read."""
        name, event = parameters["FunctionName"], json.loads(parameters["Payload"])
        try:
            with self._lock:
                self.calls[name].append(event)
                answer = self.answers[name](event)
        except Exception as error:  # noqa: BLE001 - Lambda reports whatever a handler raises
            payload = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": payload}
        return {"StatusCode": 200, "Payload": json.loads(json.dumps(answer))}

    def actions(self, name: str) -> list[str]:
        return [str(call.get("action", call.get("gate"))) for call in self.calls[name]]


class MachineWorld:
    """Two regions with the state machines, a table of checkpoints, two buckets and the buses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.functions = Functions()
        monkeypatch.setattr(AmazonStateLanguageParser, "parse", parsed)
        monkeypatch.setattr(lambda_eval_utils, "_invoke_lambda_function", self.functions.invoke)
        monkeypatch.setattr(StateTaskServiceAwsSdk, "_normalise_parameters", _as_the_sdk)
        monkeypatch.setattr(StateTaskServiceAwsSdk, "_normalise_response", _as_step_functions)
        self.dynamodb = boto3.client("dynamodb", region_name=SOURCE)
        self.s3 = boto3.client("s3", region_name=SOURCE)
        self.arns: dict[str, str] = {}
        self._clients: dict[str, Any] = {}

    def build(self) -> None:
        self.dynamodb.create_table(
            TableName="checkpoints",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        for bucket in ("documents", "ops"):
            self.s3.create_bucket(Bucket=bucket)
        for region in (SOURCE, TARGET):
            self._listen(region)
        for machine in MACHINES:
            text = json.dumps(_for_the_interpreter(definition(machine)))
            made = self.client(machine).create_state_machine(
                name=machine, definition=text, roleArn=ROLE
            )
            self.arns[machine] = made["stateMachineArn"]

    def define(self, machine: str, **other: Any) -> None:
        """Give a machine other values of its template."""
        text = json.dumps(_for_the_interpreter(definition(machine, **other)))
        arn = self.arns[machine]
        self.client(machine).update_state_machine(stateMachineArn=arn, definition=text)

    def start(self, machine: str, **given: Any) -> str:
        """Start an execution; its ARN."""
        started = self.client(machine).start_execution(
            stateMachineArn=self.arns[machine], name=f"run-{uuid4()}", input=json.dumps(given)
        )
        return str(started["executionArn"])

    def result(self, execution: str) -> dict[str, Any]:
        """What DescribeExecution says once it has ended."""
        machine = execution.split(":")[6]
        described: Any = self.eventually(
            lambda: self._ended(self.client(machine).describe_execution(executionArn=execution))
        )
        return dict(described)

    def run(self, machine: str, **given: Any) -> dict[str, Any]:
        """Start an execution and wait for its end."""
        return self.result(self.start(machine, **given))

    def item(self, sk: str, migration: str = "dev-a1") -> dict[str, str]:
        """A checkpoint, its values as text; empty where there is none."""
        key = {"pk": {"S": f"migration#{migration}"}, "sk": {"S": sk}}
        found: Any = self.dynamodb.get_item(TableName="checkpoints", Key=key).get("Item", {})
        return {name: next(iter(value.values())) for name, value in found.items()}

    def pause(self, state: str) -> None:
        self.dynamodb.put_item(
            TableName="checkpoints",
            Item={"pk": {"S": "migration#dev-a1"}, "sk": {"S": "pause"}, "state": {"S": state}},
        )

    def tokens(self) -> list[str]:
        """Tokens of the steps that wait to be resumed."""
        found = self.dynamodb.query(
            TableName="checkpoints",
            KeyConditionExpression="pk = :pk",
            FilterExpression="attribute_exists(task_token)",
            ExpressionAttributeValues={":pk": {"S": "migration#dev-a1"}},
        )
        return [item["task_token"]["S"] for item in found["Items"]]

    def resume(self) -> None:
        """As the README says."""
        self.pause("running")
        for token in self.tokens():
            self.client("migration").send_task_success(taskToken=token, output="{}")

    def events(self, region: str) -> list[dict[str, Any]]:
        """Every event that the bus of a region has got so far."""
        queue = boto3.client("sqs", region_name=region)
        url = queue.get_queue_url(QueueName="told")["QueueUrl"]
        found: list[dict[str, Any]] = []
        while answer := queue.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages"):
            found.extend(json.loads(message["Body"]) for message in answer)
        return found

    def kinds(self, region: str) -> list[str]:
        return [event["detail-type"] for event in self.events(region)]

    @staticmethod
    def eventually(check: Callable[[], Any]) -> Any:
        """The first true answer of `check`; fails when there is none for a minute."""
        deadline = time.monotonic() + PATIENCE
        while not (answer := check()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)
        return answer

    def client(self, machine: str) -> Any:
        region = REGIONS[machine]
        if region not in self._clients:
            self._clients[region] = boto3.client("stepfunctions", region_name=region)
        return self._clients[region]

    @staticmethod
    def _ended(described: dict[str, Any]) -> dict[str, Any] | None:
        return None if described["status"] == "RUNNING" else described

    @staticmethod
    def _listen(region: str) -> None:
        queue = boto3.client("sqs", region_name=region)
        events = boto3.client("events", region_name=region)
        url = queue.create_queue(QueueName="told")["QueueUrl"]
        arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        events.create_event_bus(Name="bus")
        events.put_rule(
            Name="all", EventBusName="bus", EventPattern='{"source":[{"prefix":"doc"}]}'
        )
        events.put_targets(
            Rule="all", EventBusName="bus", Targets=[{"Id": "told", "Arn": arn["QueueArn"]}]
        )


def _as_the_sdk(self: Any, parameters: dict[str, Any], **_: Any) -> None:
    """Step Functions names every parameter in PascalCase; moto hands them on as they are."""
    if self.resource.api_name == "sfn":
        for name in list(parameters):
            parameters[name[0].lower() + name[1:]] = parameters.pop(name)


def _as_step_functions(self: Any, response: dict[str, Any], **_: Any) -> None:
    if self.resource.api_name == "sfn":
        for name in list(response):
            response[name[0].upper() + name[1:]] = response.pop(name)


def _for_the_interpreter(node: Any) -> Any:
    if isinstance(node, list):
        return [_for_the_interpreter(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    made = {key: _for_the_interpreter(inner) for key, inner in node.items()}
    batcher = made.pop("ItemBatcher", None)
    if batcher:
        batch = batcher["BatchInput"]
        made["ItemSelector"] = {"Items.$": "States.Array($$.Map.Item.Value)", "BatchInput": batch}
    if made.get("ExecutionType") == "EXPRESS":
        made["ExecutionType"] = "STANDARD"
    if made.get("InputType") == "MANIFEST":
        made |= {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
    if "JitterStrategy" in made:
        made |= {"IntervalSeconds": 1, "MaxDelaySeconds": 1, "MaxAttempts": 1}
        del made["BackoffRate"], made["MaxDelaySeconds"]
    return made
