"""What a run left is done by `pytg retry`, as it was asked for, until nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.project import Project

pytestmark = pytest.mark.slow

WORKS = 'resource "terraform_data" "this" {}\noutput "id" {\n  value = terraform_data.this.id\n}\n'
NEEDS = 'variable "from" {\n  type = string\n}\n'
FAILS = WORKS.replace(
    "{}\n",
    '{\n  provisioner "local-exec" {\n    command = "test -e ${path.module}/ready"\n  }\n}\n',
    1,
)
FILES = {
    "config.yaml": """
        project: demo
        modules:
          a: {}
          b: {inputs: {from: "${a.id}"}}
          c: {inputs: {from: "${b.id}"}}
          d: {}
        """,
    "live/lab/account.yaml": "{}\n",
    "live/lab/us-east-1/dev/env.yaml": "{}\n",
    "modules/a/main.tf": WORKS,
    "modules/b/main.tf": NEEDS + FAILS,
    "modules/c/main.tf": NEEDS + WORKS.replace("{}", "{\n  input = var.from\n}", 1),
    "modules/d/main.tf": WORKS,
}


def modules(project: Project) -> dict[str, str]:
    return {a.rpartition("/")[2]: status for a, status in project.statuses().items()}


@pytest.mark.parametrize("mode", ["composed", "per-unit"])
def test_a_run_is_retried_until_nothing_is_left(tmp_path: Path, mode: str) -> None:
    project = Project(build_estate(tmp_path, FILES))
    how = ["--per-unit"] if mode == "per-unit" else []
    project.pytg("apply-all", "--suffix", "x1", "--yes", "--parallelism", "3", *how, expect=1)
    assert modules(project) == {"a": "succeeded", "b": "failed", "c": "skipped", "d": "succeeded"}
    first = project.record()
    done = project.pytg("retry", expect=6)
    assert "its --yes was for the plan of then" in done.err
    assert "pass --yes to approve it" in done.err
    done = project.pytg("retry", first["run_id"], "--yes", "--json", expect=1)
    second = project.record(done)
    assert {a.rpartition("/")[2] for a in second["units"]} == {"b", "c"}
    assert second["parent_run_id"] == first["run_id"]
    assert (second["mode"], second["asked"]) == (mode, first["asked"])
    assert second["asked"]["suffix"] == "x1"
    (tmp_path / "modules" / "b" / "ready").touch()
    done = project.pytg("retry", "--yes")
    third = project.record()
    assert third["parent_run_id"] == second["run_id"]
    assert set(project.statuses().values()) == {"succeeded"}
    for run in (), (first["run_id"],), (second["run_id"],):
        assert "nothing to retry" in project.pytg("retry", *run).err
    ids = [line.split()[0] for line in project.pytg("runs").out.splitlines()[1:]]
    assert ids[0] == third["run_id"]
    assert project.pytg("ls", "--select", "state:modified", "--suffix", "x1", expect=5).out == ""
    (tmp_path / "modules" / "d" / "more.tf").write_text("locals {}\n")
    done = project.pytg("ls", "--select", "state:modified", "--suffix", "x1", "--why")
    assert "/d\tsuffix:x1, and state:modified: modules/d/more.tf since " in done.out
