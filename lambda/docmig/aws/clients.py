"""boto3 clients: made once for each service and region, and kept between invocations.

AWS answers quickly or not at all; the default timeout of 60 s would outlive the function.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3control import S3ControlClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=3,
    read_timeout=15,
    user_agent_extra="docmig",
)


@cache
def _client(service: str, region: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name=region, config=_CONFIG)


@cache
def table(name: str, region: str) -> Table:
    """A table in one region, which for a global table is that region's replica."""
    made: Table = boto3.resource("dynamodb", region_name=region, config=_CONFIG).Table(name)
    return made


def dynamodb(region: str) -> DynamoDBClient:
    """The plain client: a table's own one takes Python values where this one takes DynamoDB's."""
    client: DynamoDBClient = _client("dynamodb", region)
    return client


def s3(region: str) -> S3Client:
    client: S3Client = _client("s3", region)
    return client


def events(region: str) -> EventBridgeClient:
    client: EventBridgeClient = _client("events", region)
    return client


def cloudwatch(region: str) -> CloudWatchClient:
    client: CloudWatchClient = _client("cloudwatch", region)
    return client


def backup(region: str) -> BackupClient:
    client: BackupClient = _client("backup", region)
    return client


def s3control(region: str) -> S3ControlClient:
    client: S3ControlClient = _client("s3control", region)
    return client


def sqs(region: str) -> SQSClient:
    client: SQSClient = _client("sqs", region)
    return client


def ssm(region: str) -> SSMClient:
    client: SSMClient = _client("ssm", region)
    return client
