"""The core, with real Terraform and its built-in provider: one true plan, applied as shown."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytg.run import per_unit
from pytg.run.root import Root, SavedPlan
from support.estate_builder import build_estate, terraform_module, two_region_files
from support.project import Project

pytestmark = pytest.mark.slow

DEV = ("--env", "dev")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(build_estate(tmp_path, two_region_files()))


def test_first_plan_of_an_environment_is_one_process_and_shows_all(project: Project) -> None:
    done = project.pytg("plan", *DEV, "--json", "--detailed-exitcode", expect=2)
    assert [c for c in project.commands() if c != "init"] == ["plan"]
    assert done.document["changes"] == {"create": 9, "update": 0, "replace": 0, "delete": 0}
    assert done.document["result"] == "succeeded"
    assert set(project.statuses(done).values()) == {"succeeded"}
    assert len(done.document["plan"]) == 9


def test_where_only_outputs_change_the_plan_says_so(project: Project) -> None:
    project.pytg("apply", *DEV, "--yes")
    file = project.root / "modules" / "api" / "outputs.tf"
    file.write_text(file.read_text() + 'output "more" {\n  value = "more"\n}\n')
    done = project.pytg("plan", *DEV, "--detailed-exitcode", expect=2)
    both = [f"docs/{region}/dev/api" for region in ("eu-west-1", "us-east-1")]
    assert f"  changes: outputs change in {', '.join(both)}\n" in done.err
    assert re.search(f"{both[0]} +planned: outputs change\n", done.err)
    assert "no changes" not in done.err


def test_a_warm_plan_starts_no_init(project: Project) -> None:
    project.pytg("plan", *DEV)
    project.pytg("plan", *DEV)
    assert project.commands() == ["plan"]


def test_apply_is_one_process_and_every_unit_root_plans_to_no_changes(project: Project) -> None:
    done = project.pytg("apply", *DEV, "--yes", "--json")
    assert [c for c in project.commands() if c != "init"] == ["plan", "apply"]
    assert set(project.statuses(done).values()) == {"succeeded"}
    project.pytg("plan", *DEV, "--detailed-exitcode")
    project.pytg("generate", *DEV)
    for address in project.units(*DEV):
        plain = project.terraform(address, "plan", "-detailed-exitcode", "-input=false")
        assert plain.code == 0, f"{address}: {plain.out}{plain.err}"


def test_an_apply_without_changes_applies_nothing(project: Project) -> None:
    project.pytg("apply", *DEV, "--yes")
    before = {address: project.state(address) for address in project.units(*DEV)}
    done = project.pytg("apply", *DEV, "--yes", "--json")
    assert project.commands() == ["plan"]
    assert set(project.statuses(done).values()) == {"unchanged"}
    assert before == {address: project.state(address) for address in project.units(*DEV)}


def _shape(state: dict[str, Any] | None) -> str:
    """A state without what differs from run to run, and without the unit root's own reads."""
    assert state is not None
    own = [r for r in state["resources"] if r.get("module")]
    for instance in (i for r in own for i in r["instances"]):
        needs = instance.pop("dependencies", [])
        instance["needs"] = [d for d in needs if not d.startswith("data.terraform_remote_state.")]
    ordered = sorted(own, key=lambda r: (r["module"], r["type"], r["name"]))
    text = json.dumps([ordered, state["outputs"]], sort_keys=True)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)


def test_both_ways_end_in_the_same_states(tmp_path: Path) -> None:
    composed = Project(build_estate(tmp_path / "composed", two_region_files()))
    each = Project(build_estate(tmp_path / "each", two_region_files()))
    composed.pytg("apply", *DEV, "--yes")
    each.pytg("apply", *DEV, "--yes", "--per-unit")
    assert each.commands().count("apply") == 9
    for address in composed.units(*DEV):
        assert _shape(composed.state(address)) == _shape(each.state(address)), address
    done = composed.pytg("plan", *DEV, "--per-unit", "--detailed-exitcode", "--json")
    assert list(done.document["plan"]) == sorted(composed.units(*DEV))
    each.pytg("plan", *DEV, "--detailed-exitcode")


def test_an_upstream_change_shows_its_downstream_effect_in_the_same_plan(project: Project) -> None:
    project.pytg("apply", *DEV, "--yes")
    module = project.root / "modules" / "kms" / "outputs.tf"
    module.write_text(module.read_text().replace("kms:arn:", "kms:new:"))
    alone = project.pytg("plan", *DEV, "--per-unit")
    assert "planned on what is applied now, while units that they need change" in alone.err
    done = project.pytg("plan", *DEV, "--json")
    changed = {a.split("/")[-1] for a, plan in done.document["plan"].items() if plan["update"]}
    assert changed == {"bucket", "table"}


