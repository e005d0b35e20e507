"""A secret through the life of its unit: in no file but states, and those are their owner's."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.estate_builder import build_estate
from support.process import eventually
from support.project import Project

pytestmark = pytest.mark.slow

SECRET = "hunter2-correct-horse"
UNIT = "acc/north/dev/vault"
MOST = 20_000  # bytes: less than the state, more than what is printed
# Terraform cannot write a file of more bytes from now on, as on a disk that is full
FULL = f"""
import os, pathlib, resource
pid = os.getppid()
while "terraform" not in pathlib.Path(f"/proc/{{pid}}/comm").read_text():
    pid = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().split()[3])
resource.prlimit(pid, resource.RLIMIT_FSIZE, ({MOST}, {MOST}))
"""
FILES = {
    "config.yaml": """
        project: secret
        regions: {north: {}}
        modules:
          vault: {inputs: {mode: whole}}
          user: {inputs: {password: "${vault.password}"}}
        """,
    "live/acc/account.yaml": "{}\n",
    "live/acc/north/dev/env.yaml": "{}\n",
    "full.py": FULL,
    "modules/vault/main.tf": f"""
        variable "mode" {{
          type = string
        }}
        resource "terraform_data" "many" {{
          input = {{ secret = sensitive("{SECRET}"), many = range(500), mode = var.mode }}
        }}
        resource "terraform_data" "last" {{
          input            = terraform_data.many.id
          triggers_replace = var.mode
          provisioner "local-exec" {{
            command = {{
              whole = "true"
              full  = "{sys.executable} ${{path.module}}/../../full.py"
              bad   = "echo $SECRET; exit 3"
              slow  = "touch ${{path.module}}/../../began; sleep 60"
            }}[var.mode]
            environment = {{ SECRET = sensitive("{SECRET}") }}
          }}
        }}
        output "password" {{
          value     = terraform_data.many.output.secret
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


@pytest.mark.parametrize("way", [(), ("--per-unit",)])
def test_it_is_in_states_alone(tmp_path: Path, way: tuple[str, ...]) -> None:
    project = Project(build_estate(tmp_path, FILES))
    said: list[str] = []

    def pytg(*arguments: str, expect: int | None = 0) -> None:
        done = project.pytg(*arguments, expect=expect)
        said.append(done.out + done.err)
        look(project)

    def mode(name: str) -> None:
        config = project.root / "config.yaml"
        config.write_text(FILES["config.yaml"].replace("whole", name))

    pytg("apply-all", "--yes", "--verbose", *way)
    for name in ("bad", "full"):
        mode(name)
        pytg("apply-all", "--yes", "--json", *way, expect=1)
    mode("slow")
    process = project.start("apply-all", "--yes", *way)
    eventually((project.root / "began").exists)
    process.kill()
    project.signal_last(signal.SIGKILL)
    process.communicate()
    mode("whole")
    pytg("apply-all", "--yes", "--verbose", *way)
    pytg("output", UNIT)
    pytg("graph", "--format", "json")
    assert SECRET not in "".join(said)


def look(project: Project) -> None:
    """Nothing but states holds the secret, and they are not for others to read."""
    for path in with_secret(project):
        assert "tfstate" in path.name, path
        modes = [p.stat().st_mode & 0o077 for p in (path, path.parent)]
        assert modes == [0, 0], path


def with_secret(project: Project) -> Iterator[Path]:
    for path in (project.root / ".pytg").rglob("*"):
        if path.is_file() and SECRET.encode() in path.read_bytes():
            yield path
