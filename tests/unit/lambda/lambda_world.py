"""The embedded AWS of the handlers' tests: two regions, and events as AWS sends them."""

from __future__ import annotations

import importlib
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docmig import control, keys
from docmig.aws import clients

SOURCE, TARGET = "us-east-1", "eu-west-1"
ENV = "test-a1"
METADATA, CONTROL = f"{ENV}-global-dynamodb-metadata", f"{ENV}-global-dynamodb-control"
CHECKPOINTS = f"{ENV}-global-dynamodb-checkpoints"
HANDLERS = tuple(
    path.stem
    for path in sorted((Path(__file__).parents[3] / "lambda" / "handlers").glob("*.py"))
    if path.stem != "__init__"
)


@dataclass
class FakeContext:
    """What Lambda hands over beside the event."""

    aws_request_id: str = "request-1"
    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def bucket(region: str, purpose: str) -> str:
    return f"{ENV}-{region}-s3-{purpose}-123456789012"


class World:
    """Uses the functions' clients, which live as long as the process: making one takes 50 ms."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.context = FakeContext()
        self.numbers = itertools.count(1)

    def build(self) -> None:
        for region in (SOURCE, TARGET):
            self._buckets(region)
            dynamodb = clients.dynamodb(region)
            for name in (METADATA, CONTROL, CHECKPOINTS):
                self._table(dynamodb, name, ("pk", "sk"))
            self._table(dynamodb, self.idempotency(region), ("id",))
            clients.events(region).create_event_bus(Name=ENV)
        self.be(SOURCE)

    def be(self, region: str) -> None:
        """The functions run in `region` from here on."""
        peer = TARGET if region == SOURCE else SOURCE
        values = {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "ENVIRONMENT": ENV,
            "PEER_REGION": peer,
            "SOURCE_REGION": SOURCE,
            "ACCOUNT_ID": "123456789012",
            "DOCUMENTS_BUCKET": bucket(region, "documents"),
            "PEER_DOCUMENTS_BUCKET": bucket(peer, "documents"),
            "OPS_BUCKET": bucket(region, "ops"),
            "METADATA_TABLE": METADATA,
            "CONTROL_TABLE": CONTROL,
            "CHECKPOINTS_TABLE": CHECKPOINTS,
            "IDEMPOTENCY_TABLE": self.idempotency(region),
            "EVENT_BUS": ENV,
        }
        self.set(**values)

    def set(self, **values: str) -> None:
        """Environment variables of the functions."""
        for name, value in values.items():
            self.monkeypatch.setenv(name, value)
        self.forget()

    def forget(self) -> None:
        """The next invocation is a cold start."""
        for name in HANDLERS:
            module = importlib.import_module(f"handlers.{name}")
            module.application.cache_clear()

    def activate(self, region: str = SOURCE) -> None:
        """Make the first control item, in both regions."""
        item = {**keys.traffic().as_dict(), **control.initial(region).as_dict()}
        for here in (SOURCE, TARGET):
            self.table(CONTROL, here).put_item(Item=item)

    @staticmethod
    def idempotency(region: str) -> str:
        return f"{ENV}-{region}-dynamodb-idempotency"

    @staticmethod
    def table(name: str, region: str = SOURCE) -> Any:
        return clients.table(name, region)

    @staticmethod
    def s3(region: str = SOURCE) -> Any:
        return clients.s3(region)

    def items(self, name: str = METADATA, region: str = SOURCE) -> list[dict[str, Any]]:
        return sorted(
            self.table(name, region).scan()["Items"], key=lambda item: (item["pk"], item["sk"])
        )

    def letters(self, region: str = SOURCE) -> list[dict[str, Any]]:
        """All dead letters of a region."""
        s3, name = self.s3(region), bucket(region, "ops")
        found = s3.list_objects_v2(Bucket=name, Prefix=keys.DEAD_LETTERS).get("Contents", [])
        return [
            json.loads(s3.get_object(Bucket=name, Key=entry["Key"])["Body"].read())
            for entry in found
        ]

    def put(
        self, key: str, body: bytes = b"content", *, region: str = SOURCE, **more: Any
    ) -> dict[str, Any]:
        """Store an object; the event that EventBridge sends about it."""
        more = {"ContentType": "application/pdf", **more}
        answer = self.s3(region).put_object(
            Bucket=bucket(region, "documents"), Key=key, Body=body, **more
        )
        return self.event("Object Created", key, answer["VersionId"], region=region)

    def delete(self, key: str, *, region: str = SOURCE) -> dict[str, Any]:
        """Put a delete marker; its event."""
        answer = self.s3(region).delete_object(Bucket=bucket(region, "documents"), Key=key)
        event = self.event("Object Deleted", key, answer["VersionId"], region=region)
        event["detail"]["deletion-type"] = "Delete Marker Created"
        return event

    def event(self, kind: str, key: str, version_id: str, *, region: str) -> dict[str, Any]:
        number = next(self.numbers)
        return {
            "version": "0",
            "id": f"event-{number}",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "123456789012",
            "time": "2031-01-31T12:00:00Z",
            "region": region,
            "resources": [f"arn:aws:s3:::{bucket(region, 'documents')}"],
            "detail": {
                "version": "0",
                "bucket": {"name": bucket(region, "documents")},
                "object": {
                    "key": key,
                    "version-id": version_id,
                    "sequencer": f"{0x0055AED6DCD90281 + number:018X}",
                },
                "reason": "PutObject",
            },
        }

    def run(self, handler: str, event: dict[str, Any]) -> Any:
        return importlib.import_module(f"handlers.{handler}").handler(event, self.context)

    def queue(self, handler: str, *bodies: Any) -> list[str]:
        """Deliver messages as one batch; ids (m0, m1, ...) of those that are sent again."""
        answer = self.run(handler, {"Records": [message(n, b) for n, b in enumerate(bodies)]})
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def _buckets(self, region: str) -> None:
        s3 = self.s3(region)
        for purpose in ("documents", "ops"):
            place = (
                {}
                if region == "us-east-1"
                else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            )
            s3.create_bucket(Bucket=bucket(region, purpose), **place)
            s3.put_bucket_versioning(
                Bucket=bucket(region, purpose), VersioningConfiguration={"Status": "Enabled"}
            )

    @staticmethod
    def _table(dynamodb: Any, name: str, attributes: tuple[str, ...]) -> None:
        kinds = ("HASH", "RANGE")
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in attributes],
            KeySchema=[
                {"AttributeName": a, "KeyType": k} for a, k in zip(attributes, kinds, strict=False)
            ],
        )


def message(number: int, body: Any) -> dict[str, Any]:
    """An SQS record."""
    return {
        "messageId": f"m{number}",
        "receiptHandle": "handle",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"SentTimestamp": "1927713600000", "ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
        "awsRegion": "us-east-1",
    }
