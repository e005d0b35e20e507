"""Ephemeral values inside of modules: what Terraform can do with them goes on every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.project import Project
from support.sandbox_server import SandboxServer

pytestmark = pytest.mark.slow

A, B = "docs/us-east-1/dev/a", "docs/us-east-1/dev/b"
FILES = {
    "config.yaml": """
        project: demo
        modules:
          a:
            inputs:
              password: not-kept-anywhere
          b:
            inputs:
              name: ${a.name}
              token: ${a.name}
        """,
    "live/docs/account.yaml": "{}\n",
    "live/docs/us-east-1/dev/env.yaml": "{}\n",
    "modules/a/main.tf": """
        variable "password" {
          type      = string
          ephemeral = true
        }

        module "part" {
          source = "./part"
          token  = var.password
        }

        locals {
          header = "Bearer ${var.password}"
        }

        resource "terraform_data" "this" {
          input = "name"

          provisioner "local-exec" {
            command     = "test \\"$TOKEN\\" = 'Bearer not-kept-anywhere'"
            environment = { TOKEN = local.header }
          }
        }

        output "name" {
          value = terraform_data.this.output
        }

        output "token" {
          value     = local.header
          ephemeral = true
        }
        """,
    "modules/a/part/main.tf": """
        variable "token" {
          ephemeral = true
        }

        output "token" {
          value     = var.token
          ephemeral = true
        }
        """,
    "modules/b/main.tf": """
        variable "name" {}

        variable "token" {
          ephemeral = true
        }

        resource "terraform_data" "this" {
          input = var.name
        }

        output "only" {
          value     = var.token
          ephemeral = true
        }
        """,
}


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_ephemeral_values_work_within_modules(tmp_path: Path, way: tuple[str, ...]) -> None:
    project = Project(build_estate(tmp_path, FILES))
    project.pytg("validate")
    project.pytg("apply", "--env", "dev", "--yes", *way)
    for other in ((), ("--per-unit",), ("--module", "b")):
        project.pytg("plan", "--env", "dev", "--detailed-exitcode", *other)
    for unit in (A, B):
        project.pytg("generate")
        plain = project.terraform(unit, "plan", "-detailed-exitcode", "-input=false")
        assert plain.code == 0, plain.out + plain.err
        assert "not-kept-anywhere" not in str(project.state(unit))
    a = project.state(A)
    assert a is not None
    assert list(a["outputs"]) == ["name"]
    project.pytg("destroy", "--env", "dev", "--yes", *way)


def test_a_reference_to_an_ephemeral_output_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    project = Project(build_estate(tmp_path, FILES))
    config = project.root / "config.yaml"
    config.write_text(config.read_text().replace("token: ${a.name}", "token: ${a.token}"))
    done = project.pytg("validate", expect=3)
    assert "config.yaml:9: ${a.token}: output `token` is ephemeral" in done.err


REQUIRES = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
ON_AWS = {
    "config.yaml": """
        project: demo
        terraform:
          providers: {aws: {source: hashicorp/aws, version: 5.100.0}}
        regions: {us-east-1: {role: source}}
        modules:
          secret: {}
          copy:
            inputs: {arn: "${secret.arn}"}
        """,
    "live/sandbox/account.yaml": 'account_id: "123456789012"\nsandbox: true\n',
    "live/sandbox/us-east-1/dev/env.yaml": "{}\n",
    "modules/secret/versions.tf": REQUIRES,
    "modules/secret/main.tf": """
        ephemeral "aws_secretsmanager_random_password" "this" {
          password_length = 20
        }

        locals {
          password = ephemeral.aws_secretsmanager_random_password.this.random_password
        }

        resource "aws_secretsmanager_secret" "this" {
          name = "made"
        }

        resource "aws_secretsmanager_secret_version" "this" {
          secret_id                = aws_secretsmanager_secret.this.id
          secret_string_wo         = local.password
          secret_string_wo_version = 1
        }

        output "arn" {
          value = aws_secretsmanager_secret_version.this.arn
        }
        """,
    "modules/copy/versions.tf": REQUIRES,
    "modules/copy/main.tf": """
        variable "arn" {}

        ephemeral "aws_secretsmanager_secret_version" "this" {
          secret_id = var.arn
        }

        resource "aws_ssm_parameter" "this" {
          name             = "/copy"
          type             = "SecureString"
          value_wo         = ephemeral.aws_secretsmanager_secret_version.this.secret_string
          value_wo_version = 1
        }
        """,
}


def test_a_secret_goes_from_unit_to_unit_by_its_name(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    """Made by one, read by the next, both through write-only arguments: in no file."""
    environ = {"PYTG_SANDBOX_DIR": str(sandbox.control.directory)}
    project = Project(build_estate(tmp_path, ON_AWS), environ)
    project.pytg("apply", "--env", "dev", "--yes")
    made = sandbox.client("secretsmanager").get_secret_value(SecretId="made")["SecretString"]
    found = sandbox.client("ssm").get_parameter(Name="/copy", WithDecryption=True)["Parameter"]
    assert found["Value"] == made
    kept = (p for p in (tmp_path / ".pytg").rglob("*") if p.is_file() and not p.is_symlink())
    assert [p for p in kept if made.encode() in p.read_bytes()] == []
    for way in ((), ("--per-unit",)):
        project.pytg("plan", "--env", "dev", "--detailed-exitcode", *way)
