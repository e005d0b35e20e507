"""`pytg tf`, with real Terraform and units that need no provider."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.process import run

pytestmark = pytest.mark.slow

KMS = "docs/us-east-1/dev/kms"
BUCKET = "docs/us-east-1/dev/bucket"


def pytg(
    root: Path, *arguments: str, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytg.cli.main", "tf", *arguments]
    return run(command, root, {**os.environ, **variables}, stdin=stdin)


def test_it_generates_and_initialises_and_runs(estate_root: Path) -> None:
    done = pytg(estate_root, KMS, "--", "apply", "-auto-approve", "-no-color")
    assert done.returncode == 0, done.stderr
    assert "Apply complete! Resources: 1 added" in done.stdout
    outputs = json.loads(pytg(estate_root, KMS, "output", "-json").stdout)
    assert outputs["arn"]["value"].startswith("kms:arn:")
    assert (estate_root / ".pytg/state" / KMS / "terraform.tfstate").is_file()


def test_the_exit_code_is_terraforms(estate_root: Path) -> None:
    assert pytg(estate_root, KMS, "plan", "-detailed-exitcode").returncode == 2
    failed = pytg(estate_root, KMS, "show", "-no-color", "no-plan")
    assert failed.returncode == 1
    assert "no-plan" in failed.stderr


def test_what_is_read_must_have_been_applied(estate_root: Path) -> None:
    for command in ("plan", "apply", "refresh"):
        refused = pytg(estate_root, BUCKET, command, "-no-color")
        assert refused.returncode == 6
        assert f"arn of {KMS} (read by {BUCKET})" in refused.stderr
    assert "arn of" not in pytg(estate_root, BUCKET, "plan", "-destroy").stderr


def test_standard_input_reaches_terraform(estate_root: Path) -> None:
    assert pytg(estate_root, KMS, "apply", stdin="no\n").returncode == 1
    assert pytg(estate_root, KMS, "apply", stdin="yes\n").returncode == 0


def test_variables_of_the_callers_environment_do_not_reach_it(estate_root: Path) -> None:
    done = pytg(estate_root, KMS, "plan", TF_CLI_ARGS_plan="-destroy", TF_WORKSPACE="other")
    assert "1 to add" in done.stdout, done.stderr


def test_init_itself_is_run_once_and_as_asked(estate_root: Path) -> None:
    done = pytg(estate_root, KMS, "--", "init", "-reconfigure", "-no-color")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Initializing the backend...") == 1


def test_an_unknown_unit_is_refused_before_anything_is_written(estate_root: Path) -> None:
    done = pytg(estate_root, "docs/us-east-1/dev/buckte", "plan")
    assert done.returncode == 4
    assert f"did you mean {BUCKET}" in done.stderr
    assert not (estate_root / ".pytg/units").exists()


def test_where_terraform_asks_for_init_it_is_run_once_and_the_command_again(
    estate_root: Path,
) -> None:
    assert pytg(estate_root, KMS, "plan").returncode == 0
    shutil.rmtree(estate_root / ".pytg/units" / KMS / ".terraform/modules")
    done = pytg(estate_root, KMS, "plan", "-no-color")
    assert done.returncode == 0, done.stderr
    assert "1 to add" in done.stdout
    assert "Terraform asks for init" in done.stderr
