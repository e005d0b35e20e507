"""Powertools as the zips carry it, and an AWS of two regions inside the test process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from build_lambda import dependencies

sys.path.append(str(dependencies()))

from lambda_world import CONTROL, ENV, METADATA, SOURCE, TARGET, World, bucket  # needs Powertools

from docmig.aws import clients


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two regions with buckets, tables and buses, seen from us-east-1."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = World(monkeypatch)
        made.build()
        yield made
    made.forget()


@pytest.fixture
def estate(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Tables are global: what is written in one region is in the other at once."""
    queues = [
        clients.sqs(region).create_queue(QueueName=f"{ENV}-{region}-sqs-ingest")
        for region in (SOURCE, TARGET)
    ]
    world.set(
        SOURCE_REGION=SOURCE,
        TARGET_REGION=TARGET,
        DOCUMENTS_BUCKETS=",".join(f"{r}={bucket(r, 'documents')}" for r in (SOURCE, TARGET)),
        STREAM_CONSUMERS=f"{SOURCE}=consumer-a,{TARGET}=consumer-b",
        QUEUE_URLS=",".join(
            f"{r}={q['QueueUrl']}" for r, q in zip((SOURCE, TARGET), queues, strict=True)
        ),
        ACTIVE_REGION_PARAMETER="/" + ENV + "/{region}/active-region",
        CLIENT_CACHE_SECONDS="0",
        LONGEST_REQUEST_SECONDS="0",
        SHORTEST_WAIT_SECONDS="0",
        FENCE_PATIENCE_SECONDS="0.05",
        POLL_SECONDS="0.01",
        BATCH_ROLE_ARN="arn:aws:iam::123456789012:role/batch",
    )
    for name in (CONTROL, METADATA):
        tables = {region: clients.table(name, region) for region in (SOURCE, TARGET)}
        for here, there in ((SOURCE, TARGET), (TARGET, SOURCE)):
            _mirror(monkeypatch, tables[here], tables[there])
    return world


def _mirror(monkeypatch: pytest.MonkeyPatch, here: Any, there: Any) -> None:
    real, copy = here.put_item, type(there).put_item

    def put(**arguments: Any) -> Any:
        answer = real(**arguments)
        copy(there, Item=arguments["Item"])
        return answer

    monkeypatch.setattr(here, "put_item", put)
