"""Paths of a module's own files, which resources hold: the same text whichever way is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

FILES = {
    "config.yaml": """
        project: demo
        modules:
          a: {}
          once: {scope: account}
        """,
    "live/docs/account.yaml": "{}\n",
    "live/docs/us-east-1/dev/env.yaml": "{}\n",
    **{
        f"modules/{name}/main.tf": """
            module "part" {
              source = "./part"
            }

            resource "terraform_data" "this" {
              input            = ["${path.module}/x.zip", path.root, module.part.path]
              triggers_replace = path.module
            }
            """
        for name in ("a", "once")
    },
    **{
        f"modules/{name}/part/main.tf": """
            output "path" {
              value = path.module
            }
            """
        for name in ("a", "once")
    },
}
UNITS = ("docs/us-east-1/dev/a", "docs/global/global/once")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(build_estate(tmp_path, FILES))


def unchanged_on_every_way(project: Project) -> None:
    project.pytg("plan-all", "--detailed-exitcode")
    project.pytg("plan-all", "--per-unit", "--detailed-exitcode")
    for unit in UNITS:
        plain = project.terraform(unit, "plan", "-detailed-exitcode", "-input=false")
        assert plain.code == 0, plain.out + plain.err


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_a_path_in_a_module_differs_on_no_way(project: Project, way: tuple[str, ...]) -> None:
    project.pytg("apply-all", "--yes", *way)
    unchanged_on_every_way(project)


def test_the_working_directory_may_be_a_link(project: Project, tmp_path: Path) -> None:
    """To another depth, so that `..` does not lead back to the project."""
    project.pytg("apply-all", "--yes")
    elsewhere = tmp_path / "some" / "where" / "else"
    elsewhere.parent.mkdir(parents=True)
    (project.root / ".pytg").rename(elsewhere)
    (project.root / ".pytg").symlink_to(elsewhere, target_is_directory=True)
    project.pytg("plan-all")
    project.pytg("apply-all", "--yes")
    unchanged_on_every_way(project)
