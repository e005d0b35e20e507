"""One embedded AWS for the whole test session.

A test module that needs it says `pytest_plugins = ["support.sandbox_server"]` and takes the
fixture `sandbox`: empty, no lag and no pause at the start of each test.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.session
import pytest

from pytg.sandbox.control import Sandbox

ACCOUNT = "123456789012"
PATIENCE_SECONDS = 60.0
T = TypeVar("T")


@dataclass(frozen=True)
class SandboxServer:
    """A running sandbox, and how tests reach it: by its AWS config file alone."""

    control: Sandbox
    url: str

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of the profile `sandbox`."""
        session = botocore.session.Session(profile="sandbox")
        session.set_config_variable("config_file", str(self.control.config_file))
        return boto3.Session(botocore_session=session).client(service, region_name=region)

    def settle(self) -> None:
        """Wait until no replication waits any more (paused ones never go)."""
        eventually(lambda: not self.control.details()["waiting"])


def eventually(check: Callable[[], T]) -> T:
    """The first true answer of `check`; fails when there is none for a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := check()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """The sandbox of this session, with whatever earlier tests left in it."""
    control = Sandbox(tmp_path_factory.mktemp("sandbox"))
    endpoint = control.start()
    yield SandboxServer(control, endpoint.url)
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
    cli_config: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it; the exit code is the caller's to judge."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        environment |= {"TF_CLI_CONFIG_FILE": str(self.cli_config), "CHECKPOINT_DISABLE": "1"}
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def succeed(self, *arguments: str) -> str:
        """Run it and return what it wrote; fails when it does."""
        done = self(*arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout


PROVIDERS = """
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
        cli_config = tmp_path / "terraform.rc"
        cli_config.write_text(_cli_config(), encoding="utf-8")
        directory = tmp_path / "root"
        directory.mkdir()
        providers = PROVIDERS.format(config=sandbox.control.config_file)
        (directory / "main.tf").write_text(providers + hcl, encoding="utf-8")
        terraform = Terraform(directory, cli_config)
        terraform.succeed("init", "-input=false")
        return terraform

    return make


def _cli_config() -> str:
    """Where the provider comes from: a mirror of this machine if there is one, else the network.

    PYTG_TEST_PLUGINS names one; else the first directory of the usual ones that holds it.
    """
    usual = ["/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"]
    optional = [str(path) for path in Path("/opt").glob("*plugins*")]
    for candidate in (os.environ.get("PYTG_TEST_PLUGINS", ""), *usual, *optional):
        if candidate and any(Path(candidate).glob("*/hashicorp/aws")):
            return f'provider_installation {{ filesystem_mirror {{ path = "{candidate}" }} }}\n'
    return ""
