"""What is written becomes a value: references, facts, texts, numbers and null."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from two_regions import HERE, THERE, api_input, changed, load, reference, unit

from pytg.config.explain import explain
from pytg.config.load import load_project
from pytg.model import (
    Address,
    Template,
    Value,
)
from support.estate_builder import build_estate, terraform_module, two_region_files


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${kms.arn}", reference(f"{HERE}/kms")),
        ("${kms.arn.a-b[0].c}", reference(f"{HERE}/kms", "arn", "a-b", 0, "c")),
        ("${kms.peer.arn}", reference(f"{THERE}/kms")),
        ("${kms.source.arn}", reference(f"{HERE}/kms")),
        ("${kms.target.arn}", reference(f"{THERE}/kms")),
        ("${kms.eu-west-1.arn}", reference(f"{THERE}/kms")),
        ("${kms@peer.arn}", reference(f"{THERE}/kms")),
        ("${kms@eu-west-1.arn[0]}", reference(f"{THERE}/kms", "arn", 0)),
        ('${kms["arn"].b["a key"]}', reference(f"{HERE}/kms", "arn", "b", "a key")),
        ("${kms.arn?}", replace(reference(f"{HERE}/kms"), optional=True)),
        ("${replication.arn?}", None),
        (
            "${replication.peer.arn?}",
            replace(reference(f"{THERE}/replication"), optional=True),
        ),
        ("x-${kms.arn}-y", Template(("x-", reference(f"{HERE}/kms"), "-y"))),
        (
            "${self.region}/${kms.arn}${kms.peer.arn}",
            Template(("us-east-1/", reference(f"{HERE}/kms"), reference(f"{THERE}/kms"))),
        ),
        ("$${kms.arn}", "${kms.arn}"),
        ("$$${kms.arn}", "$${kms.arn}"),
        ("100%", "100%"),
        ("$5 {x}", "$5 {x}"),
        ("${self.project}", "demo"),
        ("${self.account} ${self.account_id}", "docs 000000000001"),
        ("${self.region} ${self.role} ${self.peer_region}", "us-east-1 source eu-west-1"),
        ("${self.source_region} ${self.target_region}", "us-east-1 eu-west-1"),
        ("${self.module}", "api"),
        ("${self.tags.project}", "demo"),
        ("${self.regions[0]}", "eu-west-1"),
    ],
)
def test_a_reference_or_fact_becomes_a_value(tmp_path: Path, written: str, value: Value) -> None:
    estate = load(tmp_path, changed("bucket: ${bucket.arn}", f"bucket: '{written}'"))
    assert api_input(estate) == value


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("${self.region}/x", "us-east-1/x"),
        ("$${aws:username}", "${aws:username}"),
        ("${self.module}-$${x}", "api-${x}"),
    ],
)
def test_keys_mean_what_values_do(tmp_path: Path, key: str, meant: str) -> None:
    changes = changed("bucket: ${bucket.arn}", f"bucket: {{'{key}': [{{'{key}': 1}}]}}")
    changes["config.yaml"] += f"tags: {{'{key}': x}}\n".replace("self.module", "self.account")
    changes["config.yaml"] = changes["config.yaml"].replace("tags:\n  project: demo\n", "", 1)
    changes["modules/api/variables.tf"] = "".join(
        f'variable "{name}" {{}}\n' for name in ("name", "bucket", "table")
    )
    loaded = load_project(build_estate(tmp_path, two_region_files() | changes))
    found = loaded.estate.units[Address.parse(f"{HERE}/api")]
    assert found.inputs["bucket"] == {meant: [{meant: 1}]}
    assert found.tags == {meant.replace("api", "docs"): "x"}
    assert f"inputs.bucket.{meant}" in [entry.key for entry in explain(loaded, found)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${kms.peer}", reference(f"{HERE}/kms", "peer")),
        ("${kms.peer.x}", reference(f"{HERE}/kms", "peer", "x")),
        ("${kms.peer[0]}", reference(f"{HERE}/kms", "peer", 0)),
        ('${kms["peer"].arn}', reference(f"{HERE}/kms", "peer", "arn")),
        ("${kms@peer.arn}", reference(f"{THERE}/kms", "arn")),
        ("${kms@peer.peer.arn}", reference(f"{THERE}/kms", "peer", "arn")),
        ("${kms.target.arn}", reference(f"{THERE}/kms", "arn")),
        ("${kms.eu-west-1.b}", reference(f"{HERE}/kms", "eu-west-1", "b")),
    ],
)
def test_an_output_may_be_called_like_a_role_or_a_region(
    tmp_path: Path, written: str, value: Value
) -> None:
    changes = changed("bucket: ${bucket.arn}", f"bucket: '{written}'")
    outputs = terraform_module("kms", ["name"], outputs=("arn", "peer", "eu-west-1"))
    assert api_input(load(tmp_path, changes | outputs)) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${self.environment}", "dev-x1"),
        ("${self.environment_name} ${self.suffix}", "dev x1"),
        ("${self.address}", "docs/us-east-1/dev-x1/api"),
    ],
)
def test_a_fact_about_an_environment_with_suffix(
    tmp_path: Path, written: str, value: Value
) -> None:
    estate = load(tmp_path, changed("bucket: ${bucket.arn}", f"bucket: '{written}'"), "x1")
    assert api_input(estate, f"{HERE}-x1/api") == value


def test_whole_facts_keep_their_type(tmp_path: Path) -> None:
    changes = changed("bucket: ${bucket.arn}", "bucket: {r: '${self.regions}', t: '${self.tags}'}")
    changes["modules/api/variables.tf"] = (
        'variable "name" {}\nvariable "table" {}\nvariable "bucket" {}\n'
    )
    assert api_input(load(tmp_path, changes)) == {
        "r": ["eu-west-1", "us-east-1"],
        "t": {"project": "demo"},
    }


KINDS = """\
variable "text" {
  type = string
}
variable "number" {
  type = number
}
variable "untyped" {}
variable "parts" {
  type = object({ v = string, n = number, l = optional(list(string)), t = tuple([string, number]) })
}
variable "tagged" {
  type = map(string)
}
"""


def test_a_number_is_text_as_it_was_written_where_the_variable_is_text(tmp_path: Path) -> None:
    inputs = {
        "text": "1.10",
        "number": "1.10",
        "untyped": "0x1F",
        "parts": "{v: 3.0, n: 3.0, l: [1.20, 0x1F], t: [+5, +5], other: 1.0}",
        "tagged": "{a: 2.0, b: 1}",
    }
    written = "".join(f"      {name}: {text}\n" for name, text in inputs.items())
    files = {
        "config.yaml": "project: p\nregions: {us-east-1: {role: source}}\n"
        f"modules:\n  kinds:\n    inputs:\n{written}",
        "live/docs/account.yaml": "",
        "live/docs/us-east-1/dev/env.yaml": "",
        **terraform_module("kinds"),
        "modules/kinds/variables.tf": KINDS,
    }
    (found,) = load_project(build_estate(tmp_path, files)).estate.units.values()
    parts = {"v": "3.0", "n": 3, "l": ["1.20", "0x1F"], "t": ["+5", 5], "other": 1}
    assert found.inputs == {
        "text": "1.10",
        "number": Decimal("1.1"),
        "untyped": 31,
        "parts": parts,
        "tagged": {"a": "2.0", "b": "1"},
    }


def test_null_takes_a_tag_away_and_dates_are_text(tmp_path: Path) -> None:
    env = "tags: {project: null, cutover-date: 2026-03-01, where: '${self.region}'}\n"
    estate = load(tmp_path, {"live/docs/us-east-1/dev/env.yaml": env})
    assert unit(estate, f"{HERE}/kms").tags == {
        "cutover-date": "2026-03-01",
        "where": "us-east-1",
    }


def test_null_for_a_variable_with_a_default_is_the_default(tmp_path: Path) -> None:
    variables = 'variable "name" {\n  type = string\n  nullable = false\n  default = "x"\n}\n'
    changes = changed("kms: {}", "kms: {inputs: {name: null}}")
    estate = load(tmp_path, {**changes, "modules/kms/variables.tf": variables})
    assert unit(estate, f"{HERE}/kms").inputs == {"name": None}
