"""What fails stops what needs it and nothing else, and what is stopped has not failed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.process import eventually
from support.project import Project

pytestmark = pytest.mark.slow

AT = "acc/north/dev"
# a unit does what its `command` says when it is made, and is kept where its file says so
MODULE = """
    variable "up" {{
      type    = string
      default = ""
    }}
    variable "command" {{
      type    = string
      default = "true"
    }}
    resource "terraform_data" "this" {{
      input = var.up
      lifecycle {{
        prevent_destroy = {kept}
      }}
      provisioner "local-exec" {{
        command = "cd ${{path.module}}/../.. && ${{var.command}}"
      }}
    }}
    output "id" {{
      value = terraform_data.this.id
    }}
    """
FILES = {
    "config.yaml": """
        project: stopped
        regions: {north: {}}
        modules:
          kept: {}
          upon: {source: modules/plain, inputs: {up: "${kept.id}"}}
          below: {source: modules/plain}
          keeper: {source: modules/kept, inputs: {up: "${below.id}"}}
          free: {source: modules/plain}
        """,
    "live/acc/account.yaml": "{}\n",
    "live/acc/north/dev/env.yaml": "{}\n",
    "modules/plain/main.tf": MODULE.format(kept="false"),
    "modules/kept/main.tf": MODULE.format(kept="true"),
}


def statuses(project: Project) -> dict[str, str]:
    return {unit.removeprefix(f"{AT}/"): status for unit, status in project.statuses().items()}


def test_what_must_not_be_destroyed_keeps_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    project = Project(build_estate(tmp_path, FILES))
    project.pytg("apply-all", "--yes")
    done = project.pytg("destroy-all", "--yes", expect=1)
    assert statuses(project) == {
        "kept": "failed",
        "upon": "succeeded",
        "keeper": "failed",
        "below": "skipped",
        "free": "succeeded",
    }
    assert "prevent_destroy" in done.err
    assert "could not be planned" in done.err


def test_fail_fast_cancels_what_works_and_says_by_what(tmp_path: Path) -> None:
    files = dict(FILES)
    files["config.yaml"] = """
        project: stopped
        regions: {north: {}}
        modules:
          bad:
            source: modules/plain
            inputs: {command: "while ! test -e on; do sleep 0.1; done; exit 3"}
          slow: {source: modules/plain, inputs: {command: "touch on; sleep 60"}}
          upon: {source: modules/plain, inputs: {up: "${slow.id}"}}
          late: {source: modules/plain, inputs: {up: "${bad.id}"}}
        """
    project = Project(build_estate(tmp_path, files))
    project.pytg("apply-all", "--yes", "--fail-fast", expect=1)
    assert statuses(project) == {
        "bad": "failed",
        "slow": "cancelled",
        "upon": "cancelled",
        "late": "skipped",
    }
    reason = project.record()["units"][f"{AT}/upon"]["reason"]
    assert reason.startswith(f"stopped by --fail-fast: {AT}/bad failed")
    found = project.record()["units"]
    severities = {
        name: {one["severity"] for one in found[f"{AT}/{name}"]["diagnostics"]}
        for name in ("bad", "slow")
    }
    assert severities == {"bad": {"error"}, "slow": {"warning"}}


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_what_comes_and_goes_is_tried_again_and_nothing_else(
    tmp_path: Path, way: tuple[str, ...]
) -> None:
    files = dict(FILES)
    once = "echo {0} >> made; test -e {0} || {{ touch {0}; echo '{1}' >&2; exit 1; }}"
    files["config.yaml"] = f"""
        project: stopped
        regions: {{north: {{}}}}
        terraform:
          retry: {{pause: 0.1, patterns: ["the moon is full"]}}
        modules:
          busy:
            source: modules/plain
            inputs: {{command: "{once.format("busy", "ThrottlingException: Rate exceeded")}"}}
          upon: {{source: modules/plain, inputs: {{up: "${{busy.id}}"}}}}
          ours:
            source: modules/plain
            inputs: {{command: "{once.format("ours", "the moon is full")}"}}
          denied:
            source: modules/plain
            inputs: {{command: "{once.format("denied", "AccessDenied")}"}}
          quota:
            source: modules/plain
            inputs: {{command: "echo quota >> made; echo LimitExceededException >&2; exit 1"}}
        """
    project = Project(build_estate(tmp_path, files))
    done = project.pytg("apply-all", "--yes", *way, expect=1)
    assert statuses(project) == {
        "busy": "succeeded",
        "upon": "succeeded",
        "ours": "succeeded",
        "denied": "failed",
        "quota": "failed",
    }
    made = Counter((project.root / "made").read_text().split())
    assert made == {"busy": 2, "ours": 2, "denied": 1, "quota": 1}
    found = project.record()["units"]
    assert found[f"{AT}/busy"]["attempts"] == 2
    assert {one["severity"] for one in found[f"{AT}/busy"]["diagnostics"]} == {"warning"}
    assert f"{AT}/busy: ThrottlingException comes and goes; attempt 2 of 3" in done.err


def test_while_it_applies_a_plan_is_made_and_another_apply_waits_as_long_as_asked(
    tmp_path: Path,
) -> None:
    files = dict(FILES)
    wait = "touch began; while ! test -e go; do sleep 0.1; done"
    files["config.yaml"] = f"""
        project: stopped
        regions: {{north: {{}}}}
        modules:
          slow: {{source: modules/plain, inputs: {{command: "{wait}"}}}}
          upon: {{source: modules/plain, inputs: {{up: "${{slow.id}}"}}}}
        """
    project = Project(build_estate(tmp_path, files))
    process = project.start("apply-all", "--yes")
    eventually((project.root / "began").exists)
    planned = project.pytg("plan-all", "--lock-timeout", "1")
    assert "may be outdated" in planned.err
    refused = [
        project.pytg(*command, "--lock-timeout", "1", expect=6).err
        for command in (["apply-all", "--yes"], ["apply", "--module", "slow", "--yes"])
    ]
    assert ["1 s" in text for text in refused] == [True, True]
    (project.root / "go").touch()
    process.communicate()
    assert process.returncode == 0
    assert "No changes" in project.pytg("plan-all").out
