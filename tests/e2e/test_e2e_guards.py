"""What a destroy refuses, with states in a bucket and a fake terraform."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from support.estate_builder import build_estate, terraform_module
from support.fake_terraform import FakeTerraform
from support.project import Project

BUCKET = "guarded"
FILES = {
    "config.yaml": f"""
        project: guards
        regions: {{us-east-1: {{role: source}}}}
        backend: {{type: s3, module: backend, bucket: {BUCKET}}}
        modules:
          backend: {{scope: environment}}
          app: {{}}
        """,
    "live/acc/account.yaml": "{}\n",
    "live/acc/us-east-1/dev/env.yaml": "{}\n",
    **terraform_module("backend"),
    **terraform_module("app"),
}
APP, OTHER = "acc/us-east-1/dev/app", "acc/us-east-1/dev-a1/app"
DEV = ("--env", "dev", "--yes")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Its AWS is one of the test's own, and the state bucket is there."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    fake = FakeTerraform.install(tmp_path / "bin")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        root = build_estate(tmp_path / "estate", FILES)
        yield Project(root, {"PYTG_TERRAFORM": str(fake.path)})


def put(address: str, *resources: str) -> None:
    """A state in the bucket."""
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": address}
    held = [{"mode": "managed", "type": r, "name": "this", "instances": []} for r in resources]
    boto3.client("s3", region_name="us-east-1").put_object(
        Bucket=BUCKET,
        Key=f"{address}/terraform.tfstate",
        Body=json.dumps({**state, "outputs": {}, "resources": held}).encode(),
    )


def test_a_backend_that_holds_the_states_of_others_stays(project: Project) -> None:
    put(OTHER, "aws_s3_bucket")
    done = project.pytg("destroy", *DEV, expect=6)
    assert f"{OTHER}/terraform.tfstate" in done.err
    assert "--suffix" in done.err
    project.pytg("destroy", *DEV, "--module", "app")


def test_a_backend_with_states_of_its_own_and_empty_ones_may_go(project: Project) -> None:
    put(OTHER)
    put(APP, "terraform_data")
    done = project.pytg("destroy", *DEV, expect=None)
    assert "holds states of something else" not in done.err


@pytest.mark.parametrize("command", [("plan",), ("apply",), ("destroy", "--module", "app")])
@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_what_left_the_configuration_is_named_by_every_run(
    project: Project, command: tuple[str, ...], way: tuple[str, ...]
) -> None:
    gone = "acc/us-east-1/dev/gone"
    put(gone, "aws_s3_bucket")
    done = project.pytg(*command, *DEV, *way)
    assert f"{gone} is no longer configured" in done.err
