"""`moved`, `removed`, `import` and `check` blocks of modules, composed as in a unit's own root."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from support.estate_builder import build_estate
from support.project import Done, Project

pytestmark = pytest.mark.slow

UNIT = "docs/us-east-1/dev/here"
BEFORE = """
resource "terraform_data" "old" {
  input = "kept"
}

resource "terraform_data" "given_up" {
  count = 2
  input = "left alone"
}

resource "terraform_data" "one" {
  input = "one"
}
"""
AFTER = """
moved {
  from = terraform_data.old
  to   = module.inner.terraform_data.new["a"]
}

moved {
  from = terraform_data.one
  to   = terraform_data.one[0]
}

removed {
  from = terraform_data.given_up

  lifecycle {
    destroy = false
  }
}

module "inner" {
  source = "./inner"
}

resource "terraform_data" "one" {
  count = 1
  input = "one"
}

check "one" {
  assert {
    condition     = terraform_data.one[0].output == "two"
    error_message = "one is not two"
  }
}
"""
INNER = """
resource "terraform_data" "new" {
  for_each = toset(["a"])
  input    = "kept"
}
"""
IMPORT = """
import {
  to = terraform_data.imported
  id = "an-id"
}

resource "terraform_data" "imported" {}
"""


def write(root: Path, module: str) -> Project:
    return Project(
        build_estate(
            root,
            {
                "config.yaml": """
                    project: demo
                    regions: {us-east-1: {role: source}}
                    modules: {other: {}, here: {after: [other]}}
                    """,
                "live/docs/account.yaml": "{}\n",
                "live/docs/us-east-1/dev/env.yaml": "{}\n",
                "modules/other/main.tf": 'resource "terraform_data" "this" {}\n',
                "modules/here/main.tf": module,
                "modules/here/inner/main.tf": INNER,
            },
        )
    )


def resources(project: Project) -> dict[str, Any]:
    """Ids by address."""
    state = project.state(UNIT)
    assert state is not None
    return {
        f"{r.get('module', '')}.{r['name']}[{instance.get('index_key', '')}]": instance[
            "attributes"
        ]["id"]
        for r in state["resources"]
        for instance in r["instances"]
    }


def without_ids(text: str) -> list[str]:
    """What was said of the unit's resources; Terraform names them in any order."""
    kept = [line for line in text.splitlines() if "terraform_data" in line or "not two" in line]
    unlike = r"[0-9a-f-]{36}|\d\d:\d\d:\d\d|docs__us-east-1__dev__"
    return sorted(re.sub(unlike, "", line) for line in kept)


def test_what_is_moved_removed_and_checked_is_so_in_both_ways(tmp_path: Path) -> None:
    said: list[tuple[Any, list[str]]] = []
    for way in ((), ("--per-unit",)):
        root = tmp_path / ("per-unit" if way else "composed")
        write(root, BEFORE).pytg("apply-all", "--yes", *way)
        before = resources(Project(root))
        project = write(root, AFTER)
        planned = project.pytg("plan-all", "--json", *way)
        done = project.pytg("apply-all", "--yes", "--json", *way)
        after = resources(project)
        assert after == {
            "module.here.module.inner.new[a]": before["module.here.old[]"],
            "module.here.one[0]": before["module.here.one[]"],
        }
        project.pytg("plan-all", "--detailed-exitcode", *way)
        assert "one is not two" in done.err
        unit = project.record(done)["units"][UNIT]
        said.append(({k: unit[k] for k in ("changes", "checks", "besides")}, without_ids(done.err)))
        assert project.record(planned)["units"][UNIT]["checks"] == unit["checks"]
    assert said[0] == said[1]


def test_an_import_block_in_a_module_is_refused_as_terraform_does(tmp_path: Path) -> None:
    """Terraform takes them in a root module only; `imports` of the configuration is for that."""

    def plan(*way: str) -> Done:
        return project.pytg("plan-all", "--json", *way, expect=1)

    project = write(tmp_path, IMPORT)
    composed, alone = plan(), plan("--per-unit")
    for done in (composed, alone):
        assert "Invalid import configuration" in done.err
        assert UNIT in done.err
        assert "modules/here/main.tf:" in done.err
        ended = {unit: it["status"] for unit, it in project.record(done)["units"].items()}
        assert ended == {UNIT: "failed", UNIT.replace("here", "other"): "succeeded"}
