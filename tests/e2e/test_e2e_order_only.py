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

# what it makes is found by name alone
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

output "file" {
  value = "made.tfstate"
}

resource "terraform_data" "this" {
  triggers_replace = var.names

  provisioner "local-exec" {
    command = <<-EOT
      sleep ${var.pause}
      echo '${jsonencode({
        version = 4, serial = 1, lineage = "x", terraform_version = "1.11.0", resources = [],
        outputs = { ami = { value = var.names, type = "string" } }
      })}' | tee ${var.directory}/made.tfstate > ${var.directory}/made-${var.names}.tfstate
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


def reading(project: Project) -> str:
    """What the reader found when it was made."""
    state = project.state("docs/us-east-1/dev/reader")
    assert state is not None
    return str(state["outputs"]["ami"]["value"])


def test_what_upstream_is_only_about_to_make_is_read_in_the_apply(write: Write) -> None:
    write().pytg("apply-all", "--yes")
    project = write("two", file="made-two.tfstate", after="middle")
    said = project.pytg("apply-all", "--yes").err
    assert (
        "data cannot be read before the apply, and is read then: docs/us-east-1/dev/reader" in said
    )
    assert reading(project) == "two"
    project.pytg("plan-all", "--detailed-exitcode")


def test_data_that_nothing_will_make_is_an_error(write: Write) -> None:
    project = write()
    project.pytg("apply-all", "--yes")
    write(file="nowhere.tfstate")
    done = project.pytg("plan-all", expect=1)
    assert "Unable to find remote state" in done.err
    assert "is read then" not in done.err


def test_a_name_that_is_known_ahead_makes_no_order_for_terraform(write: Write) -> None:
    """On a first deployment, and where what has the name changes."""
    known = {"file": '"${base.file}"', "after": ""}
    project = write(pause="1", **known)
    said = project.pytg("apply-all", "--yes").err
    assert (
        "data cannot be read before the apply, and is read then: docs/us-east-1/dev/reader" in said
    )
    write("two", **known).pytg("apply-all", "--yes")
    assert reading(project) == "two"
    project.pytg("plan-all", "--detailed-exitcode")
    assert log(project) == ["base", "reader"] * 2


@pytest.mark.parametrize("after", ["base", "middle"])
def test_data_that_upstream_changed_is_read_anew(write: Write, after: str) -> None:
    write(file="made.tfstate", after=after).pytg("apply-all", "--yes")
    project = write("two", file="made.tfstate", after=after)
    said = project.pytg("plan-all").err
    assert "planned once more after the apply" in said
    assert "docs/us-east-1/dev/reader after docs/us-east-1/dev/base" in said
    done = project.pytg("apply-all", "--yes", "--json")
    assert "reads anew after docs/us-east-1/dev/base" in done.err
    assert reading(project) == "two"
    assert set(project.statuses(done).values()) == {"succeeded", "unchanged"}
    changes = {u.rpartition("/")[2]: c["changes"] for u, c in project.record(done)["units"].items()}
    assert [changes[name]["replace"] for name in ("base", "reader")] == [1, 1]
    assert changes["user"]["update"] == 1
    project.pytg("plan-all", "--detailed-exitcode")
    assert log(project) == ["base", "reader"] * 2


def test_a_unit_that_only_reads_data_is_not_new_for_ever(write: Write) -> None:
    """It has no resource. Deferred, its output would be unknown, and `user` change with it."""

    def written(names: str) -> Project:
        project = write(names)
        main = project.root / "modules/reader/main.tf"
        head, _, tail = main.read_text().partition('resource "terraform_data" "this"')
        output = tail[tail.index('output "') :].replace(
            "terraform_data.this.triggers_replace", "data.terraform_remote_state.e.outputs.ami"
        )
        main.write_text(head + output)
        return project

    written("one").pytg("apply-all", "--yes")
    assert set(actions(written("two"))) == {"base"}


def test_what_waits_can_be_imported(write: Write) -> None:
    write().pytg("apply-all", "--yes")
    project = write("two")
    main = project.root / "modules/reader/main.tf"
    main.write_text(main.read_text() + '\nresource "terraform_data" "old" {}\n')
    config = project.root / "config.yaml"
    text = config.read_text()
    imports = "imports: [{to: terraform_data.old, id: old-id}]"
    config.write_text(text.replace("  reader:\n", f"  reader:\n    {imports}\n"))
    done = project.pytg("plan-all", "--json")
    assert done.document["plan"]["docs/us-east-1/dev/reader"]["imports"] == 1
    project.pytg("apply-all", "--yes")
    config.write_text(text)
    project.pytg("plan-all", "--detailed-exitcode")


