"""What a unit is made from: what reaches Terraform counts, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytg.config.load import load_project
from pytg.generate.fingerprint import Fingerprints, Parts, differing
from pytg.generate.unit import render_unit
from pytg.model import Address
from support.estate_builder import build_estate, terraform_module, two_region_files

NESTED = 'module "inner" {\n  source = "../../shared/inner"\n}\n'
BESIDE = 'locals {\n  code = filesha256("${path.module}/../../src/code.py")\n}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = two_region_files()
    files["modules/kms/nested.tf"] = NESTED
    files["modules/table/beside.tf"] = BESIDE
    files["shared/inner/main.tf"] = 'module "deep" {\n  source = "../deep"\n}\n'
    files["shared/deep/main.tf"] = "locals {}\n"
    files["shared/deep/policy.json"] = "{}\n"
    files["src/code.py"] = "pass\n"
    return build_estate(tmp_path, files)


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def touched(root: Path, edit: Callable[[], object]) -> dict[str, list[str]]:
    """The parts that differ after `edit`, by the units' modules with environment."""
    before = Fingerprints(load_project(root).estate).of_all()
    edit()
    after = Fingerprints(load_project(root).estate).of_all()
    return {
        f"{unit.region}/{unit.environment}/{unit.module}": names
        for unit in after
        if (names := differing(before[unit], after[unit]))
    }


def test_nothing_differs_without_a_change(root: Path) -> None:
    assert touched(root, lambda: None) == {}


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("shared/deep/main.tf", "kms"),
        ("shared/deep/policy.json", "kms"),
        ("shared/inner/new.tf", "kms"),
        ("src/code.py", "table"),
        ("modules/api/main.tf", "api"),
    ],
)
def test_files_count_for_the_units_that_are_made_of_them(
    root: Path, file: str, module: str
) -> None:
    def edit() -> None:
        with (root / file).open("a") as opened:
            opened.write("\n")

    found = touched(root, edit)
    assert {name.rpartition("/")[2] for name in found} == {module}
    assert len(found) == 4
    assert set(map(tuple, found.values())) == {(file,)}


@pytest.mark.parametrize("name", [".terraform/modules/x.tf", ".terraform.lock.hcl"])
def test_what_terraform_leaves_in_a_module_does_not_count(root: Path, name: str) -> None:
    def edit() -> None:
        path = root / "modules" / "kms" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")

    assert touched(root, edit) == {}


def test_a_parent_file_counts_by_what_it_resolves_to(root: Path) -> None:
    config = root / "config.yaml"
    assert touched(root, lambda: replaced(config, "regions:", "# x\nregions:")) == {}

    def edit() -> None:
        (root / "live/docs/us-east-1/region.yaml").write_text("inputs: {name: other}\n")

    found = touched(root, edit)
    assert set(map(tuple, found.values())) == {("inputs.name",)}
    assert {name.split("/")[0] for name in found} == {"us-east-1"}
    assert len(found) == 8
    env = root / "live/docs/us-east-1/dev/env.yaml"
    found = touched(root, lambda: env.write_text("inputs: {name: mine}\n"))
    assert {name.split("/")[1] for name in found} == {"dev"}
    parent = root / "live/docs/us-east-1/region.yaml"
    found = touched(root, lambda: parent.write_text("inputs: {name: another}\n"))
    assert {name.split("/")[1] for name in found} == {"prod"}, "in dev it is overridden"


def test_references_count_and_so_does_where_a_state_lies(root: Path) -> None:
    config = root / "config.yaml"
    found = touched(root, lambda: replaced(config, "table: ${table.arn}", "table: ${bucket.arn}"))
    assert {name.rpartition("/")[2] for name in found} == {"api"}
    assert all("inputs.table" in names for names in found.values())


def test_no_value_stands_in_a_fingerprint(root: Path) -> None:
    env = root / "live/docs/us-east-1/dev/env.yaml"
    env.write_text("inputs: {name: hunter2}\n")
    assert "hunter2" not in str(Fingerprints(load_project(root).estate).of_all())


CONFIG = "config.yaml"
AWS = "terraform: {providers: {aws: {source: hashicorp/aws, version: ~> 5.0}}}\n"
NEEDS_AWS = """
    terraform {
      required_providers {
        aws = { source = "hashicorp/aws", configuration_aliases = [aws.peer] }
      }
    }
"""
EDITS = [
    (CONFIG, "  other: {}", "  other: {after: [table]}"),
    (CONFIG, "  bucket:\n", "  bucket:\n    isolate: true\n"),
    (CONFIG, "key: ${kms.arn}", "key: ${kms.arn}-x"),
    (CONFIG, "key: ${kms.arn}", "key: ${kms.arn?}"),
    (CONFIG, "kms: {}", "kms: {imports: [{to: terraform_data.this, id: x}]}"),
    (CONFIG, "  project: demo", "  project: other"),
    (CONFIG, "terraform: {", 'terraform: {version: ">= 1.10", '),
    (CONFIG, "version: ~> 5.0", "version: ~> 5.1"),
    (CONFIG, "version: ~> 5.0", "version: ~> 5.0, config: {max_retries: 3}"),
    (CONFIG, "regions:\n", "backend: {type: s3, bucket: b}\nregions:\n"),
    (CONFIG, "  eu-west-1: {role: target}", "  eu-west-1: {role: target, peer: eu-west-2}"),
    (CONFIG, "kms: {}", "kms: {source: ./modules/other}"),
    ("live/docs/account.yaml", "000000000001", "000000000002"),
    ("live/docs/account.yaml", "account_id", "profile: p\naccount_id"),
    ("modules/kms/outputs.tf", 'output "arn" {', 'output "arn" {\n  sensitive = true'),
    ("modules/bucket/aws.tf", "[aws.peer]", "[]"),
]


@pytest.mark.parametrize(("file", "old", "new"), EDITS)
def test_whatever_changes_a_root_or_its_order_is_seen(
    root: Path, file: str, old: str, new: str
) -> None:
    build_estate(root, {**terraform_module("other", ["name"]), "modules/bucket/aws.tf": NEEDS_AWS})
    replaced(root / CONFIG, "regions:\n", f"{AWS}regions:\n")
    replaced(
        root / CONFIG,
        "  eu-west-1: {role: target}\n",
        "  eu-west-1: {role: target}\n  eu-west-2: {}\n",
    )
    replaced(root / CONFIG, "  kms: {}\n", "  kms: {}\n  other: {}\n")

    def made() -> dict[Address, tuple[object, Parts]]:
        estate = load_project(root).estate
        parts = Fingerprints(estate).of_all()
        return {
            address: ((render_unit(estate, unit), unit.after, unit.isolate), parts[address])
            for address, unit in estate.units.items()
        }

    before = made()
    replaced(root / file, old, new)
    after = made()
    changed = {unit for unit in after if before[unit][0] != after[unit][0]}
    seen = {unit for unit in after if before[unit][1] != after[unit][1]}
    assert changed
    assert changed <= seen
