"""A region that is down, and what the commands tell of it."""

from __future__ import annotations

import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytg.errors import Refused
from support.sandbox_server import ACCOUNT, SandboxServer, eventually

pytestmark = pytest.mark.slow
HERE, THERE = "us-east-1", "eu-west-1"


def test_a_region_that_is_down_answers_nothing(sandbox: SandboxServer) -> None:
    sandbox.control.outage(HERE, on=True)
    assert sandbox.control.details()["outages"] == [HERE]
    impatient = Config(retries={"total_max_attempts": 1})
    for service, operation in (("s3", "list_buckets"), ("sqs", "list_queues")):
        client = sandbox.session.client(service, region_name=HERE, config=impatient)
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert sandbox.client("sqs", THERE).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    sandbox.control.outage(HERE, on=False)
    sandbox.client("sqs", HERE).list_queues()


def test_events_arrive_after_an_outage(sandbox: SandboxServer) -> None:
    sandbox.client("sqs", THERE).create_queue(QueueName="q")
    bus = sandbox.client("events", THERE).create_event_bus(Name="b")["EventBusArn"]
    arn = f"arn:aws:sqs:{THERE}:{ACCOUNT}:q"
    pattern = json.dumps({"source": ["docs"]})
    for region, name, target in ((HERE, "default", bus), (THERE, "b", arn)):
        events = sandbox.client("events", region)
        events.put_rule(Name="r", EventBusName=name, EventPattern=pattern)
        events.put_targets(Rule="r", EventBusName=name, Targets=[{"Id": "1", "Arn": target}])
    sandbox.control.outage(THERE, on=True)
    entry = {"Source": "docs", "DetailType": "x", "Detail": "{}"}
    sandbox.client("events", HERE).put_events(Entries=[entry])
    eventually(lambda: sandbox.control.details()["work"]["waiting"])
    sandbox.control.outage(THERE, on=False)
    sqs = sandbox.client("sqs", THERE)
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    assert eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))


def test_reset_ends_everything_injected(sandbox: SandboxServer) -> None:
    sandbox.control.outage(HERE, on=True)
    sandbox.control.pace(60)
    sandbox.control.fail("f", 0.5)
    sandbox.control.reset()
    told = sandbox.control.details()
    assert (told["outages"], told["pace"], told["failing_functions"]) == ([], 1.0, {})


def test_wrong_values_are_refused(sandbox: SandboxServer) -> None:
    with pytest.raises(Refused, match="between 1 and 600"):
        sandbox.control.pace(0)
    with pytest.raises(Refused, match="between 0 and 1"):
        sandbox.control.fail("f", 2)