def test_outputs_of_units_outside_the_selection_come_from_their_states(project: Project) -> None:
    project.pytg("apply", *DEV, "--yes")
    project.pytg("plan", *DEV, "--module", "api", "--detailed-exitcode")
    project.pytg("plan", *DEV, "--region", "eu-west-1", "--detailed-exitcode")


def test_a_unit_outside_the_selection_that_was_never_applied_is_named(project: Project) -> None:
    done = project.pytg("plan", *DEV, "--module", "bucket", expect=6)
    assert "docs/us-east-1/dev/kms" in done.err
    assert "+docs/us-east-1/dev/kms" in done.err


def test_destroy_refuses_while_something_else_needs_it(project: Project) -> None:
    project.pytg("apply", *DEV, "--yes")
    done = project.pytg("destroy", *DEV, "--module", "kms", "--yes", expect=6)
    assert "docs/us-east-1/dev/bucket" in done.err
    project.pytg("destroy", *DEV, "--select", "module:kms+", "--yes")
    assert all(
        not (project.state(a) or {"resources": ()})["resources"] for a in project.units(*DEV)
    )
    assert project.pytg("destroy", *DEV, "--yes", "--json").document["units"] == {"unchanged": 9}


def test_nobody_to_ask_and_no_yes_is_refused_with_nothing_done(project: Project) -> None:
    done = project.pytg("apply", *DEV, expect=6)
    assert "--yes" in done.err
    assert all(project.state(address) is None for address in project.units(*DEV))


STAGED = {
    "config.yaml": """
        project: staged
        regions: {us-east-1: {role: source}}
        modules:
          names: {}
          each:
            inputs: {names: ["${names.arn}"]}
          after:
            inputs: {number: "${each.number}"}
          other: {}
        """,
    "live/acc/account.yaml": "{}\n",
    "live/acc/us-east-1/dev/env.yaml": "{}\n",
    **terraform_module("names"),
    **terraform_module("other"),
    **terraform_module("after", ["number"]),
    "modules/each/main.tf": """
        variable "names" {
          type = list(string)
        }
        resource "terraform_data" "this" {
          for_each = toset(var.names)
          input    = each.key
        }
        output "number" {
          value = length(terraform_data.this)
        }
        """,
}


def test_what_cannot_be_planned_ahead_is_planned_later_and_said_so(tmp_path: Path) -> None:
    project = Project(build_estate(tmp_path, STAGED))
    planned = project.pytg("plan", *DEV, "--json")
    assert "module each" in planned.err
    assert "acc/us-east-1/dev/names applied first" in planned.err
    statuses = {a.split("/")[-1]: s for a, s in project.statuses(planned).items()}
    assert statuses == {
        "names": "succeeded",
        "other": "succeeded",
        "each": "skipped",
        "after": "skipped",
    }
    done = project.pytg("apply", *DEV, "--yes", "--json")
    stages = project.record(done)["stages"]
    assert sorted(unit for stage in stages for unit in stage) == sorted(project.units(*DEV))
    assert re.findall(r"stage (\d): ", done.err) == ["1", "1", "2"]  # as tried, as cut, the rest
    assert set(project.statuses(done).values()) == {"succeeded"}
    project.pytg("plan", *DEV, "--detailed-exitcode")


