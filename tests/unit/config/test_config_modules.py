"""Modules as their files declare them, and the cache of it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytg.config.declaration_cache import CACHE
from pytg.config.modules import DeclaredModule, read_module
from pytg.errors import Problem
from pytg.model import Output, Scope, Variable

HCL = """\
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.0"
      configuration_aliases = [aws.peer]
    }
    random = "~> 3"
  }
}

variable "rules" {
  description = "Say \\"hi\\"."
  type = object({
    # how long
    days = number // in days
    mode = optional(string, "x")
  })
  default  = {}
  nullable = false
}

variable token {
  type      = string
  sensitive = true
  default   = null
}

variable "free" {
  description = <<-EOT
    variable "nothing" is not one
  EOT
}

output "arn" {
  value     = "${var.token}-%{if true}x%{endif}"
  sensitive = true
}
"""


def read(root: Path) -> tuple[DeclaredModule, list[Problem]]:
    declared = read_module(root, "m", "m", Scope.REGION)
    return declared, list(declared.module.broken)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/main.tf").write_text(HCL, encoding="utf-8")
    (tmp_path / "m/more.tf").write_text('output "id" {\n  value = 1\n}\n', encoding="utf-8")
    (tmp_path / "m/notes.txt").write_text("not {{ HCL", encoding="utf-8")
    return tmp_path


def test_declarations_are_gathered_from_all_files(root: Path) -> None:
    declared, problems = read(root)
    module = declared.module
    assert problems == []
    assert declared.complete
    assert module.variables == {
        "rules": Variable(
            name="rules",
            type='object({days = number, mode = optional(string, "x")})',
            required=False,
            nullable=False,
            sensitive=False,
            description='Say "hi".',
        ),
        "token": Variable("token", "string", False, True, True, ""),  # noqa: FBT003 - a record
        "free": Variable("free", None, True, True, False, 'variable "nothing" is not one'),  # noqa: FBT003 - its columns
    }
    assert module.outputs == {"arn": Output("arn", True, ""), "id": Output("id", False, "")}  # noqa: FBT003 - its columns
    assert module.providers == {"aws", "random"}
    assert module.aliases == {("aws", "peer")}
    assert {key: str(place) for key, place in declared.places.items()} == {
        "variable.rules": "m/main.tf:12",
        "variable.token": "m/main.tf:23",
        "variable.free": "m/main.tf:29",
        "output.arn": "m/main.tf:35",
        "output.id": "m/more.tf:1",
    }


def test_a_cached_module_is_the_same_and_needs_no_parser(root: Path) -> None:
    first, _ = read(root)
    script = (
        "import sys; from pathlib import Path; from pytg.config.modules import read_module\n"
        "from pytg.model import Scope\n"
        "from pytg.config.declarations import declarations\n"
        "read_module(Path(sys.argv[1]), 'm', 'm', Scope.REGION)\n"
        "print(declarations.cache_info().misses)"
    )
    command = [sys.executable, "-c", script, str(root)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "0"
    assert read(root) == (first, [])


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"[]", b'{"digest": "x", "found": {}}', b"\xff\x00"]
)
def test_a_corrupt_cache_is_read_anew_and_mended(root: Path, rubbish: bytes) -> None:
    first, _ = read(root)
    entries = sorted((root / CACHE).iterdir())
    good = [entry.read_bytes() for entry in entries]
    for entry in entries:
        entry.write_bytes(rubbish)
    assert read(root) == (first, [])
    assert [entry.read_bytes() for entry in entries] == good


def test_a_changed_file_is_read_anew(root: Path) -> None:
    read(root)
    (root / "m/more.tf").write_text('output "other" {\n  value = 1\n}\n', encoding="utf-8")
    declared, _ = read(root)
    assert sorted(declared.module.outputs) == ["arn", "other"]


def test_writers_at_once_leave_whole_entries(root: Path) -> None:
    expected, _ = read(root)
    for entry in (root / CACHE).iterdir():
        entry.unlink()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: read(root), range(16)))
    assert results == [(expected, [])] * 16
    assert len(list((root / CACHE).iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_problem(root: Path) -> None:
    (root / ".pytg").write_text("a file, not a directory", encoding="utf-8")
    declared, problems = read(root)
    assert (len(declared.module.variables), problems) == (3, [])


def test_a_broken_file_is_told_and_never_cached(root: Path) -> None:
    (root / "m/more.tf").write_text('output "id" {\n  value =\n}\n', encoding="utf-8")
    for _ in range(2):
        declared, problems = read(root)
        assert [str(p.position) for p in problems] == ["m/more.tf:2"]
        assert not declared.complete
