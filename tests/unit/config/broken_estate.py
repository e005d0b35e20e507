"""A small estate that is right, to be broken in one place, and what is said of it then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from pytg.config.load import load_project
from pytg.errors import ConfigError
from support.estate_builder import build_estate, terraform_module

# by name: what other text files have (None: they are not there), and what is said, whole
Cases: TypeAlias = dict[str, tuple[Mapping[str, str | None], str]]

CONFIG = """\
project: demo
regions:
  us-east-1: {role: source}
  eu-west-1: {role: target}
modules:
  kms: {}
  bucket:
    inputs:
      key: ${kms.arn}
"""
FILES = {
    "config.yaml": CONFIG,
    "live/docs/account.yaml": 'account_id: "000000000001"\n',
    "live/docs/us-east-1/dev/env.yaml": "",
    **terraform_module("kms"),
    **terraform_module("bucket", ["key"]),
}
TYPED = """\
variable "key" {
  type = object({ days = number, mode = optional(string) })
}
variable "secret" {
  type      = number
  default   = 1
  sensitive = true
}
variable "plain" {
  type     = string
  nullable = false
}
"""
AWS = """\
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.peer, aws.other]
    }
  }
}
"""
GLOBAL_BUCKET = CONFIG.replace("bucket:\n", "bucket:\n    scope: environment\n")
ACCOUNT_BUCKET = CONFIG.replace("bucket:\n", "bucket:\n    scope: account\n")
GLOBAL_KMS = CONFIG.replace("kms: {}", "kms: {scope: environment}")
ENV = "live/docs/us-east-1/dev/env.yaml"


def reading(reference: str) -> dict[str, str]:
    return {"config.yaml": CONFIG.replace("${kms.arn}", reference)}


def config(addition: str) -> dict[str, str]:
    return {"config.yaml": CONFIG + addition}


def assert_told(case: tuple[Mapping[str, str | None], str], root: Path) -> None:
    """`pytg validate` says exactly what the case says."""
    changes, expected = case
    files = {k: v for k, v in {**FILES, **changes}.items() if v is not None}
    with pytest.raises(ConfigError) as caught:
        raise ConfigError(load_project(build_estate(root, files)).mistakes)
    assert str(caught.value) == expected.strip("\n")
