"""`pytg validate` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytg.generate.aws import STATES
from support.command import run
from support.estate_builder import build_estate, terraform_module

CONFIG = Path("config.yaml")


def test_a_valid_estate(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(estate_root), "validate") == 0
    assert capfd.readouterr() == ("", "18 units, 20 edges: valid\n")


def test_a_protection_that_guards_nothing_is_warned_of(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = estate_root / CONFIG
    config.write_text(f'{config.read_text()}stateful: ["!*"]\n')
    assert run("-C", str(estate_root), "validate") == 0
    assert capfd.readouterr().err.startswith("warning: `protected: true` guards nothing: ")


def test_one_unit_is_one_unit(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = {
        "config.yaml": "project: demo\nregions: {us-east-1: {}}\nmodules: {kms: {}}\n",
        "live/docs/account.yaml": "",
        "live/docs/us-east-1/dev/env.yaml": "",
        **terraform_module("kms"),
    }
    assert run("-C", str(build_estate(tmp_path, files)), "validate") == 0
    assert capfd.readouterr().err == "1 unit, 0 edges: valid\n"


def test_a_directory_below_the_project_will_do(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("-C", str(estate_root / "live/docs"), "validate", "--suffix", "a1") == 0
    assert capfd.readouterr().out == ""


def test_problems_come_with_places_and_code_3(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (estate_root / "live/docs/us-east-1/dev/env.yaml").write_text("protectd: true\n")
    (estate_root / "live/docs/us-east-1/prod/env.yaml").write_text("tags: [a]\n")
    assert run("-C", str(estate_root), "validate") == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert "live/docs/us-east-1/dev/env.yaml:1: unknown key `protectd`" in err
    assert "did you mean `protected`?" in err
    assert "live/docs/us-east-1/prod/env.yaml:1: `tags` must be a map, not a list" in err


def test_a_cycle_is_a_problem(estate_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = estate_root / CONFIG
    config.write_text(config.read_text().replace("  kms: {}", "  kms: {after: [api]}"))
    assert run("-C", str(estate_root), "validate") == 3
    assert "config.yaml:10" in capfd.readouterr().err


def test_no_project_is_wrong_usage(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(tmp_path), "validate") == 4
    assert "no config.yaml" in capfd.readouterr().err


def test_a_mistake_inside_a_module_is_told_and_stops_no_other_command(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    main = estate_root / "modules/kms/main.tf"
    main.write_text(main.read_text() + "locals {\n  a = var.nope\n}\n")
    assert run("-C", str(estate_root), "validate") == 3
    assert "this module declares no variable `nope`" in capfd.readouterr().err
    assert run("-C", str(estate_root), "ls") == 0


def test_what_left_the_configuration_is_named_as_far_as_this_directory_knows(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a word to a backend: by a state that lies here, and by the record of a run."""
    gone = estate_root / STATES / "docs/us-east-1/dev/renamed/terraform.tfstate"
    gone.parent.mkdir(parents=True)
    resource = {"mode": "managed", "type": "x", "name": "y", "provider": "z"}
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a"}
    gone.write_text(
        json.dumps({**state, "outputs": {}, "resources": [{**resource, "instances": []}]})
    )
    record = estate_root / ".pytg/runs/20250101T000000Z-000000/run.json"
    record.parent.mkdir(parents=True)
    changes = {"create": 1, "update": 0, "replace": 0, "delete": 0}
    units = {"docs/us-east-1/old/kms": {"status": "succeeded", "attempts": 1, "changes": changes}}
    run_of = {"command": "apply", "result": "succeeded", "units": units}
    record.write_text(json.dumps(run_of))
    assert run("-C", str(estate_root), "validate") == 0
    told = capfd.readouterr().err.splitlines()
    left, lost, valid = told
    assert left.startswith("warning: docs/us-east-1/dev/renamed is no longer configured and still")
    assert lost.startswith("warning: docs/us-east-1/old/kms left the configuration and is in no")
    assert f"run {record.parent.name} applied it here, and none destroyed it since" in lost
    assert valid == "18 units, 20 edges: valid"


def test_a_program_of_checks_that_cannot_be_started_is_told(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One of the project is a mistake in it; one that is not installed is this machine's."""
    config = estate_root / CONFIG
    lines = len(config.read_text().splitlines())
    checks = "checks:\n  own: {command: [./policy]}\n  tool: {command: [no-such-program, x]}\n"
    config.write_text(f"{config.read_text()}{checks}")
    assert run("-C", str(estate_root), "validate") == 3
    err = capfd.readouterr().err
    assert f"config.yaml:{lines + 2}: check `own` cannot be started: there is no file" in err
    (estate_root / "policy").write_text("")
    assert run("-C", str(estate_root), "validate") == 3
    assert "./policy is not executable: chmod +x ./policy" in capfd.readouterr().err
    (estate_root / "policy").chmod(0o755)
    assert run("-C", str(estate_root), "validate") == 0
    err = capfd.readouterr().err
    assert "warning: check `tool` cannot be started: `no-such-program` is not on PATH" in err
    assert "own" not in err


def test_a_renamed_unit_is_told_with_the_command_that_takes_its_state_along(
    estate_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = estate_root / STATES / "docs/us-east-1/old/kms/terraform.tfstate"
    old.parent.mkdir(parents=True)
    resource = {"mode": "managed", "type": "terraform_data", "name": "this", "provider": "z"}
    held = {**resource, "module": "module.kms", "instances": [{"attributes": {"id": "1"}}]}
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a"}
    old.write_text(json.dumps({**state, "outputs": {}, "resources": [held]}))
    main = estate_root / "modules/kms/main.tf"
    main.write_text(f'{main.read_text()}resource "terraform_data" "this" {{}}\n')
    assert run("-C", str(estate_root), "validate") == 0
    err = capfd.readouterr().err
    assert "`pytg state mv docs/us-east-1/old/kms docs/us-east-1/dev/kms`" in err