def test_a_message_names_a_resource_as_people_know_it(write: Write) -> None:
    project = write()
    main = project.root / "modules/reader/main.tf"
    kept = "lifecycle {\n    prevent_destroy = true\n  }\n\n  provisioner"
    main.write_text(main.read_text().replace("provisioner", kept, 1))
    project.pytg("apply-all", "--yes")
    (project.root.parent / "fixed.tfstate").write_text(json.dumps(KEPT).replace("a-1", "a-2"))
    done = project.pytg("plan-all", "--json", expect=1)
    assert "has lifecycle.prevent_destroy set" in done.err
    assert "[0]" not in done.out + done.err + json.dumps(project.record(done))


def test_a_failure_stops_what_comes_after_by_order_alone(write: Write) -> None:
    write().pytg("apply-all", "--yes")
    project = write("two", pause="1; exit 1")
    (project.root.parent / "fixed.tfstate").write_text(json.dumps(KEPT).replace("a-1", "a-2"))
    done = project.pytg("apply-all", "--yes", "--json", expect=1)
    statuses = {u.rpartition("/")[2]: s for u, s in project.statuses(done).items()}
    assert statuses == {
        "base": "failed",
        "middle": "unchanged",
        "reader": "skipped",
        "user": "skipped",
    }
    assert log(project) == ["base", "reader"]


def test_a_new_unit_that_counts_by_data_yet_to_be_made_is_planned_after_it(write: Write) -> None:
    project = write(file="made.tfstate")
    main = project.root / "modules/reader/main.tf"
    each = "for_each = toset([data.terraform_remote_state.e.outputs.ami])\n\n  triggers_replace"
    text = main.read_text().replace("triggers_replace", each, 1)
    main.write_text(text.replace("terraform_data.this.triggers_replace", '"x"'))
    said = project.pytg("apply-all", "--yes").err
    assert "needs docs/us-east-1/dev/base applied first" in said
    assert log(project) == ["base", "reader"]
    project.pytg("plan-all", "--detailed-exitcode")


def test_what_needs_data_that_is_read_anew_waits_for_it(write: Write) -> None:
    """In a stage of its own it would be planned beside, on what was read before."""

    def written(names: str) -> Project:
        project = write(names, file="made.tfstate")
        config = project.root / "config.yaml"
        config.write_text(config.read_text().replace("  user:\n", "  user:\n    isolate: true\n"))
        return project

    written("one").pytg("apply-all", "--yes")
    project = written("two")
    done = project.pytg("apply-all", "--yes", "--json")
    assert project.statuses(done)["docs/us-east-1/dev/user"] == "succeeded"
    project.pytg("plan-all", "--detailed-exitcode")


def test_one_that_cannot_be_planned_anew_stops_only_what_needs_it(write: Write) -> None:
    def written(names: str) -> Project:
        project = write(names, file="made.tfstate")
        config = project.root / "config.yaml"
        inputs = "inputs: {file: made.tfstate}"
        more = f"""
  strict:
    after: [base]
    {inputs}
  needs:
    source: modules/user
    inputs: {{ami: "${{strict.ami}}"}}
"""
        config.write_text(config.read_text().rstrip() + more)
        condition = 'condition = self.outputs.ami == "one"\n error_message = "No."'
        kept = f"lifecycle {{\n postcondition {{\n {condition}\n }}\n }}"
        strict = READS.replace('/${var.file}" }\n', f'/${{var.file}}" }}\n  {kept}\n')
        build_estate(project.root, {"modules/strict/main.tf": strict})
        return project

    written("one").pytg("apply-all", "--yes")
    project = written("two")
    project.pytg("apply-all", "--yes", expect=1)
    ends = {unit.rpartition("/")[2]: end for unit, end in project.statuses().items()}
    assert ends == {
        "base": "succeeded",
        "middle": "unchanged",
        "reader": "succeeded",
        "user": "succeeded",
        "strict": "failed",
        "needs": "skipped",
    }
    assert reading(project) == "two"


CHECK = """
check "later" {
  data "terraform_remote_state" "own" {
    backend = "local"
    config  = { path = "${var.directory}/fixed.tfstate" }
  }
  assert {
    condition     = data.terraform_remote_state.own.outputs.ami != ""
    error_message = "There is none."
  }
}
"""


def test_data_of_a_check_makes_no_circle_with_what_comes_after(write: Write) -> None:
    """Terraform reads it after all resources, and what comes after waits for it."""
    project = write(after="middle")
    main = project.root / "modules/base/main.tf"
    main.write_text(main.read_text() + CHECK)
    done = project.pytg("apply-all", "--yes", "--json")
    assert "a check before it reads data of its own" in done.err
    assert set(project.statuses(done).values()) == {"succeeded"}
    assert log(project) == ["base", "reader"]
    project.pytg("plan-all", "--detailed-exitcode")
    project.pytg("destroy-all", "--yes")
