"""Where a value of a unit was written, for what Terraform says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytg.config.load import load_project
from pytg.model import Address
from support.estate_builder import build_estate

FILES = {
    "config.yaml": """
        project: written
        regions: {north: {}}
        terraform:
          providers:
            random:
              source: hashicorp/random
              version: "3"
              config:
                size: 1
        modules:
          a:
            source: modules/a
            inputs:
              deep:
                one:
                  - x
                  - y
              plain: 1
            imports:
              - to: terraform_data.this
                id: z
        """,
    "live/acc/account.yaml": "{}\n",
    "live/acc/north/dev/env.yaml": "modules: {a: {inputs: {plain: 2}}}\n",
    "modules/a/main.tf": """
        variable "deep" {
          type = any
        }
        variable "plain" {
          type = number
        }
        resource "terraform_data" "this" {}
        output "id" {
          value = terraform_data.this.id
        }
        """,
}
ENV = "live/acc/north/dev/env.yaml:1"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("inputs", "plain"), ENV),
        (("inputs", "deep"), "config.yaml:14"),
        (("inputs", "deep", "one", 1), "config.yaml:17"),
        (("inputs", "deep", "one", 7), "config.yaml:15"),
        (("modules", "a", "imports", 0), "config.yaml:20"),
        (("modules", "a", "after"), ENV),
        (("terraform", "providers", "random", "config", "size"), "config.yaml:9"),
        (("terraform", "providers", "random", "config", "other"), "config.yaml:8"),
        (("assume_role", "role_arn"), "None"),
        (("outputs", "id"), "modules/a/main.tf:8"),
        (("outputs", "gone"), "None"),
    ],
)
def test_a_value_stands_where_it_was_written(
    tmp_path: Path, path: tuple[str | int, ...], place: str
) -> None:
    loaded = load_project(build_estate(tmp_path, FILES))
    assert str(loaded.written(Address("acc", "north", "dev", "a"), path)) == place
