"""What a unit says of its resources' lifecycle holds for no other unit, with real Terraform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

Write = Callable[..., Project]

# like a thing with a name of its own: it cannot be made while the old one is there
NAMED = """
variable "kind" {
  type = string
}

variable "directory" {
  type = string
}

resource "terraform_data" "beside" {
  input = var.kind
}

resource "terraform_data" "this" {
  triggers_replace = var.kind
  input            = "${var.directory}/named"

  provisioner "local-exec" {
    command = "mkdir ${self.input}"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rmdir ${self.input}"
  }
}

output "id" {
  value = terraform_data.this.id
}
"""
EARLY = """
variable "id" {
  type    = string
  default = ""
}

resource "terraform_data" "own" {}

module "inner" {
  source = "./inner"
  id     = "${var.id}${terraform_data.own.id}"
}
"""
INNER = """
variable "id" {
  type = string
}

resource "terraform_data" "this" {
  input = var.id

  lifecycle {
    create_before_destroy = true
  }
}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the estate: `early` reads `named`, or comes after it by order alone."""

    def written(kind: str = "one", wiring: str = "inputs: {id: '${named.id}'}") -> Project:
        root = build_estate(
            tmp_path / "estate",
            {
                "config.yaml": f"""
                    project: demo
                    regions:
                      us-east-1: {{role: source}}
                    modules:
                      named:
                        inputs: {{kind: {kind}, directory: {tmp_path}}}
                      early:
                        {wiring}
                    """,
                "live/docs/account.yaml": 'account_id: "000000000001"\n',
                "live/docs/us-east-1/dev/env.yaml": "{}\n",
                "modules/named/main.tf": NAMED,
                "modules/early/main.tf": EARLY,
                "modules/early/inner/main.tf": INNER,
            },
        )
        return Project(root)

    return written


def early(project: Project, module: str) -> list[str]:
    """The resources with `create_before_destroy` in a unit's state."""
    state = project.state(f"docs/us-east-1/dev/{module}")
    assert state is not None
    return sorted(
        f"{r['module']}.{r['type']}.{r['name']}"
        for r in state["resources"]
        for instance in r["instances"]
        if instance.get("create_before_destroy")
    )


WIRINGS = ["inputs: {id: '${named.id}'}", "after: [named]"]


@pytest.mark.parametrize("wiring", WIRINGS)
def test_what_is_upstream_is_replaced_as_it_would_be_alone(write: Write, wiring: str) -> None:
    """Together, Terraform would create it while the old one is there."""
    write(wiring=wiring).pytg("apply-all", "--yes")
    project = write("two", wiring=wiring)
    said = project.pytg("plan-all").err
    assert "an apply plans docs/us-east-1/dev/early in a stage of its own" in said
    done = project.pytg("apply-all", "--yes", "--json")
    assert "its create_before_destroy would also hold for docs/us-east-1/dev/named" in done.err
    assert len(project.record(done)["stages"]) == 2
    project.pytg("plan-all", "--detailed-exitcode")


def test_states_say_of_a_lifecycle_what_each_unit_alone_would_leave(
    write: Write, tmp_path: Path
) -> None:
    project = write()
    ends = []
    for way in ((), ("--per-unit",)):
        project.pytg("apply-all", "--yes", *way)
        ends.append([early(project, module) for module in ("named", "early")])
        project.pytg("destroy-all", "--yes")
        assert not (tmp_path / "named").exists()
    assert (
        ends[0]
        == ends[1]
        == [
            [],
            ["module.early.module.inner.terraform_data.this", "module.early.terraform_data.own"],
        ]
    )


def test_nothing_is_kept_apart_where_nothing_is_replaced(write: Write) -> None:
    write().pytg("apply-all", "--yes")
    project = write("one", wiring="after: [named]")
    done = project.pytg("apply-all", "--yes", "--json")
    assert len(project.record(done)["stages"]) == 1
    assert "show" not in project.commands()
