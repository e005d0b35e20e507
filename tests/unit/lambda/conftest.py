"""Powertools as the zips carry it, and an AWS of two regions inside the test process."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from moto import mock_aws

from build_lambda import dependencies

sys.path.append(str(dependencies()))

from lambda_world import World  # needs Powertools


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
