"""An account that is an emulator by its endpoint: moto's own server, and nothing of pytg's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from support.estate_builder import build_estate
from support.process import eventually, run
from support.project import Project

pytestmark = pytest.mark.slow

UNIT = "lab/us-east-1/dev/store"


def files(endpoint: str) -> dict[str, str]:
    return {
        "config.yaml": """
            project: emulated
            terraform:
              providers: {aws: {source: hashicorp/aws, version: 5.100.0}}
            regions: {us-east-1: {role: source}}
            backend: {type: s3, bucket: emulated-states, lock_table: emulated-locks}
            modules:
              store: {inputs: {bucket: "${self.environment}-emulated"}}
            """,
        "live/lab/account.yaml": f'account_id: "123456789012"\nendpoint: {endpoint}\n',
        "live/lab/us-east-1/dev/env.yaml": "{}\n",
        "modules/store/main.tf": """
            terraform {
              required_providers {
                aws = { source = "hashicorp/aws" }
              }
            }

            variable "bucket" {
              type = string
            }

            resource "aws_s3_bucket" "this" {
              bucket = var.bucket
            }

            resource "aws_ssm_parameter" "this" {
              name  = "/emulated/bucket"
              type  = "String"
              value = aws_s3_bucket.this.id
            }

            output "bucket" {
              value = aws_s3_bucket.this.id
            }
            """,
    }


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server of moto's, as its own distribution starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    command = [str(Path(sys.executable).with_name("moto_server")), "-p", str(number)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:

        def answers() -> bool:
            with socket.socket() as tried:
                return tried.connect_ex(("127.0.0.1", number)) == 0

        eventually(answers)
        yield number
        server.terminate()


def make_backend(endpoint: str) -> None:
    """The bucket and the table of the states, as somebody made them."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    made = {"endpoint_url": endpoint, "region_name": "us-east-1", **keys}
    boto3.client("s3", **made).create_bucket(Bucket="emulated-states")
    boto3.client("dynamodb", **made).create_table(
        TableName="emulated-locks",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.parametrize("host", ["localhost"])
def test_everything_follows_the_endpoint(tmp_path: Path, port: int, host: str) -> None:
    endpoint = f"http://{host}:{port}"
    make_backend(endpoint)
    wrong = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_PROFILE": "no"}
    project = Project(build_estate(tmp_path, files(endpoint)), wrong)

    assert "emulator" in project.pytg("doctor", expect=None).out
    done = project.pytg("apply-all", "--yes", "--json")
    assert project.statuses(done) == {UNIT: "succeeded"}
    assert project.pytg("plan-all", "--detailed-exitcode").code == 0
    assert project.pytg("output", UNIT, "bucket").out == "dev-emulated\n"
    assert '"locks": []' in project.pytg("locks", "--json").out

    alone = project.root / ".pytg" / "units" / UNIT
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTG_"))}
    rc = project.root / ".pytg" / "terraform.rc"
    plain |= {"TF_CLI_CONFIG_FILE": str(rc)} if rc.exists() else {}
    project.pytg("tf", UNIT, "validate")
    said = run(["terraform", "plan", "-detailed-exitcode", "-no-color"], alone, plain, merged=True)
    assert said.returncode == 0, said.stdout

    done = project.pytg("destroy-all", "--yes", "--json")
    assert done.document["changes"]["delete"] == 2


def test_one_that_does_not_answer_is_said_with_its_address(tmp_path: Path) -> None:
    project = Project(build_estate(tmp_path, files("http://127.0.0.1:9")))
    done = project.pytg("plan-all", expect=6)
    assert "the emulator of account lab does not answer at http://127.0.0.1:9" in done.err
    assert "live/lab/account.yaml" in done.err
