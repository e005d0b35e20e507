"""States moved, kept and brought back, with real Terraform: nothing is made or destroyed for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

FILES = {
    "config.yaml": """
        project: demo
        regions:
          us-east-1: {role: source}
          eu-west-1: {role: target}
        modules:
          net: {}
          app: {inputs: {net: "${net.id}", secret: hunter2secret}}
          db: {after: [app]}
    """,
    "live/lab/account.yaml": "{}\n",
    "live/lab/us-east-1/dev/env.yaml": "{}\n",
    "live/lab/eu-west-1/dev/env.yaml": "{}\n",
    "modules/net/main.tf": """
        resource "terraform_data" "net" {}
        output "id" { value = terraform_data.net.id }
    """,
    "modules/app/main.tf": """
        variable "net" { type = string }
        variable "secret" {
          type      = string
          sensitive = true
        }
        resource "terraform_data" "app" {
          count = 2
          input = [var.net, var.secret, 3.33333333333333333333333333]
        }
        output "first" {
          value     = terraform_data.app[0].output
          sensitive = true
        }
        check "there" {
          assert {
            condition     = terraform_data.app[0].id != ""
            error_message = "no id"
          }
        }
    """,
    "modules/app/extra.tf": """
        resource "terraform_data" "cache" {
          for_each   = toset(["a", "b.c[0]"])
          input      = each.key
          depends_on = [terraform_data.app] # only here
        }
        module "part" {
          source = "../part"
          count  = 2
        }
    """,
    "modules/part/main.tf": 'resource "terraform_data" "part" {}\n',
    "modules/db/main.tf": 'resource "terraform_data" "db" {}\n',
}
APP, DB = "lab/us-east-1/dev/app", "lab/us-east-1/dev/db"


def ids(project: Project) -> set[str]:
    """The ids of all that the states hold."""
    return {
        instance["attributes"]["id"]
        for file in (project.root / ".pytg/state").rglob("*.tfstate")
        if (state := project.state(str(file.parent.relative_to(project.root / ".pytg/state"))))
        for resource in state["resources"]
        if resource["mode"] == "managed"
        for instance in resource["instances"]
    }


def unchanged(project: Project, units: str = "*") -> None:
    """Neither pytg nor plain Terraform, in each unit's root, finds anything to do."""
    project.pytg("plan-all", "--detailed-exitcode")
    project.pytg("generate")
    for address in project.units("--select", units):
        plain = project.terraform(address, "plan", "-detailed-exitcode", "-input=false")
        assert plain.code == 0, f"{address}: {plain.out}{plain.err}"


def rename(project: Project, old: str, new: str) -> None:
    """Plan, which gives the command that takes the states along; then run that."""
    planned = project.pytg("plan-all")
    command = f"pytg state mv {old} {new}"
    assert f"`{command}`" in planned.err
    project.pytg(*(word.strip("'") for word in command.split()[1:]), "--yes")


def test_what_moves_is_neither_made_nor_destroyed(tmp_path: Path) -> None:
    project = Project(build_estate(tmp_path, FILES))
    root = project.root
    project.pytg("apply-all", "--yes")
    made = ids(project)

    # a resource with instances, and a module, into another unit
    extra = (root / "modules/app/extra.tf").read_text().splitlines(keepends=True)
    moved = "".join(line for line in extra if "only here" not in line)
    (root / "modules/db/extra.tf").write_text(moved.replace('"cache"', '"kept"'))
    (root / "modules/app/extra.tf").unlink()
    for region in ("us-east-1", "eu-west-1"):
        app, db = f"lab/{region}/dev/app", f"lab/{region}/dev/db"
        cache = (f"{app}:terraform_data.cache", f"{db}:terraform_data.kept")
        dry = project.pytg("state", "mv", *cache, "--dry-run", "--json")
        assert dry.document["states"] == [db, app]
        assert ids(project) == made
        project.pytg("state", "mv", *cache, "--yes")
        project.pytg("state", "mv", f"{app}:module.part", db, "--yes")
    assert ids(project) == made
    unchanged(project, "lab/us-east-1/*/*")

    # an environment and a module under other names
    for region in ("us-east-1", "eu-west-1"):
        (root / f"live/lab/{region}/dev").rename(root / f"live/lab/{region}/develop")
    rename(project, "'lab/*/dev/*'", "'lab/*/develop/*'")
    (root / "modules/db").rename(root / "modules/store")
    config = root / "config.yaml"
    config.write_text(config.read_text().replace("db: ", "store: "))
    rename(project, "'lab/*/develop/db'", "'lab/*/develop/store'")
    assert ids(project) == made

    # a state that was lost, from its copy
    store = "lab/us-east-1/develop/store"
    copies = project.pytg("state", "backup", "--select", store, "--json").document["backups"]
    (root / ".pytg/state" / store / "terraform.tfstate").write_text("")
    project.pytg("state", "restore", store, Path(copies[store]).stem, "--yes")
    assert ids(project) == made
    unchanged(project, "lab/us-east-1/*/*")
