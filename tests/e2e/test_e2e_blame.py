"""Whatever fails is pinned on the unit that it is of, and stops nothing that does not need it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

CONFIG = """
    project: blame
    regions: {north: {}}
    modules:
      a:
        source: modules/odd
        inputs:
          mode: ""
          size: 1
      b:
        source: modules/odd
        inputs:
          mode: ""
          size: 1
      c:
        inputs:
          from: ${a.all.id}
      d: {source: modules/c, inputs: {from: x}}
    """
FILES = {
    "config.yaml": CONFIG,
    "live/docs/account.yaml": "{}\n",
    "live/docs/north/dev/env.yaml": "{}\n",
    "modules/c/main.tf": """
        variable "from" {
          type = string
        }
        resource "terraform_data" "this" {
          input = var.from
        }
        """,
    "modules/odd/main.tf": """
        variable "mode" {
          type = string
        }
        variable "size" {
          type = number
          validation {
            condition     = var.size < 9
            error_message = "The size is too large."
          }
        }
        locals {
          local = var.mode == "local" ? tonumber("no") : 1
          late  = var.mode == "late local" ? tonumber(terraform_data.this.id) : 1
        }
        resource "terraform_data" "this" {
          input = var.mode == "resource" ? tonumber("no") : local.local
          lifecycle {
            precondition {
              condition     = var.mode != "before"
              error_message = "It was bad before."
            }
            postcondition {
              condition     = var.mode != "after" || self.id == ""
              error_message = "It was bad after."
            }
          }
        }
        data "terraform_remote_state" "none" {
          backend  = "local"
          config   = { path = "${path.module}/none.tfstate" }
          lifecycle {
            postcondition {
              condition     = var.mode != "data"
              error_message = "The data were bad."
            }
          }
        }
        resource "terraform_data" "each" {
          for_each = var.mode == "for_each" ? null : toset([])
        }
        module "nested" {
          source = "./nested"
          mode   = var.mode
        }
        check "health" {
          assert {
            condition     = var.mode != "check"
            error_message = "It is not well."
          }
        }
        check "late" {
          assert {
            condition     = var.mode != "late check" || terraform_data.this.id == ""
            error_message = "It became ill."
          }
        }
        output "all" {
          value = { id = terraform_data.this.id, late = local.late }
          precondition {
            condition     = var.mode != "output"
            error_message = "The output was bad."
          }
          precondition {
            condition     = var.mode != "late output" || terraform_data.this.id == ""
            error_message = "The output went bad."
          }
        }
        """,
    "modules/odd/none.tfstate": """
        {"version": 4, "serial": 1, "lineage": "x", "outputs": {}, "resources": []}
        """,
    "modules/odd/nested/main.tf": """
        variable "mode" {
          type = string
          validation {
            condition     = var.mode != "nested validation"
            error_message = "Such a mode is none."
          }
        }
        resource "terraform_data" "this" {
          input = var.mode == "nested" ? tonumber("no") : 1
        }
        """,
}
ODD = "modules/odd/main.tf"
BAD = {
    "local": (ODD, 'tonumber("no") : 1'),
    "resource": (ODD, 'tonumber("no") : local'),
    "before": (ODD, 'condition     = var.mode != "before"'),
    "data": (ODD, 'condition     = var.mode != "data"'),
    "output": (ODD, 'condition     = var.mode != "output"'),
    "for_each": (ODD, "for_each ="),
    "nested": ("modules/odd/nested/main.tf", "tonumber"),
    "nested validation": (ODD, "mode   = var.mode"),
}
LATE = {
    "after": 'condition     = var.mode != "after"',
    "late output": 'condition     = var.mode != "late output"',
    "late local": 'late  = var.mode == "late local"',
}


def project_of(tmp_path: Path, *changes: tuple[str, str]) -> Project:
    """With the first of each text in config.yaml replaced: of `a`, that is."""
    files = dict(FILES)
    for old, new in changes:
        assert old in files["config.yaml"]
        files["config.yaml"] = files["config.yaml"].replace(old, new, 1)
    return Project(build_estate(tmp_path, files))


def line(project: Project, file: str, text: str) -> str:
    lines = (project.root / file).read_text().splitlines()
    (found,) = [n for n, one in enumerate(lines, 1) if text in one][:1]
    return f"{file}:{found}"


def units(project: Project) -> dict[str, Any]:
    return {address.split("/")[-1]: unit for address, unit in project.record()["units"].items()}


def ends(project: Project) -> dict[str, str]:
    return {name: unit["status"] for name, unit in units(project).items()}


@pytest.mark.parametrize("mode", BAD)
def test_a_plan_blames_one_of_two_units_of_a_module(tmp_path: Path, mode: str) -> None:
    project = project_of(tmp_path, ('mode: ""', f"mode: {mode}"))
    done = project.pytg("plan-all", expect=1)
    assert ends(project) == {"a": "failed", "b": "succeeded", "c": "skipped", "d": "succeeded"}
    assert line(project, *BAD[mode]) in units(project)["a"]["reason"]
    assert units(project)["c"]["blocked_by"] == ["docs/north/dev/a"]
    assert "docs/north/dev/a could not be planned" in done.err


VALUES = {
    "a validation": (("size: 1", "size: 12"), "a", "size: 12"),
    "an attribute that is not there": (("${a.all.id}", "${a.all.no}"), "c", "from: ${a.all.no}"),
    "a value of the wrong type": (("size: 1", "size: ${d.none}"), "a", "size: ${d.none}"),
}


def known_output(project: Project) -> None:
    """`none` of c: known before anything is applied."""
    path = project.root / "modules" / "c" / "main.tf"
    path.write_text(path.read_text() + 'output "none" {\n  value = "none"\n}\n')


@pytest.mark.parametrize("what", VALUES)
@pytest.mark.parametrize("how", ["composed", "per unit"])
def test_a_bad_value_is_told_with_the_line_it_was_written_at(
    tmp_path: Path, what: str, how: str
) -> None:
    change, unit, text = VALUES[what]
    project = project_of(tmp_path, change)
    known_output(project)
    arguments = ["apply-all", "--yes", *(["--per-unit"] if how == "per unit" else [])]
    done = project.pytg(*arguments, expect=1)
    assert ends(project)[unit] == "failed"
    assert line(project, "config.yaml", text) in units(project)[unit]["reason"].splitlines()[0]
    assert f"({line(project, 'config.yaml', text)})" in done.err
    others = set(ends(project)) - {unit, *({"c"} if unit == "a" else ())}
    assert {ends(project)[name] for name in others} == {"succeeded"}


@pytest.mark.parametrize("mode", LATE)
def test_an_apply_blames_the_unit_whose_condition_did_not_hold(tmp_path: Path, mode: str) -> None:
    project = project_of(tmp_path, ('mode: ""', f"mode: {mode}"))
    known_output(project)
    project.pytg("apply-all", "--yes", expect=1)
    assert ends(project) == {"a": "failed", "b": "succeeded", "c": "skipped", "d": "succeeded"}
    assert project.state("docs/north/dev/c") is None  # not for an output that is known ahead
    assert line(project, ODD, LATE[mode]) in units(project)["a"]["reason"]
    assert units(project)["c"]["blocked_by"] == ["docs/north/dev/a"]


def test_an_apply_goes_on_without_what_could_not_be_planned(tmp_path: Path) -> None:
    project = project_of(tmp_path, ('mode: ""', "mode: local"))
    project.pytg("apply-all", "--yes", expect=1)
    assert ends(project) == {"a": "failed", "b": "succeeded", "c": "skipped", "d": "succeeded"}
    assert project.state("docs/north/dev/a") is None
    assert project.state("docs/north/dev/d") is not None


def test_fail_fast_stops_the_rest(tmp_path: Path) -> None:
    project = project_of(tmp_path, ('mode: ""', "mode: local"))
    project.pytg("apply-all", "--yes", "--fail-fast", expect=1)
    assert ends(project) == {"a": "failed", "b": "cancelled", "c": "skipped", "d": "cancelled"}


@pytest.mark.parametrize("how", ["composed", "per unit"])
@pytest.mark.parametrize("mode", ["check", "late check"])
def test_a_check_that_fails_is_told_once_and_recorded(tmp_path: Path, how: str, mode: str) -> None:
    project = project_of(tmp_path, ('mode: ""', f"mode: {mode}"))
    arguments = ["apply-all", "--yes", *(["--per-unit"] if how == "per unit" else [])]
    done = project.pytg(*arguments)
    assert set(ends(project).values()) == {"succeeded"}
    assert done.err.count("warning: Check block assertion failed") == 1
    name, message = ("health", "It is not well.") if mode == "check" else ("late", "It became ill.")
    check = {"address": f"check.{name}", "status": "fail", "message": message}
    assert {name: unit["checks"] for name, unit in units(project).items()} == {
        "a": [check],
        "b": [],
        "c": [],
        "d": [],
    }


@pytest.mark.parametrize("how", ["composed", "per unit"])
def test_a_warning_is_told_once_by_unit(tmp_path: Path, how: str) -> None:
    project = project_of(tmp_path)
    path = project.root / "modules" / "c" / "main.tf"
    path.write_text(
        path.read_text().replace(
            "from\n", "from\n  lifecycle {\n    ignore_changes = [output]\n  }\n"
        )
    )
    done = project.pytg("apply-all", "--yes", *(["--per-unit"] if how == "per unit" else []))
    for name in "cd":
        (said,) = units(project)[name]["diagnostics"]
        assert said["summary"] == "Redundant ignore_changes element"
        assert said["file"] == "modules/c/main.tf"
    assert done.err.count("warning: Redundant") == 2
