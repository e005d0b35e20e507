"""The state backend that makes itself: killed at many points, and run again."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from pytg.recovery.composed_directory import COMPOSED
from support.estate_builder import build_estate
from support.process import eventually
from support.project import Project
from support.sandbox_server import SandboxServer

REPOSITORY = Path(__file__).parents[2]
BUCKET, TABLE = "crash-us-east-1-s3-tfstate", "crash-us-east-1-dynamodb-tflock"
PARAMETERS = [f"/crash/{number}" for number in range(12)]
CONFIG = f"""
project: crash
terraform:
  providers:
    aws: {{source: hashicorp/aws, version: 5.100.0}}
regions:
  us-east-1: {{role: source}}
backend:
  type: s3
  module: backend
  bucket: {BUCKET}
  lock_table: {TABLE}
modules:
  backend:
    scope: environment
    source: {REPOSITORY}/modules/backend
    inputs: {{bucket: {BUCKET}, lock_table: {TABLE}}}
  parameters:
    inputs: {{names: {json.dumps(PARAMETERS)}}}
"""
MODULE = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
variable "names" {
  type = list(string)
}
resource "aws_ssm_parameter" "this" {
  for_each = toset(var.names)
  name     = each.key
  type     = "String"
  value    = "x"
}
"""
APPLY = ("apply", "--env", "dev", "--yes")
UNIT = "sandbox/us-east-1/dev/parameters"

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path, sandbox: SandboxServer) -> Project:
    files = {
        "config.yaml": CONFIG,
        "live/sandbox/account.yaml": 'account_id: "123456789012"\nsandbox: true\n',
        "live/sandbox/us-east-1/dev/env.yaml": "{}\n",
        "modules/parameters/main.tf": MODULE,
    }
    environ = {"PYTG_SANDBOX_DIR": str(sandbox.control.directory)}
    return Project(build_estate(tmp_path, files), environ)


def parameters(sandbox: SandboxServer) -> list[str]:
    """The parameters that exist, asked of the service."""
    pages = sandbox.client("ssm").get_paginator("describe_parameters").paginate()
    return sorted(p["Name"] for page in pages for p in page["Parameters"])


def check_whole(project: Project, sandbox: SandboxServer) -> None:
    """What exists is what the states record, and nothing waits anywhere."""
    done = project.pytg("plan", "--env", "dev", "--detailed-exitcode")
    assert "may have left" not in done.err
    assert parameters(sandbox) == sorted(PARAMETERS)
    body = sandbox.client("s3").get_object(Bucket=BUCKET, Key=f"{UNIT}/terraform.tfstate")["Body"]
    state = json.loads(body.read())
    assert sum(len(r["instances"]) for r in state["resources"]) == len(PARAMETERS)
    listed = sandbox.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert not [item["Key"] for item in listed if item["Key"].endswith(".tflock")]
    assert not list((project.root / COMPOSED).glob("*/journal.json"))
    assert not (project.root / ".pytg" / "in-flight.json").exists()


def test_killed_again_and_again_until_it_is_whole(project: Project, sandbox: SandboxServer) -> None:
    """Each run is killed, pytg and Terraform alike, a little after its apply began."""
    for delay in (0.0, 1.2, 2.0, 2.6):
        process = project.start(*APPLY)
        journals = project.root / COMPOSED
        while process.poll() is None:
            found = [json.loads(j.read_text()) for j in journals.glob("*/journal.json")]
            if any(j["terraform"] and j["pytg"]["pid"] == process.pid for j in found):
                time.sleep(delay)
                project.kill_both(process)
            time.sleep(0.02)
    project.pytg(*APPLY)
    check_whole(project, sandbox)


def test_a_killed_unit_of_its_own_process_is_adopted(
    project: Project, sandbox: SandboxServer
) -> None:
    """What Terraform made and had not written when it died is imported, not made again."""
    project.pytg("apply", "--env", "dev", "--module", "backend", "--yes")
    process = project.start(*APPLY, "--per-unit")
    while not parameters(sandbox):
        assert process.poll() is None
        time.sleep(0.01)
    project.signal_last(signal.SIGSTOP)
    process.kill()
    process.communicate()
    (lock,) = project.pytg("locks", "--env", "dev", "--json").document["locks"]
    refused = project.pytg("unlock", lock["address"], lock["id"], expect=6)
    assert "still works" in refused.err
    project.signal_last(signal.SIGKILL)
    assert project.record()["result"] == "running"
    eventually(lambda: project.pytg("unlock", lock["address"], lock["id"], expect=None).code == 0)
    done = project.pytg(*APPLY, "--per-unit")
    assert f"may have left {UNIT} aws_ssm_parameter.this" in done.err
    check_whole(project, sandbox)


def test_what_is_remembered_and_not_there_is_made(project: Project, sandbox: SandboxServer) -> None:
    """Terraform says of an import that it found nothing; and a destroy names what it may leave."""
    file = project.root / ".pytg" / "in-flight.json"
    names = [f'aws_ssm_parameter.this["{name}"]' for name in PARAMETERS[:2]]
    file.parent.mkdir()
    file.write_text(json.dumps({UNIT: names}))
    sandbox.client("ssm").put_parameter(Name=PARAMETERS[1], Value="x", Type="String")
    done = project.pytg(*APPLY, "--json")
    assert done.document["changes"]["create"] >= len(PARAMETERS) - 1
    check_whole(project, sandbox)

    file.write_text(json.dumps({UNIT: names}))
    gone = project.pytg("destroy", "--env", "dev", "--yes")
    assert f"in no state, so that it is not destroyed: {UNIT} {names[0]}" in gone.err
    assert file.exists()


def test_destroy_leaves_nothing_and_may_be_killed(project: Project, sandbox: SandboxServer) -> None:
    project.pytg(*APPLY)
    process = project.start("destroy", "--env", "dev", "--yes")
    journals = project.root / COMPOSED
    while not list(journals.glob("*/journal.json")) and process.poll() is None:
        time.sleep(0.02)
    project.kill_both(process)
    project.pytg("destroy", "--env", "dev", "--yes")
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    assert sandbox.client("dynamodb").list_tables()["TableNames"] == []
    assert parameters(sandbox) == []
    project.pytg(*APPLY)
    check_whole(project, sandbox)
