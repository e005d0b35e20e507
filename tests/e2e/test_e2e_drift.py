"""What changed outside of Terraform is found, named and masked, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.estate_builder import build_estate
from support.project import Done, Project
from support.sandbox_server import SandboxServer

pytestmark = pytest.mark.slow

AWS = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
"""
FILES = {
    "config.yaml": """
        project: drift
        terraform:
          providers:
            aws: {source: hashicorp/aws, version: 5.100.0}
        regions:
          us-east-1: {role: source}
        backend:
          type: local
        modules:
          queue: {}
          secret: {inputs: {text: hunter2, queue: "${queue.arn}"}}
          plain: {inputs: {queue: "${queue.arn}"}}
          never: {inputs: {queue: "${queue.arn}"}}
        """,
    "live/sandbox/account.yaml": 'account_id: "123456789012"\nsandbox: true\n',
    "live/sandbox/us-east-1/dev/env.yaml": "{}\n",
    "modules/queue/main.tf": AWS
    + """
        resource "aws_sqs_queue" "this" {
          name          = "jobs"
          delay_seconds = 3
        }
        resource "aws_sqs_queue" "other" {
          name = "other"
        }
        output "arn" {
          value = aws_sqs_queue.this.arn
        }
        """,
    "modules/secret/main.tf": AWS
    + """
        variable "text" {
          type = string
        }
        variable "queue" {
          type = string
        }
        resource "aws_ssm_parameter" "this" {
          name        = "/drift/secret"
          type        = "SecureString"
          value       = var.text
          description = var.queue
        }
        """,
    "modules/plain/main.tf": """
        variable "queue" {
          type = string
        }
        resource "terraform_data" "this" {
          input = [var.queue, 0.1234567890123456789012345678901]
        }
        """,
    "modules/never/main.tf": """
        variable "queue" {
          type = string
        }
        resource "terraform_data" "this" {
          count = length(var.queue)
        }
        """,
}
UNIT = "sandbox/us-east-1/dev"
APPLIED = ("--exclude", "never")


@pytest.fixture
def project(tmp_path: Path, sandbox: SandboxServer) -> Project:
    environ = {"PYTG_SANDBOX_DIR": str(sandbox.control.directory)}
    return Project(build_estate(tmp_path, FILES), environ)


def files(project: Project) -> dict[str, bytes]:
    states = (project.root / ".pytg" / "state").rglob("*")
    return {str(path): path.read_bytes() for path in states if path.is_file()}


def drifted(done: Done) -> dict[str, dict[str, Any]]:
    """By resource, what the JSON says of it."""
    return {
        f"{unit.removeprefix(f'{UNIT}/')}:{resource['address']}": resource
        for unit, found in done.document["drift"].items()
        for resource in found["resources"]
    }


def test_drift_is_found_and_changes_nothing(project: Project, sandbox: SandboxServer) -> None:
    project.pytg("apply-all", *APPLIED, "--yes")
    before = files(project)
    done = project.pytg("drift")
    assert "No drift: 3 units." in done.out
    assert project.statuses()[f"{UNIT}/never"] == "unchanged"
    assert [c for c in project.commands() if c != "init"] == ["plan", "show"]
    sqs, ssm = sandbox.client("sqs"), sandbox.client("ssm")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "7"})
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="other")["QueueUrl"])
    ssm.put_parameter(Name="/drift/secret", Type="SecureString", Value="hunter3", Overwrite=True)
    done = project.pytg("drift", "--json", expect=2)
    found = drifted(done)
    assert set(found) == {
        "queue:aws_sqs_queue.this",
        "queue:aws_sqs_queue.other",
        "secret:aws_ssm_parameter.this",
    }
    assert found["queue:aws_sqs_queue.other"]["outside"] == "gone"
    assert found["queue:aws_sqs_queue.this"]["differences"] == ["~ delay_seconds: 3 -> 7"]
    said = found["secret:aws_ssm_parameter.this"]["differences"]
    assert "~ value: (sensitive value) -> (sensitive value)" in said
    assert "hunter" not in done.out + done.err
    assert done.document["result"] == "succeeded"
    assert project.statuses(done)[f"{UNIT}/queue"] == "succeeded"
    done = project.pytg("drift", "--per-unit", "--module", "queue", "--module", "never", expect=2)
    assert "gone" in done.out
    assert "    ~ delay_seconds: 3 -> 7\n" in done.out
    assert f"{UNIT}/queue  drifted" in done.err
    assert files(project) == before
    runs = project.root / ".pytg" / "runs"
    kept = [path.read_bytes() for path in runs.rglob("*") if path.is_file()]
    assert not any(b"hunter" in content for content in kept)
