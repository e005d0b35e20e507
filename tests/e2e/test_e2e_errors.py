"""Wrong input: a clear message, with file and line where there is one, and the right exit code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.estate_builder import build_estate, two_region_files
from support.fake_terraform import FakeTerraform
from support.project import Project

pytestmark = pytest.mark.slow

Change = Callable[[dict[str, str]], None]


def change(file: str, old: str, new: str) -> Change:
    def apply(files: dict[str, str]) -> None:
        assert old in files[file]
        files[file] = files[file].replace(old, new, 1)

    return apply


def add(file: str, text: str) -> Change:
    def apply(files: dict[str, str]) -> None:
        files[file] = text

    return apply


CONFIG = "config.yaml"
INVALID = {
    "a typo in a key": (change(CONFIG, "    inputs:", "    inptus:"), "config.yaml:", "inputs"),
    "a missing input": (change(CONFIG, "      key: ${kms.arn}\n", ""), "config.yaml:", "key"),
    "an unknown output": (change(CONFIG, "${kms.arn}", "${kms.arm}"), "config.yaml:", "arn"),
    "a cycle": (
        change(CONFIG, "  kms: {}", "  kms: {after: [api]}"),
        "config.yaml:",
        "kms",
    ),
    "a duplicate environment": (
        add("live/docs/us-east-1/dev-x/env.yaml", "{}\n"),
        "env.yaml",
        "dev-x",
    ),
    "a name too long": (
        add("live/docs/us-east-1/an-environment-of-a-long-name/env.yaml", "{}\n"),
        "env.yaml",
        "20",
    ),
    "a broken YAML file": (change(CONFIG, "modules:", "modules: ["), "config.yaml:", ""),
    "an unknown region": (add("live/docs/mars-1/dev/env.yaml", "{}\n"), "mars-1", "region"),
}


@pytest.mark.parametrize("what", INVALID)
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_invalid_configuration_says_where(tmp_path: Path, what: str, command: str) -> None:
    broken, where, word = INVALID[what]
    files = two_region_files()
    broken(files)
    if "duplicate" in what:
        files["live/docs/us-east-1/dev/env.yaml"] = "suffix: x\n"
        files["live/docs/eu-west-1/dev/env.yaml"] = "suffix: x\n"
    project = Project(build_estate(tmp_path, files))
    arguments = ("--env", "dev") if command == "plan" else ()
    done = project.pytg(command, *arguments, expect=3)
    assert where in done.err
    assert word in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / ".pytg" / "runs").exists()


USAGE = {
    ("plan",): 4,
    ("plan", "--env", "nope"): 4,
    ("plan", "--region", "mars-1"): 4,
    ("plan", "--env", "dev", "--bogus"): 4,
    ("plan", "--select", "bogus:x"): 4,
    ("plan", "--env", "dev", "--module", "replication", "--region", "us-east-1"): 5,
    ("output", "docs/us-east-1/dev/nope"): 4,
    ("explain", "docs/us-east-1/dev/kmz"): 4,
    ("graph", "--output", "no/such/directory/graph.txt"): 4,
}


@pytest.mark.parametrize("arguments", USAGE)
def test_wrong_usage_has_its_own_exit_code(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    project = Project(build_estate(tmp_path, two_region_files()))
    done = project.pytg(*arguments, expect=USAGE[arguments])
    assert "rror" in done.err
    assert "Traceback" not in done.err


def test_a_missing_terraform_is_named_with_what_to_do(tmp_path: Path) -> None:
    root = build_estate(tmp_path, two_region_files())
    project = Project(root, {"PYTG_TERRAFORM": str(tmp_path / "none")})
    done = project.pytg("plan", "--env", "dev", expect=6)
    assert "PYTG_TERRAFORM" in done.err
    assert not (tmp_path / ".pytg" / "runs").exists()


def test_a_dead_sandbox_is_named_with_what_to_do(tmp_path: Path) -> None:
    files = two_region_files()
    files["live/docs/account.yaml"] = 'account_id: "123456789012"\nsandbox: true\n'
    files[CONFIG] += "backend: {type: s3, bucket: states}\n"
    environ = {"PYTG_SANDBOX_DIR": str(tmp_path / "none")}
    done = Project(build_estate(tmp_path, files), environ).pytg("plan", "--env", "dev", expect=6)
    assert "pytg sandbox start" in done.err


def test_outside_of_a_project(tmp_path: Path) -> None:
    done = Project(tmp_path).pytg("ls", expect=4)
    assert "config.yaml" in done.err


def test_a_cli_configuration_that_does_not_exist_is_no_matter(tmp_path: Path) -> None:
    root = build_estate(tmp_path, two_region_files())
    project = Project(root, {"TF_CLI_CONFIG_FILE": str(tmp_path / "none")})
    done = project.pytg("plan", "--env", "dev")
    assert "CLI configuration" not in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_project_is_said_so(tmp_path: Path) -> None:
    project = Project(build_estate(tmp_path, two_region_files()))
    tmp_path.chmod(0o500)
    try:
        done = project.pytg("plan", "--env", "dev", expect=1)
    finally:
        tmp_path.chmod(0o700)
    assert str(tmp_path) in done.err
    assert "Traceback" not in done.err


REFUSED = {
    ("plan",): 4,
    ("plan", "--env", "nope"): 4,
    ("apply", "--env", "dev", "--module", "replication", "--region", "us-east-1"): 5,
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_a_run_that_cannot_begin_is_one_object_of_the_same_shape(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    fake = FakeTerraform.install(tmp_path / "bin")
    project = Project(
        build_estate(tmp_path / "estate", two_region_files()), {"PYTG_TERRAFORM": str(fake.path)}
    )
    ended = project.pytg("plan", "--env", "dev", "--json").document
    document = project.pytg(*arguments, "--json", expect=REFUSED[arguments]).document
    assert document["result"] == "refused"
    assert document["record"] is None
    assert document["error"]["exit_code"] == REFUSED[arguments]
    assert document["error"]["message"]
    assert document.keys() == ended.keys()
    assert ended["error"] is None


def test_invalid_configuration_is_an_object_too(tmp_path: Path) -> None:
    files = two_region_files()
    files[CONFIG] += "bogus: 1\n"
    done = Project(build_estate(tmp_path, files)).pytg("plan-all", "--json", expect=3)
    assert "bogus" in done.document["error"]["message"]
