"""Keys of `for_each` not known ahead: staged in an apply, taken from the state in a destroy."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

FILES = {
    "config.yaml": """
        project: keys
        regions: {north: {}}
        modules:
          first:
            inputs: {version_of: "1"}
          each:
            inputs: {names: ["${first.id}"]}
        """,
    "live/docs/account.yaml": "{}\n",
    "live/docs/north/dev/env.yaml": "{}\n",
    "modules/first/main.tf": """
        variable "version_of" {
          type = string
        }
        resource "terraform_data" "this" {
          triggers_replace = var.version_of
        }
        output "id" {
          value = terraform_data.this.id
        }
        """,
    "modules/each/main.tf": """
        variable "names" {
          type = list(string)
        }
        module "shared" {
          source = "../shared"
          names  = var.names
        }
        """,
    "modules/shared/main.tf": """
        variable "names" {
          type = list(string)
        }
        resource "terraform_data" "this" {
          for_each = toset(var.names)
        }
        """,
}
EACH = "docs/north/dev/each"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(build_estate(tmp_path, FILES))


def test_unknown_keys_inside_a_shared_module_are_planned_later(project: Project) -> None:
    done = project.pytg("apply-all", "--yes", "--json")
    assert done.document["units"] == {"succeeded": 2}
    assert f"{EACH} cannot be planned together with what it needs: shared/main.tf:5" in done.err


def test_a_destroy_takes_keys_from_the_state_where_they_are_about_to_change(
    project: Project,
) -> None:
    project.pytg("apply-all", "--yes")
    config = project.root / "config.yaml"
    config.write_text(config.read_text().replace('"1"', '"2"'))
    assert project.pytg("destroy-all", "--yes", "--json").document["units"] == {"succeeded": 2}
    assert (project.state(EACH) or {})["resources"] == []
