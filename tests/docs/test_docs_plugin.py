"""The plugin on the page about plugins, installed as its pyproject.toml says, does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.docs_blocks import ROOT, blocks, write_files

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "how-to" / "write-a-plugin.md"


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment in which the page's distribution is installed."""
    shown = {block.kind: block.text for block in blocks(PAGE)}
    project = tomllib.loads(shown["toml"])["project"]
    site = tmp_path / "site"
    metadata = site / "pytg_count-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "pytg_count.py").write_text(shown["python"], encoding="utf-8")
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    about += f"Summary: {project['description']}\n"
    (metadata / "METADATA").write_text(about, encoding="utf-8")
    entries = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        for group, values in project["entry-points"].items()
    )
    (metadata / "entry_points.txt").write_text(entries, encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def test_the_command_and_the_check_of_the_page_work(
    tmp_path: Path, installed: dict[str, str]
) -> None:
    root = tmp_path / "shop"
    write_files(ROOT / "docs" / "tutorial.md", root)

    def said(*arguments: str) -> str:
        command = [sys.executable, "-m", "pytg.cli.main", "-C", str(root), *arguments]
        done = subprocess.run(command, env=installed, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    everything = said("count")
    assert everything.strip().isdecimal(), everything
    assert said("count", "--module", "network", "--region", "us-east-1").strip() == "1"
    assert "Counts units." in said("--help")
    assert f"{everything.strip()} units can be counted" in said("doctor")
