"""Which flavour a binary has, as far as it is known without starting it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytg.terraform.binary import CACHE, known_flavour


@pytest.mark.parametrize(("name", "flavour"), [("tofu", "opentofu"), ("terraform", "terraform")])
def test_the_name_says_it_where_nothing_else_does(tmp_path: Path, name: str, flavour: str) -> None:
    assert known_flavour(name, tmp_path, {"PATH": str(tmp_path)}) == flavour


def test_what_it_said_when_it_was_started_is_better(tmp_path: Path) -> None:
    tool = tmp_path / "terraform"
    tool.write_text("")
    tool.chmod(0o755)
    stat = tool.stat()
    identity = {"path": str(tool), "mtime_ns": stat.st_mtime_ns, "size": stat.st_size}
    entry = {"binary": identity, "version": "1.9.0", "flavour": "opentofu"}
    (tmp_path / CACHE).parent.mkdir(parents=True)
    (tmp_path / CACHE).write_text(json.dumps(entry))
    assert known_flavour("terraform", tmp_path, {"PATH": str(tmp_path)}) == "opentofu"
