"""A bucket that was there keeps its settings, unless somebody says that they may go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.estate_builder import build_estate
from support.project import Project
from support.sandbox_server import SandboxServer

CONFIG = """
project: taken
terraform:
  providers:
    aws: {source: hashicorp/aws, version: 5.100.0}
regions:
  us-east-1: {role: source}
backend:
  type: local
modules:
  policy:
    inputs: {bucket: theirs, fresh: ours}
"""
MODULE = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
variable "bucket" {
  type = string
}
variable "fresh" {
  type = string
}
resource "aws_s3_bucket" "fresh" {
  bucket = var.fresh
}
resource "aws_s3_bucket_policy" "this" {
  for_each = toset([var.bucket, var.fresh])
  bucket   = each.key
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Ours"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:DeleteBucket"
      Resource  = "arn:aws:s3:::${each.key}"
    }]
  })
  depends_on = [aws_s3_bucket.fresh]
}
"""
THEIRS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Theirs",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::theirs",
        }
    ],
}
NAME = 'sandbox/us-east-1/dev/policy:aws_s3_bucket_policy.this["theirs"]'

pytestmark = pytest.mark.slow


@pytest.fixture
def s3(sandbox: SandboxServer) -> Any:
    client = sandbox.client("s3")
    client.create_bucket(Bucket="theirs")
    client.put_bucket_policy(Bucket="theirs", Policy=json.dumps(THEIRS))
    return client


@pytest.fixture
def project(tmp_path: Path, sandbox: SandboxServer) -> Project:
    files = {
        "config.yaml": CONFIG,
        "live/sandbox/account.yaml": 'account_id: "123456789012"\nsandbox: true\n',
        "live/sandbox/us-east-1/dev/env.yaml": "{}\n",
        "modules/policy/main.tf": MODULE,
    }
    environ = {"PYTG_SANDBOX_DIR": str(sandbox.control.directory)}
    return Project(build_estate(tmp_path, files), environ)


def sid(s3: Any, bucket: str) -> str:
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    return str(policy["Statement"][0]["Sid"])


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_what_is_there_is_shown_and_kept(project: Project, s3: Any, way: tuple[str, ...]) -> None:
    apply = ("apply", "--env", "dev", "--yes", *way)
    done = project.pytg(*apply, expect=None)
    assert done.code in {1, 6}  # one unit of many failed; the run was refused
    assert "theirs has: " in done.err
    assert "Theirs" in done.err
    assert f"--allow-overwrite '{NAME}'" in done.err
    assert '"fresh"' not in done.err, "a bucket that the plan makes has nothing to lose"
    assert sid(s3, "theirs") == "Theirs"
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["theirs"], "nothing was begun"

    project.pytg(*apply, "--allow-overwrite", NAME)
    assert sid(s3, "theirs") == sid(s3, "ours") == "Ours"
    project.pytg("plan", "--env", "dev", "--detailed-exitcode")
