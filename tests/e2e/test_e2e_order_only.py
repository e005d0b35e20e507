"""Order without a value, with real Terraform: it keeps the order, and changes no plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.estate_builder import build_estate, terraform_module
from support.project import Project

pytestmark = pytest.mark.slow

Write = Callable[..., Project]

# it fails where what it makes is there already, as a thing with a name of its own does
MAKES = """
variable "directory" {
  type = string
}

variable "names" {
  type = string
}

variable "pause" {
  default = "0"
}

resource "terraform_data" "note" {
  input = var.names
}

resource "terraform_data" "this" {
  triggers_replace = var.names

  provisioner "local-exec" {
    command = <<-EOT
      sleep ${var.pause}
      echo '${jsonencode({
        version = 4, serial = 1, lineage = "x", terraform_version = "1.11.0", resources = [],
        outputs = { ami = { value = var.names, type = "string" } }
      })}' > ${var.directory}/made.tfstate
      echo base >> ${var.directory}/log
    EOT
  }
}
"""
READS = """
variable "directory" {
  type = string
}

variable "file" {
  default = "fixed.tfstate"
}

data "terraform_remote_state" "e" {
  backend = "local"
  config  = { path = "${var.directory}/${var.file}" }
}

resource "terraform_data" "this" {
  triggers_replace = data.terraform_remote_state.e.outputs.ami

  provisioner "local-exec" {
    command = "echo reader >> ${var.directory}/log"
  }
}

output "ami" {
  value = terraform_data.this.triggers_replace
}
"""
KEPT = {
    "version": 4,
    "serial": 1,
    "lineage": "x",
    "terraform_version": "1.11.0",
    "resources": [],
    "outputs": {"ami": {"value": "a-1", "type": "string"}},
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the estate: `reader` after `base` by name alone, perhaps through `middle`."""

    def written(
        names: str = "one", file: str = "fixed.tfstate", after: str = "base", **more: str
    ) -> Project:
        (tmp_path / "fixed.tfstate").write_text(json.dumps(KEPT))
        root = build_estate(
            tmp_path / "estate",
            {
                "config.yaml": f"""
                    project: demo
                    regions:
                      us-east-1: {{role: source}}
                    inputs:
                      directory: {tmp_path}
                    modules:
                      base:
                        inputs: {{names: {names}, pause: "{more.get("pause", "0")}"}}
                      middle:
                        after: [base]
                      reader:
                        after: [{after}]
                        inputs: {{file: {file}}}
                      user:
                        inputs: {{ami: "${{reader.ami}}"}}
                    """,
                "live/docs/account.yaml": 'account_id: "000000000001"\n',
                "live/docs/us-east-1/dev/env.yaml": "{}\n",
                "modules/base/main.tf": MAKES,
                "modules/reader/main.tf": READS,
                **terraform_module("middle", ["directory"]),
                **terraform_module("user", ["directory", "ami"]),
            },
        )
        return Project(root)

    return written


def actions(project: Project, *arguments: str) -> dict[str, list[str]]:
    """What a plan does, by module."""
    plan = project.pytg("plan-all", *arguments, "--json").document["plan"]
    return {
        address.rpartition("/")[2]: sorted(
            f"{r['action']} {r['address']}" for r in unit["resources"]
        )
        for address, unit in plan.items()
        if unit["resources"]
    }


def log(project: Project) -> list[str]:
    return (project.root.parent / "log").read_text().split()


def test_a_change_upstream_defers_no_data_and_replaces_nothing(write: Write) -> None:
    """`depends_on` would: the reader, and who reads it, would be replaced."""
    write().pytg("apply-all", "--yes")
    project = write("two")
    assert actions(project) == {
        "base": ["replace terraform_data.this", "update terraform_data.note"]
    }
    done = project.pytg("apply-all", "--yes", "--json")
    assert "[0]" not in done.out + done.err
    project.pytg("plan-all", "--detailed-exitcode")
    assert log(project) == ["base", "reader", "base"]


def test_the_first_deployment_reads_by_name_what_upstream_made(write: Write) -> None:
    project = write(file="made.tfstate", pause="1")
    project.pytg("apply-all", "--yes")
    assert log(project) == ["base", "reader"]
    project.pytg("plan-all", "--detailed-exitcode")


def test_order_holds_through_a_unit_that_is_not_selected(write: Write) -> None:
    project = write(after="middle")
    project.pytg("apply-all", "--yes")
    write("two", after="middle", pause="1")
    (project.root.parent / "fixed.tfstate").write_text(json.dumps(KEPT).replace("a-1", "a-2"))
    project.pytg("apply", "--yes", "--select", "module:base module:reader")
    assert log(project) == ["base", "reader"] * 2


def test_both_ways_and_plain_terraform_end_in_the_same(write: Write) -> None:
    project = write()
    project.pytg("apply-all", "--yes")
    for way in ((), ("--per-unit",)):
        project.pytg("plan-all", "--detailed-exitcode", *way)
    project.pytg("generate")
    for address in project.units():
        plain = project.terraform(address, "plan", "-detailed-exitcode", "-input=false")
        assert plain.code == 0, f"{address}: {plain.out}{plain.err}"


def test_a_destroy_goes_the_other_way_round(write: Write) -> None:
    project = write()
    told = f"{project.root.parent}/log"
    for module, wait in (("base", ""), ("reader", "sleep 1; ")):
        main = project.root / f"modules/{module}/main.tf"
        head, _, tail = main.read_text().rpartition("  }\n}\n")
        said = f'when = destroy\n command = "{wait}echo {module} >> {told}"'
        main.write_text(f'{head}  }}\n  provisioner "local-exec" {{\n {said}\n  }}\n}}\n{tail}')
    project.pytg("apply-all", "--yes")
    project.pytg("destroy-all", "--yes")
    assert log(project) == ["base", "reader", "reader", "base"]
