"""What delivers to queues, topics, buses, log groups and state machines."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from moto.events.models import events_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.responses import get_backend as states_backend

from pytg_sandbox.services import State


def install(state: State) -> None:
    """Name the senders."""
    state.senders.update(sqs=_queue, sns=_topic, events=_bus, logs=_log_group, states=_machine)


def _queue(
    arn: str, text: str, *, group: str | None = None, attributes: Mapping[str, str] | None = None
) -> None:
    _, _, _, region, account, name = arn.split(":")
    given = {
        key: {"DataType": "String", "StringValue": value}
        for key, value in (attributes or {}).items()
    }
    sqs_backends[account][region].send_message(name, text, given, group_id=group)


def _topic(arn: str, text: str, *, subject: str | None = None, **_options: Any) -> None:
    _, _, _, region, account, _ = arn.split(":")
    sns_backends[account][region].publish(message=text, arn=arn, subject=subject)


def _bus(arn: str, text: str, **_options: Any) -> None:
    """`text` is an entry of PutEvents, or the detail of an event of Lambda's."""
    _, _, _, region, account, resource = arn.split(":", 5)
    document = json.loads(text)
    entry = document if "DetailType" in document else _result_of_lambda(document)
    name = resource.partition("/")[2]
    events_backends[account][region].put_events([{**entry, "EventBusName": name}])


def _result_of_lambda(record: Mapping[str, Any]) -> dict[str, Any]:
    succeeded = record.get("requestContext", {}).get("condition") == "Success"
    result = "Success" if succeeded else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {result}",
        "Detail": json.dumps(record),
    }


def _log_group(arn: str, text: str, **_options: Any) -> None:
    _, _, _, region, account, _, name = arn.split(":")[:7]
    backend = logs_backends[account][region]
    stream = str(uuid.uuid4())
    backend.create_log_stream(name, stream)
    now = int(time.time() * 1000)
    backend.put_log_events(name, stream, [{"timestamp": now, "message": text}])


def _machine(arn: str, text: str, *, name: str | None = None, **_options: Any) -> None:
    _, _, _, region, account, *_ = arn.split(":")
    states_backend(account, region).start_execution(arn, name or str(uuid.uuid4()), text)
