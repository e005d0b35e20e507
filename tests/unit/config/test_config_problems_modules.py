"""One broken fixture for each rule of modules and their inputs: the whole text that a person reads, place and hint."""

# ruff: noqa: E501 - a message stands in one line, as people read it

from __future__ import annotations

from pathlib import Path

import pytest
from broken_estate import AWS, CONFIG, ENV, TYPED, Cases, assert_told, config

CASES: Cases = {}
CASES["unknown module"] = (
    {ENV: "modules: {buckt: {enabled: false}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: there is no module `buckt`
    did you mean `bucket`?
""",
)
CASES["after unknown"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "kms: {after: [buckets]}")},
    """
config.yaml:6: there is no module `buckets`
    did you mean `bucket`?
""",
)
CASES["after itself"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "kms: {after: [kms]}")},
    """
config.yaml:6: module `kms` cannot come after itself
""",
)
CASES["no module directory"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "kms: {source: nowhere}")},
    """
config.yaml:6: module `kms`: no *.tf file in nowhere
    modules are directories of this project: make it, or name another with `source`
""",
)
CASES["broken HCL"] = (
    {"modules/kms/variables.tf": 'variable "a" {\n  type = \n}\n'},
    """
modules/kms/variables.tf:2: module `kms`: not valid HCL: a value is missing after `=`
    `terraform fmt` says more about it
""",
)
CASES["declared twice"] = (
    {"modules/bucket/more.tf": 'variable "key" {}\n'},
    """
modules/bucket/variables.tf:1: variable key is declared twice
    first in modules/bucket/more.tf:1
""",
)
CASES["provider not listed"] = (
    {"modules/kms/versions.tf": AWS.replace(", aws.other", "")},
    """
config.yaml:6: module `kms` needs the provider `aws`, which is not listed
    add `terraform.providers.aws` with `source` and `version`
""",
)
CASES["alias not peer"] = (
    {
        **config("terraform: {providers: {aws: {source: hashicorp/aws, version: 5.100.0}}}\n"),
        "modules/kms/versions.tf": AWS,
    },
    """
config.yaml:6: module `kms` needs the provider alias `aws.other`
    pytg passes the alias `peer` only
""",
)
CASES["alias without peer"] = (
    {
        "config.yaml": CONFIG.replace("{role: target}", "{}")
        + "terraform: {providers: {aws: {source: hashicorp/aws, version: 5.100.0}}}\n",
        "modules/kms/versions.tf": AWS.replace(", aws.other", ""),
    },
    """
config.yaml:6: module `kms` needs the provider alias `peer` (in docs/us-east-1/dev)
    region `us-east-1` has no peer: give it one under `regions` in config.yaml
""",
)
CASES["a module like a root module"] = (
    {
        "modules/kms/versions.tf": """\
locals {
  text = <<-EOT
    cloud {
  EOT
}
provider "aws" {
  region = "eu-west-1"
}
terraform {
  backend "s3" {}
}
resource "aws_s3_bucket" "b" {
  provider = aws
}
"""
    },
    """
modules/kms/versions.tf:6: a `provider` block belongs into a root module, and pytg writes those
    take it out: its arguments stand in config.yaml under `terraform.providers`
modules/kms/versions.tf:10: a `backend` block belongs into a root module, and pytg writes those
    take it out: `backend` in config.yaml says where states live
""",
)
CASES["missing input"] = (
    {"config.yaml": CONFIG.replace("key: ${kms.arn}", "{}")},
    """
config.yaml:8: module `bucket` needs the input `key` (in docs/us-east-1/dev)
    declared in modules/bucket/variables.tf:1; set it under `modules.bucket.inputs`
""",
)
CASES["missing input, no entry"] = (
    {"config.yaml": CONFIG[: CONFIG.index("  bucket:")] + "  bucket:\n"},
    """
config.yaml:7: module `bucket` needs the input `key` (in docs/us-east-1/dev)
    declared in modules/bucket/variables.tf:1; set it under `modules.bucket.inputs`
""",
)
CASES["unknown input"] = (
    {ENV: "modules: {bucket: {inputs: {keys: x}}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: module `bucket` has no variable `keys`
    did you mean `key`?
""",
)
CASES["unknown common input"] = (
    config("inputs: {kei: x}\n"),
    """
config.yaml:10: no module declares a variable `kei`
    did you mean `key`?
""",
)
CASES["wrong type"] = (
    {"modules/bucket/variables.tf": TYPED, **config("      plain: [a]\n")},
    """
config.yaml:10: input `plain` of module `bucket`: string required, not a list of 1
    declared in modules/bucket/variables.tf:9
""",
)
CASES["wrong type inside"] = (
    {
        "modules/bucket/variables.tf": TYPED,
        "config.yaml": CONFIG.replace("${kms.arn}", "{days: ten, mod: x}") + "      plain: x\n",
    },
    """
config.yaml:9: input `key` of module `bucket`: at `days`: number required, not text `ten`
    declared in modules/bucket/variables.tf:1
config.yaml:9: input `key` of module `bucket`: attribute `mod` is not in the type: did you mean `mode`?
    declared in modules/bucket/variables.tf:1
""",
)
CASES["wrong type of a secret"] = (
    {"modules/bucket/variables.tf": TYPED, **config("      plain: x\n      secret: hunter2\n")},
    """
config.yaml:11: input `secret` of module `bucket`: not of the variable's type
    declared in modules/bucket/variables.tf:4
""",
)
CASES["null not allowed"] = (
    {"modules/bucket/variables.tf": TYPED, **config("      plain: null\n")},
    """
config.yaml:10: input `plain` of module `bucket` must not be null
    declared in modules/bucket/variables.tf:9
""",
)
CASES["backend without bucket"] = (
    config("backend: {type: s3}\n"),
    """
config.yaml:10: backend: type `s3` needs a `bucket`
""",
)
CASES["backend in no region"] = (
    config("backend: {type: s3, bucket: b, region: eu-west-3}\n"),
    """
config.yaml:10: backend: `eu-west-3` is no region
    name one of eu-west-1, us-east-1
""",
)
CASES["backend of no module"] = (
    config("backend: {module: state}\n"),
    """
config.yaml:10: there is no module `state`
    known: bucket, kms
""",
)
CASES["bucket of a unit"] = (
    config("backend: {type: s3, bucket: 'b-${self.module}'}\n"),
    """
config.yaml:10: ${self.module}: `self` does not know `module` here
    did you mean `role`?
""",
)
CASES["a name too long whatever its suffix"] = (
    {
        **config("suffix: a1\n"),
        "live/docs/us-east-1/a-quite-long-environment/env.yaml": "",
    },
    """
live/docs/us-east-1/a-quite-long-environment/env.yaml:1: environment `a-quite-long-environment-a1` is longer than 20 characters
""",
)


@pytest.mark.parametrize("name", CASES)
def test_a_broken_rule_is_told_with_place_and_hint(name: str, tmp_path: Path) -> None:
    assert_told(CASES[name], tmp_path)
