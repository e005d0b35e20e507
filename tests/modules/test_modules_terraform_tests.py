"""`terraform fmt`, `validate` and `test` for every module, in a copy of the tree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytg.terraform.provider_mirror import cli_config
from support.sandbox_server import AWS, Terraform

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[2] / "modules"
MODULES = sorted(p.name for p in SOURCE.iterdir() if p.is_dir())


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all modules: `init` leaves nothing in the repository, `../bucket` is there."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(SOURCE, root / "modules", ignore=shutil.ignore_patterns(".terraform*"))
    return root


@pytest.fixture(scope="module")
def mirror(copy: Path) -> Path | None:
    return cli_config(copy, [AWS], {})


def test_format(copy: Path, mirror: Path | None) -> None:
    done = Terraform(copy, mirror)("fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", MODULES)
def test_module(name: str, copy: Path, mirror: Path | None) -> None:
    terraform = Terraform(copy / "modules" / name, mirror)
    terraform.succeed("init", "-backend=false", "-input=false")
    terraform.succeed("validate")
    terraform.succeed("test")
