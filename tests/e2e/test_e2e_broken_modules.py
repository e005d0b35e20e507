"""A module that cannot be read stops its own units and what needs them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import build_estate, terraform_module
from support.project import Project

PLACE = "docs/us-east-1/dev"
FILES = {
    "config.yaml": """
        project: demo
        modules:
          cut:
            inputs: {any: 1, read: '${free.arn}'}
          gone: {}
          calls: {}
          labels: {}
          reader:
            inputs: {x: '${cut.arn}'}
          free: {}
          below:
            inputs: {x: '${free.arn}'}
        """,
    "live/docs/account.yaml": "{}\n",
    "live/docs/us-east-1/dev/env.yaml": "{}\n",
    "modules/cut/main.tf": 'output "arn" {\n',
    "modules/calls/main.tf": 'module "n" {\n  source = "../nowhere"\n}\n',
    "modules/labels/main.tf": 'resource "one_label" {\n}\n',  # only Terraform says so, in its init
    **terraform_module("reader", ["x"]),
    **terraform_module("free"),
    **terraform_module("below", ["x"]),
}
SAID = {
    "cut": "modules/cut/main.tf:2: module `cut`: not valid HCL: the block of line 1 is not closed",
    "gone": "config.yaml:5: module `gone`: modules/gone is a link to away, which is not there",
    "calls": "modules/calls/main.tf:1: module `calls` calls what is not there: there is no "
    "modules/nowhere",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = build_estate(tmp_path, FILES)
    (root / "modules/gone").symlink_to("away")
    return Project(root)


def test_each_is_named_and_the_estate_can_be_looked_at(project: Project) -> None:
    invalid = project.pytg("validate", expect=3)
    assert [line for line in SAID.values() if line not in invalid.err] == []
    listed = project.pytg("ls", "--format", "tree")
    assert "cut  (cannot be read)" in listed.out
    assert f"warning: {SAID['gone']}" in listed.err
    assert "free\n" in listed.out
    drawn = project.pytg("graph", "--format", "mermaid")
    assert "cut (cannot be read)" in drawn.out
    told = project.pytg("explain", f"{PLACE}/cut")
    assert 'inputs.any = "(sensitive)"' in told.out  # whether it is cannot be known
    assert SAID["cut"] in told.err
    needs = project.pytg("graph", "--format", "mermaid", "--select", f"{PLACE}/free+")
    assert "cut" in needs.out  # its inputs are read all the same
    refused = project.pytg("tf", f"{PLACE}/reader", "--", "plan", expect=3)
    assert SAID["cut"] in refused.err
    written = project.pytg("generate", expect=3)
    assert ".pytg/units/docs/us-east-1/dev/free" in written.out
    assert SAID["gone"] in written.err


def test_what_else_is_wrong_is_told_beside(project: Project) -> None:
    config = project.root / "config.yaml"
    config.write_text(config.read_text().replace("${free.arn}", "${free.nothing}"))
    invalid = project.pytg("validate", expect=3)
    assert SAID["cut"] in invalid.err
    assert "has no output `nothing`" in invalid.err


@pytest.mark.slow
@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_the_rest_is_planned_and_applied(project: Project, way: tuple[str, ...]) -> None:
    done = project.pytg("apply-all", "--yes", "--json", *way, expect=1)
    assert project.statuses(done) == {
        f"{PLACE}/cut": "failed",
        f"{PLACE}/gone": "failed",
        f"{PLACE}/calls": "failed",
        f"{PLACE}/labels": "failed",
        f"{PLACE}/reader": "skipped",
        f"{PLACE}/free": "succeeded",
        f"{PLACE}/below": "succeeded",
    }
    units = project.record(done)["units"]
    assert {name: units[f"{PLACE}/{name}"]["reason"] for name in SAID} == SAID
    assert "modules/labels/main.tf:1" in units[f"{PLACE}/labels"]["reason"]
    alone = project.pytg("plan", "--module", "reader", "--env", "dev", *way, expect=1)
    assert SAID["cut"] in alone.err
    project.pytg("destroy", "--module", "free", "--module", "below", "--env", "dev", "--yes", *way)
