"""Start, stop and the control of a running sandbox."""

from __future__ import annotations

import configparser
import os
import signal
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytg.errors import Refused
from pytg_sandbox.control import Sandbox
from support.sandbox_server import SandboxServer, eventually

pytestmark = pytest.mark.slow


def test_it_starts_and_stops_and_keeps_its_port(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "box")
    first = sandbox.start()
    try:
        assert sandbox.start() == first == sandbox.status()
        assert first.url.startswith("http://127.0.0.1:")
        settings = configparser.ConfigParser()
        settings.read(sandbox.config_file)
        assert settings["profile sandbox"]["endpoint_url"] == first.url
        assert settings["default"]["region"] == "us-east-1"
        for file in (sandbox.config_file, sandbox.directory / "server.json"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with pytest.raises(Refused, match="already"):
            sandbox.start(first.port + 1)
    finally:
        assert sandbox.stop()
    assert sandbox.status() is None
    again = sandbox.start()
    try:
        assert again.url == first.url
        assert again.pid != first.pid
    finally:
        sandbox.stop()


def test_a_taken_port(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "box")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match="did not start"):
            sandbox.start(port)


def test_a_killed_server_is_not_running_and_can_be_started(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "box")
    first = sandbox.start()
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: sandbox.status() is None)
    assert sandbox.stop() is False
    second = sandbox.start()
    sandbox.stop()
    assert second.pid != first.pid


def test_unknown_operations_fail_at_once(sandbox: SandboxServer) -> None:
    with pytest.raises(ClientError) as caught:
        sandbox.client("outposts").list_sites()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert "outposts: GET /sites" in sandbox.control.log_file.read_text()


def test_reset_leaves_nothing(sandbox: SandboxServer) -> None:
    sandbox.client("s3").create_bucket(Bucket="here")
    sandbox.control.pause("s3", "us-east-1", "eu-west-1")
    sandbox.control.reset()
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    assert sandbox.control.details()["paused"] == []


def test_a_wrong_control_value_is_refused(sandbox: SandboxServer) -> None:
    with pytest.raises(Refused, match="could not convert"):
        sandbox.control.lag("s3", "much")  # type: ignore[arg-type]


def test_two_accounts_see_their_own(sandbox: SandboxServer) -> None:
    sandbox.client("ssm").put_parameter(Name="/a", Value="first", Type="String")
    role = sandbox.client("sts").assume_role(
        RoleArn="arn:aws:iam::210987654321:role/deploy", RoleSessionName="test"
    )["Credentials"]
    keys = {
        "aws_access_key_id": role["AccessKeyId"],
        "aws_secret_access_key": role["SecretAccessKey"],
        "aws_session_token": role["SessionToken"],
    }
    other = sandbox.session.client("sts", **keys).get_caller_identity()
    assert other["Account"] == "210987654321"
    parameters = sandbox.session.client("ssm", **keys).describe_parameters()
    assert parameters["Parameters"] == []


def test_managed_policies_exist(sandbox: SandboxServer) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    policy = sandbox.client("iam").get_policy(PolicyArn=arn)["Policy"]
    assert policy["PolicyName"] == "AWSLambdaBasicExecutionRole"


def test_a_call_that_is_sent_twice_is_done_once(sandbox: SandboxServer) -> None:
    """As Terraform's lock is on a busy machine: it would find itself taken by itself."""
    make = sandbox.session.client
    dynamodb = make("dynamodb", region_name="us-east-1")
    dynamodb.create_table(
        TableName="locks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
    )

    def same_call(request: Any, **_: object) -> None:
        request.headers["amz-sdk-invocation-id"] = "11111111-2222-3333-4444-555555555555"

    def lock() -> None:
        dynamodb.put_item(
            TableName="locks",
            Item={"LockID": {"S": "a"}},
            ConditionExpression="attribute_not_exists(LockID)",
        )

    dynamodb.meta.events.register("before-send.dynamodb.PutItem", same_call)
    lock()
    lock()
    dynamodb.meta.events.unregister("before-send.dynamodb.PutItem", same_call)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        lock()
