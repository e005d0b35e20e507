"""Small estates written into a directory, with modules that need no provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent


def build_estate(root: Path, files: Mapping[str, str]) -> Path:
    """Write `files` (path below `root` -> text, dedented) and return `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return root


def terraform_module(
    name: str, variables: Iterable[str] = (), outputs: Iterable[str] = ("arn",)
) -> dict[str, str]:
    """A module of one `terraform_data` that stores its (text) variables.

    Every output is known after apply only, and different for different inputs.
    """
    variables = tuple(variables)
    declared = "\n".join(f'variable "{v}" {{\n  type = string\n}}\n' for v in variables)
    stored = "\n".join(f"    {v} = var.{v}" for v in variables)
    values = "\n".join(
        f'output "{o}" {{\n  value = "{name}:{o}:${{terraform_data.this.id}}"\n}}\n'
        for o in outputs
    )
    resource = f'resource "terraform_data" "this" {{\n  input = {{\n{stored}\n  }}\n}}\n'
    return {
        f"modules/{name}/main.tf": resource,
        f"modules/{name}/variables.tf": declared,
        f"modules/{name}/outputs.tf": values,
    }


TWO_REGION_CONFIG = """
project: demo
regions:
  us-east-1: {role: source}
  eu-west-1: {role: target}
inputs:
  name: ${self.environment}-${self.region}
tags:
  project: demo
modules:
  kms: {}
  bucket:
    inputs:
      key: ${kms.arn}
  table:
    inputs:
      key: ${kms.arn}
  api:
    inputs:
      bucket: ${bucket.arn}
      table: ${table.arn}
  replication:
    enabled: false
    inputs:
      from: ${bucket.source.arn}
      to: ${bucket.arn}
"""


def two_region_files() -> dict[str, str]:
    """What `two_region` writes, for tests that change a file before writing."""
    return {
        "config.yaml": TWO_REGION_CONFIG,
        "live/docs/account.yaml": 'account_id: "000000000001"\n',
        "live/docs/us-east-1/dev/env.yaml": "{}\n",
        "live/docs/us-east-1/prod/env.yaml": "protected: true\n",
        "live/docs/eu-west-1/region.yaml": "modules: {replication: {enabled: true}}\n",
        "live/docs/eu-west-1/dev/env.yaml": "{}\n",
        "live/docs/eu-west-1/prod/env.yaml": "protected: true\n",
        **terraform_module("kms", ["name"]),
        **terraform_module("bucket", ["name", "key"]),
        **terraform_module("table", ["name", "key"]),
        **terraform_module("api", ["name", "bucket", "table"]),
        **terraform_module("replication", ["name", "from", "to"]),
    }


def two_region(root: Path) -> Path:
    """18 units: account docs, two regions, dev and prod; replication in eu-west-1 only.

    kms <- bucket, table; api <- bucket, table; replication <- its own bucket and that of us-east-1.
    """
    return build_estate(root, two_region_files())
