"""Both kinds of root with the real AWS provider: its schema accepts what is generated."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from pytg.config.load import load_project
from pytg.generate.aws import relative
from pytg.generate.composed import render_composed
from pytg.generate.unit import render_unit, unit_directory
from pytg.generate.write import write_files
from pytg.model import Address, Estate
from pytg.recovery.composed_directory import COMPOSED
from pytg.terraform.provider_mirror import cli_config
from support.estate_builder import build_estate

pytestmark = pytest.mark.slow

FILES = {
    "config.yaml": """
        project: demo
        terraform:
          providers:
            aws:
              source: hashicorp/aws
              version: 5.100.0
              config: {max_retries: 3, ignore_tags: {keys: [owner]}}
        regions:
          us-east-1: {role: source}
          eu-west-1: {role: target}
        tags: {project: demo, cutover-date: "2027-01-16"}
        backend: {type: s3, bucket: demo, lock_table: locks}
        modules:
          storage: {}
          plain: {inputs: {arn: "${storage.arn}"}}
    """,
    "live/docs/account.yaml": """
        account_id: "123456789012"
        sandbox: true
        assume_role: {role_arn: "arn:aws:iam::123456789012:role/deploy", session_name: pytg}
    """,
    "live/docs/us-east-1/dev/env.yaml": "{}\n",
    "live/docs/eu-west-1/dev/env.yaml": "{}\n",
    "modules/storage/main.tf": """
        terraform {
          required_providers {
            aws = {
              source                = "hashicorp/aws"
              configuration_aliases = [aws.peer]
            }
          }
        }

        resource "aws_s3_bucket" "this" {}

        resource "aws_s3_bucket" "peer" {
          provider = aws.peer
        }

        output "arn" {
          value = aws_s3_bucket.this.arn
        }
    """,
    "modules/plain/main.tf": 'variable "arn" {}\n',
}


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return load_project(build_estate(tmp_path, FILES)).estate


def test_both_kinds_of_root_lie_at_the_same_depth(estate: Estate) -> None:
    """So that `path.module`, which is written into resources, is the same text in both."""
    composed = estate.root / COMPOSED / "all"
    for unit in estate.units.values():
        path = relative(unit.module.path, unit_directory(estate, unit))
        assert path == relative(unit.module.path, composed)


def test_both_kinds_of_root_are_valid(
    estate: Estate, terraform: Callable[..., CompletedProcess[str]]
) -> None:
    config = cli_config(estate.root, estate.terraform.providers.values(), os.environ)
    variables = {"TF_CLI_CONFIG_FILE": str(config)} if config else {}
    composed = estate.root / COMPOSED / "all"
    files = render_composed(estate, list(estate.units.values()), {}, composed, {}).files
    assert write_files(composed, files)
    roots = [composed]
    for module in ("storage", "plain"):
        unit = estate.units[Address("docs", "eu-west-1", "dev", module)]
        roots.append(unit_directory(estate, unit))
        assert write_files(roots[-1], render_unit(estate, unit))
    for root in roots:
        terraform(root, "init", "-backend=false", **variables)
        terraform(root, "validate", **variables)


def test_a_relative_path_follows_a_link_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "p" / "modules").mkdir(parents=True)
    (tmp_path / "p" / ".pytg").symlink_to(tmp_path / "far" / "away")
    root, workdir = tmp_path / "p", tmp_path / "p" / ".pytg" / "units"
    assert relative(root / "modules" / "a", workdir) == "../../../p/modules/a"
    assert relative(root / ".pytg" / "state" / "a", workdir) == "../state/a"
    (tmp_path / "link").symlink_to(root)
    assert relative(tmp_path / "link" / "modules" / "a", tmp_path / "link") == "./modules/a"
