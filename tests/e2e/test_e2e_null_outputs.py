"""Outputs that are null, or that were never applied, read on every way there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

A, B = "docs/us-east-1/dev/a", "docs/us-east-1/dev/b"
HINT = "where null is meant, write the reference with a '?'"
FILES = {
    "config.yaml": """
        project: demo
        modules:
          a: {}
          b:
            inputs:
              x: ${a.x}
        """,
    "live/docs/account.yaml": "{}\n",
    "live/docs/us-east-1/dev/env.yaml": "{}\n",
    "modules/a/main.tf": """
        resource "terraform_data" "this" {}

        output "id" {
          value = terraform_data.this.id
        }
        """,
    "modules/b/main.tf": """
        variable "x" {}

        resource "terraform_data" "this" {
          input = var.x
        }
        """,
}
NULL = 'output "x" {\n  value = null\n}\n'


def made(root: Path, *, isolate: bool = False) -> Project:
    """`a` is applied without the output `x`, `b` reads it."""
    text = FILES["config.yaml"]
    project = Project(build_estate(root, FILES | {"modules/a/x.tf": NULL, "config.yaml": text}))
    if isolate:
        config = project.root / "config.yaml"
        config.write_text(config.read_text().replace("  b:\n", "  b:\n    isolate: true\n"))
    project.pytg("apply", "--module", "a", "--env", "dev", "--yes")
    return project


def test_every_way_that_reads_states_says_the_same(tmp_path: Path) -> None:
    project = made(tmp_path)
    for way in ((), ("--per-unit",)):
        done = project.pytg("plan", "--module", "b", "--env", "dev", *way, expect=None)
        assert done.code != 0
        assert f"x of {A} (read by {B})" in done.err, done.err
        assert HINT in done.err
    for command in ("plan", "apply"):
        done = project.pytg("tf", B, "--", command, expect=6)
        assert f"x of {A} (read by {B})" in done.err
        assert HINT in done.err
    project.pytg("generate")
    plain = project.terraform(B, "plan", "-no-color")
    assert plain.code == 1
    assert f"{A} has no output x in its state" in " ".join(plain.err.split())
    assert HINT in " ".join(plain.err.split())
    assert "Unsupported attribute" not in plain.err
    assert project.terraform(B, "validate").code == 0


def test_an_isolated_unit_too(tmp_path: Path) -> None:
    done = made(tmp_path, isolate=True).pytg("plan", "--env", "dev", expect=1)
    assert f"x of {A} (read by {B})" in done.err
    assert HINT in done.err


def test_per_unit_it_is_seen_at_the_unit_s_turn(tmp_path: Path) -> None:
    """Once its upstream, which the same run applies, has given null."""
    project = Project(build_estate(tmp_path, FILES | {"modules/a/x.tf": NULL}))
    done = project.pytg("apply", "--env", "dev", "--yes", "--per-unit", "--json", expect=1)
    assert project.statuses(done) == {A: "succeeded", B: "failed"}
    assert HINT in done.err


def test_in_one_stage_null_flows_and_an_optional_one_on_every_way(tmp_path: Path) -> None:
    project = Project(build_estate(tmp_path, FILES | {"modules/a/x.tf": NULL}))
    project.pytg("apply", "--env", "dev", "--yes")
    config = project.root / "config.yaml"
    config.write_text(config.read_text().replace("${a.x}", "${a.x?}"))
    for way in ((), ("--per-unit",), ("--module", "b")):
        project.pytg("plan", "--env", "dev", "--detailed-exitcode", *way)
    project.pytg("tf", B, "--", "plan", "-detailed-exitcode")
    assert project.terraform(B, "plan", "-detailed-exitcode").code == 0


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_what_is_gone_upstream_does_not_hinder_a_destroy(
    tmp_path: Path, way: tuple[str, ...]
) -> None:
    value = NULL.replace("null", '"x"')
    project = Project(build_estate(tmp_path, FILES | {"modules/a/x.tf": value}))
    project.pytg("apply", "--env", "dev", "--yes", "--per-unit")
    before = project.state(B)
    project.pytg("apply", "--env", "dev", "--yes")
    assert project.state(B) == before  # the postcondition that a root of its own has is no change
    (project.root / "modules" / "a" / "x.tf").write_text(NULL)
    project.pytg("apply", "--module", "a", "--env", "dev", "--yes")
    project.pytg("destroy", "--env", "dev", "--yes", *way)
    state = project.state(B)
    assert state is None or state["resources"] == []
