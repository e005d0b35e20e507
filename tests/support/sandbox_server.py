"""One embedded AWS for the whole test session.

`tests/conftest.py` alone imports the fixtures: each import is a server more. `sandbox` is empty,
with no lag and no pause, at the start of each test.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest

from pytg.model import Provider
from pytg.terraform.provider_mirror import cli_config
from pytg_sandbox.control import Sandbox
from support.process import eventually, run

AWS = Provider("aws", "hashicorp/aws", "5.100.0")
ACCOUNT = "123456789012"


class SandboxServer:
    """A running sandbox, and how tests reach it: by its AWS config file alone."""

    def __init__(self, control: Sandbox) -> None:
        self.control = control
        self._clients: dict[tuple[str, str], Any] = {}

    @cached_property
    def session(self) -> boto3.Session:
        """A boto3 session of the profile `sandbox`."""
        session = botocore.session.Session(profile="sandbox")
        session.set_config_variable("config_file", str(self.control.config_file))
        return boto3.Session(botocore_session=session)

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of the profile `sandbox`."""
        make: Any = self.session.client
        if (service, region) not in self._clients:
            self._clients[service, region] = make(service, region_name=region)
        return self._clients[service, region]

    def settle(self) -> None:
        """Wait until no replication and no delivery waits any more (paused ones never go)."""
        quiet = {"running": 0, "waiting": 0}

        def settled() -> bool:
            told = self.control.details()
            return not told["waiting"] and told["work"] == quiet

        eventually(settled)


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """The sandbox of this session, with whatever earlier tests left in it."""
    control = Sandbox(tmp_path_factory.mktemp("sandbox"))
    control.start()
    yield SandboxServer(control)
    control.stop()


@pytest.fixture
def sandbox(sandbox_server: SandboxServer) -> SandboxServer:
    """The sandbox, emptied, without replication lag."""
    sandbox_server.control.reset()
    sandbox_server.control.lag("*", 0)
    return sandbox_server


@dataclass(frozen=True)
class Terraform:
    """Real Terraform with the real AWS provider in one directory, told of nothing but aws.ini."""

    directory: Path
    cli_config: Path | None

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it; the exit code is the caller's to judge."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        environment["CHECKPOINT_DISABLE"] = "1"
        if self.cli_config:
            environment["TF_CLI_CONFIG_FILE"] = str(self.cli_config)
        command = ["terraform", *arguments, "-no-color"]
        return run(command, self.directory, environment, merged=True)

    def succeed(self, *arguments: str) -> str:
        """Run it and return what it wrote; fails when it does."""
        done = self(*arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout


PROVIDERS = """
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "5.100.0"
    }}
  }}
}}
provider "aws" {{
  region              = "us-east-1"
  profile             = "sandbox"
  shared_config_files = ["{config}"]
}}
provider "aws" {{
  alias               = "peer"
  region              = "eu-west-1"
  profile             = "sandbox"
  shared_config_files = ["{config}"]
}}
"""


@pytest.fixture
def terraform_root(sandbox: SandboxServer, tmp_path: Path) -> Callable[[str], Terraform]:
    """Write HCL, initialize it, and return Terraform for it."""

    def make(hcl: str) -> Terraform:
        directory = tmp_path / "root"
        directory.mkdir()
        mirror = cli_config(tmp_path, [AWS], {})
        providers = PROVIDERS.format(config=sandbox.control.config_file)
        (directory / "main.tf").write_text(providers + hcl, encoding="utf-8")
        terraform = Terraform(directory, mirror)
        terraform.succeed("init", "-input=false")
        return terraform

    return make
