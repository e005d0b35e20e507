"""What each of the three distributions carries, and what it asks for."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def built(directory: str, target: Path) -> zipfile.ZipFile:
    """The wheel of the distribution in `directory`, built from a copy without build leftovers."""
    source = target / "source"
    parts = ("pyproject.toml", "README.md", "LICENSE", "pytg", "pytg_sandbox", "docmig_console")
    for part in parts:
        path = ROOT / directory / part
        if path.is_dir():
            shutil.copytree(path, source / part)
        elif path.is_file():
            source.mkdir(exist_ok=True)
            shutil.copy2(path, source / part)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = target.glob("*.whl")
    return zipfile.ZipFile(wheel)


def required(wheel: zipfile.ZipFile) -> set[str]:
    """The names of the distributions that it needs."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    needed = metadata.get_all("Requires-Dist") or []
    return {entry.split(">")[0].split("=")[0].split("[")[0].strip() for entry in needed}


def test_the_wrapper_alone(tmp_path: Path) -> None:
    wheel = built(".", tmp_path)
    names = set(wheel.namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"pytg"}
    data = {p for p in (ROOT / "pytg").rglob("*") if p.suffix in {".j2", ".html", ".css", ".js"}}
    assert {str(path.relative_to(ROOT)) for path in data} <= names
    assert "pytg/py.typed" in names
    needed = required(wheel)
    assert {"networkx", "pydantic", "python-terraform"} <= needed
    assert not needed & {"moto", "jsonschema", "pytg-sandbox", "docmig-console"}


@pytest.mark.parametrize(
    ("directory", "package", "needs"),
    [
        ("sandbox", "pytg_sandbox", {"moto", "pytg-terraform"}),
        ("console", "docmig_console", {"pytg-terraform"}),
    ],
)
def test_the_others_build_on_it(
    tmp_path: Path, directory: str, package: str, needs: set[str]
) -> None:
    wheel = built(directory, tmp_path)
    code = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}
    assert code == {package}
    assert f"{package}/py.typed" in wheel.namelist()
    assert needs <= required(wheel)
