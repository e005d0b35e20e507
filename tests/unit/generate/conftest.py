"""Real Terraform for tests of generated files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytg.terraform.environment import environment
from support import process

Terraform = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def terraform() -> Terraform:
    """`terraform(directory, *arguments, ok=(0,))`: run it; exit codes not in `ok` fail."""

    def run(
        directory: Path, *arguments: str, ok: tuple[int, ...] = (0,), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        env = {**environment(os.environ, emulator=True), **variables}
        result = process.run(["terraform", *arguments], directory, env)
        assert result.returncode in ok, result.stdout + result.stderr
        return result

    return run