@pytest.fixture
def approving(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody is there and says yes; what they were asked."""
    asked: list[str] = []

    def confirm(*_: object) -> Callable[[str], bool]:
        return lambda question, _cancel: not asked.append(question.text)

    monkeypatch.setattr("pytg.cli._execute.confirm", confirm)
    monkeypatch.setattr("pytg.cli._execute.attended", lambda: True)
    return asked


def test_unit_by_unit_what_can_be_planned_later_only_is_asked_for_later(
    tmp_path: Path, approving: list[str]
) -> None:
    project = Project(build_estate(tmp_path, STAGED))
    done = project.pytg("apply", *DEV, "--per-unit", "--json")
    assert set(project.statuses(done).values()) == {"succeeded"}
    assert len(approving) == 2
    assert project.commands().count("apply") == 4
    again = project.pytg("apply", *DEV, "--per-unit", "--json")
    assert set(project.statuses(again).values()) == {"unchanged"}
    assert len(approving) == 2


def test_unit_by_unit_an_isolated_upstream_is_destroyed_as_it_was_approved(
    tmp_path: Path, approving: list[str]
) -> None:
    files = two_region_files()
    files["config.yaml"] = files["config.yaml"].replace("  kms: {}\n", "  kms: {isolate: true}\n")
    project = Project(build_estate(tmp_path, files))
    project.pytg("apply", *DEV, "--yes")
    done = project.pytg("destroy", *DEV, "--per-unit", "--json")
    assert set(project.statuses(done).values()) == {"succeeded"}
    assert approving == ["Destroy 9 resources of 9 units (stages 1 and 2 of 2)?"]
    assert not [a for a in project.units(*DEV) if (project.state(a) or {})["resources"]]


def test_unit_by_unit_nothing_beyond_what_was_approved_is_applied(
    project: Project, approving: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unit_plan = per_unit.plan_unit

    def later(root: Root) -> SavedPlan:
        if root.units[0].address.module == "table":  # somebody adds a resource after the approval
            main = project.root / "modules" / "table" / "main.tf"
            main.write_text(main.read_text() + 'resource "terraform_data" "more" {}\n')
        return unit_plan(root)

    monkeypatch.setattr(per_unit, "plan_unit", later)
    arguments = ("--env", "dev", "--region", "us-east-1", "--per-unit", "--json")
    done = project.pytg("apply", *arguments, expect=1)
    assert len(approving) == 1
    table = project.record(done)["units"]["docs/us-east-1/dev/table"]
    assert table["status"] == "failed"
    assert "goes beyond what was approved" in table["reason"]
    assert "create terraform_data.more" in table["reason"]
    assert project.state("docs/us-east-1/dev/table") is None
    assert project.state("docs/us-east-1/dev/bucket") is not None


def _failing(tmp_path: Path) -> Project:
    files = two_region_files()
    files["modules/bucket/main.tf"] = (
        'resource "terraform_data" "this" {\n  input = { key = var.key, name = var.name }\n'
        '  provisioner "local-exec" {\n    command = "test ! -e ${path.module}/broken"\n  }\n}\n'
    )
    project = Project(build_estate(tmp_path, files))
    (tmp_path / "modules" / "bucket" / "broken").touch()
    return project


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_a_failing_unit_blocks_what_needs_it_and_nothing_else(
    tmp_path: Path, way: tuple[str, ...]
) -> None:
    project = _failing(tmp_path)
    done = project.pytg("apply", *DEV, "--yes", "--json", *way, expect=1)
    units = project.record(done)["units"]
    statuses = {a: u["status"] for a, u in units.items()}
    assert statuses["docs/us-east-1/dev/bucket"] == "failed"
    assert statuses["docs/eu-west-1/dev/table"] == "succeeded"
    assert statuses["docs/us-east-1/dev/api"] == "skipped"
    assert units["docs/us-east-1/dev/api"]["blocked_by"] == ["docs/us-east-1/dev/bucket"]
    assert "local-exec" in units["docs/us-east-1/dev/bucket"]["reason"]
    (tmp_path / "modules" / "bucket" / "broken").unlink()
    project.pytg("apply", *DEV, "--yes", *way)
    project.pytg("plan", *DEV, "--detailed-exitcode")


def test_an_isolated_module_runs_in_its_own_root(tmp_path: Path) -> None:
    files = two_region_files()
    files["config.yaml"] = files["config.yaml"].replace(
        "  table:\n", "  table:\n    isolate: true\n"
    )
    project = Project(build_estate(tmp_path, files))
    project.pytg("apply", *DEV, "--yes")
    assert (tmp_path / ".pytg/units/docs/us-east-1/dev/table/.terraform").is_dir()
    assert not (tmp_path / ".pytg/units/docs/us-east-1/dev/bucket/.terraform").exists()
    project.pytg("plan", *DEV, "--detailed-exitcode")
    planned = project.pytg("plan", *DEV, "--destroy", "--json").document["changes"]
    assert project.pytg("destroy", *DEV, "--yes", "--json").document["changes"] == planned


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_a_plan_that_only_reads_is_nothing_to_apply(tmp_path: Path, way: tuple[str, ...]) -> None:
    files = two_region_files()
    files["config.yaml"] = files["config.yaml"].replace("  kms: {}\n", "  kms: {isolate: true}\n")
    files["modules/kms/main.tf"] += """
        data "terraform_remote_state" "late" {
          backend = "local"
          config  = { path = timestamp() == "" ? "" : "${path.module}/empty.tfstate" }
        }
        """
    empty = {"version": 4, "serial": 1, "lineage": "a", "outputs": {}, "resources": []}
    files["modules/kms/empty.tfstate"] = json.dumps(empty)
    project = Project(build_estate(tmp_path, files))
    project.pytg("apply", *DEV, "--yes", *way)
    done = project.pytg("apply", *DEV, "--yes", "--json", *way)
    assert set(project.statuses(done).values()) == {"unchanged"}
    assert "apply" not in project.commands()


def test_a_plan_that_fails_blames_no_unit_that_is_not_needed(tmp_path: Path) -> None:
    files = two_region_files()
    files["modules/bucket/main.tf"] += (
        'resource "terraform_data" "broken" {\n  lifecycle {\n    precondition {\n'
        '      condition     = var.name == ""\n      error_message = "no"\n    }\n  }\n}\n'
    )
    project = Project(build_estate(tmp_path, files))
    done = project.pytg("plan", *DEV, "--region", "us-east-1", "--json", expect=1)
    units = project.record(done)["units"]
    blocked = {a.rpartition("/")[2]: unit["blocked_by"] for a, unit in units.items()}
    assert units["docs/us-east-1/dev/bucket"]["status"] == "failed"
    assert units["docs/us-east-1/dev/kms"]["status"] == "succeeded"
    assert (
        "docs/us-east-1/dev/bucket failed: Resource precondition"
        in done.document["error"]["message"]
    )
    assert blocked["kms"] == []
    assert blocked["api"] == ["docs/us-east-1/dev/bucket"]


def test_a_failed_stage_blocks_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    files = two_region_files()
    files["config.yaml"] = files["config.yaml"].replace("  kms: {}\n", "  kms: {isolate: true}\n")
    files["modules/kms/main.tf"] = (
        'resource "terraform_data" "this" {\n  provisioner "local-exec" {\n'
        '    command = "test ${var.name} != dev-eu-west-1"\n  }\n}\n'
    )
    project = Project(build_estate(tmp_path, files))
    done = project.pytg("apply", *DEV, "--yes", "--json", expect=1)
    units = project.record(done)["units"]
    statuses = project.statuses(done)
    bad = {a for a, status in statuses.items() if status != "succeeded"}
    assert bad == {a for a in statuses if "eu-west-1" in a}
    assert statuses["docs/eu-west-1/dev/kms"] == "failed"
    assert units["docs/eu-west-1/dev/replication"]["status"] == "skipped"
    assert units["docs/eu-west-1/dev/replication"]["blocked_by"] == ["docs/eu-west-1/dev/kms"]


def test_secrets_are_masked_and_never_written_in_clear_by_pytg(tmp_path: Path) -> None:
    secret = "hunter2-correct-horse"
    files = {
        **STAGED,
        "config.yaml": """
            project: secret
            regions: {us-east-1: {role: source}}
            modules:
              vault: {}
              user:
                inputs: {password: "${vault.password}"}
            """,
        "modules/vault/main.tf": f"""
            resource "terraform_data" "this" {{
              input = sensitive("{secret}")
            }}
            output "password" {{
              value     = terraform_data.this.output
              sensitive = true
            }}
            """,
        "modules/user/main.tf": """
            variable "password" {
              type      = string
              sensitive = true
            }
            resource "terraform_data" "this" {
              input = var.password
            }
            """,
    }
    project = Project(build_estate(tmp_path, files))
    out = project.pytg("apply", *DEV, "--yes", "--verbose", "--json")
    again = project.pytg(
        "plan", *DEV, "--module", "user", "--verbose", "--out", str(tmp_path / "o")
    )
    assert secret not in out.out + out.err + again.out + again.err
    kept = [p for p in (tmp_path / ".pytg").rglob("*") if p.is_file() and "state" not in p.parts]
    states = {p for p in kept if p.name == "terraform.tfstate" and ".terraform" not in p.parts}
    clear = list({*kept, *(tmp_path / "o").rglob("*.json")} - states)
    assert not [p for p in clear if secret.encode() in p.read_bytes()]
    assert all(
        p.stat().st_mode & 0o077 == 0 or p.parent.stat().st_mode & 0o077 == 0 for p in states
    )
    plain = project.pytg("generate", *DEV)
    assert plain.code == 0
    assert project.terraform("acc/us-east-1/dev/user", "plan", "-detailed-exitcode").code == 0


def test_a_state_whose_unit_left_the_configuration_is_named(project: Project) -> None:
    project.pytg("apply", *DEV, "--yes")
    config = project.root / "config.yaml"
    whole = config.read_text()
    config.write_text(whole[: whole.index("  replication:")])
    region = project.root / "live/docs/eu-west-1/region.yaml"
    enabled = region.read_text()
    region.write_text("{}\n")
    done = project.pytg("plan", *DEV)
    assert "docs/eu-west-1/dev/replication is no longer configured" in done.err
    config.write_text(whole)
    region.write_text(enabled)
    assert "no longer configured" not in project.pytg("plan", *DEV).err


def test_an_environment_that_left_is_named_by_plan_all(project: Project) -> None:
    project.pytg("apply-all", "--yes")
    prod = project.units("--env", "prod")
    for region in ("eu-west-1", "us-east-1"):
        shutil.rmtree(project.root / "live/docs" / region / "prod")
    done = project.pytg("plan-all", "--json")
    assert done.document["orphans"] == project.record(done)["orphans"] == sorted(prod)
    assert "docs/eu-west-1/prod: 5 units are no longer configured" in done.err
    assert "  no longer configured: 9 units with resources: docs/eu-west-1/prod/api" in done.err
    assert project.pytg("plan", *DEV, "--json").document["orphans"] == []


def _chain(tmp_path: Path) -> Project:
    """Environments dev and qa of `b`, whose `for_each` and text come from `a`."""
    files = {
        "config.yaml": """
            project: chain
            regions: {us-east-1: {role: source}}
            modules:
              a: {}
              b:
                inputs: {keys: "${a.keys}", text: "key-${a.keys[0]}"}
            """,
        "live/x/account.yaml": "{}\n",
        "live/x/us-east-1/dev/env.yaml": "{}\n",
        "live/x/us-east-1/qa/env.yaml": "{}\n",
        "modules/a/main.tf": """
            resource "terraform_data" "this" {
              input = ["one", "two"]
            }
            output "keys" {
              value = terraform_data.this.output
            }
            """,
        "modules/b/main.tf": """
            variable "keys" {
              type     = list(string)
              nullable = false
            }
            variable "text" {
              type     = string
              nullable = false
            }
            resource "terraform_data" "this" {
              for_each = toset(var.keys)
              input    = each.key
              provisioner "local-exec" {
                when    = destroy
                command = "echo b >> ../../../destroyed"
              }
            }
            """,
    }
    return Project(build_estate(tmp_path, files))


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_a_destroy_goes_on_where_a_part_is_gone_already(
    tmp_path: Path, way: tuple[str, ...]
) -> None:
    project = _chain(tmp_path)
    project.pytg("apply-all", "--yes")
    project.pytg("destroy", "--env", "dev", "--yes", *way)
    done = project.pytg("destroy-all", "--yes", "--json", *way)
    statuses = project.statuses(done)
    assert {a for a, status in statuses.items() if status == "unchanged"} == {
        "x/us-east-1/dev/a",
        "x/us-east-1/dev/b",
    }
    assert all(not (project.state(a) or {"resources": ()})["resources"] for a in statuses)


def test_a_destroy_goes_on_where_the_upstream_state_is_lost(tmp_path: Path) -> None:
    project = _chain(tmp_path)
    project.pytg("apply", "--env", "qa", "--yes")
    (tmp_path / ".pytg/state/x/us-east-1/qa/a/terraform.tfstate").unlink()
    project.pytg("destroy", "--env", "qa", "--yes")
    state = project.state("x/us-east-1/qa/b")
    assert state is not None
    assert state["resources"] == []


def test_a_mistake_in_a_module_is_blamed_on_its_units_only(project: Project) -> None:
    main = project.root / "modules" / "table" / "main.tf"
    main.write_text(main.read_text() + 'resource "terraform_data" "y" {\n  input = var.nope\n}\n')
    done = project.pytg("plan", *DEV, "--json", expect=1)
    units = project.record(done)["units"]
    failed = {a.split("/")[-1] for a, u in units.items() if u["status"] == "failed"}
    assert failed == {"table"}
    assert "modules/table/main.tf:8" in units["docs/us-east-1/dev/table"]["reason"]


def test_only_the_owner_may_look_at_states(project: Project) -> None:
    project.pytg("plan", *DEV)
    assert (project.root / ".pytg").stat().st_mode & 0o077 == 0
