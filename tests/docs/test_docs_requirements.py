"""The table of requirements names what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from support.docs_blocks import ROOT

PAGE = ROOT / "docs" / "reference" / "requirements.md"
COUNTS = {"A": 9, "B": 5, "C": 5, "D": 4, "E": 3, "F": 4, "G": 3, "H": 3, "I": 3, "J": 2, "K": 6}
ROWS = re.findall(r"^\| ([A-K]\d) \| (.*) \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def defined_in(file: Path) -> set[str]:
    """Names of the tests that a file defines, whichever language it is in."""
    source = file.read_text(encoding="utf-8")
    form = r'^run "(\w+)" \{' if file.suffix == ".hcl" else r"^ *(?:async )?def (test_\w+)\("
    return set(re.findall(form, source, re.MULTILINE))


def test_every_requirement_has_one_row_in_order() -> None:
    wanted = [f"{group}{n}" for group, count in COUNTS.items() for n in range(1, count + 1)]
    assert [row[0] for row in ROWS] == wanted


@pytest.mark.parametrize(("key", "text", "code", "test"), ROWS, ids=[row[0] for row in ROWS])
def test_what_a_row_names_is_there(key: str, text: str, code: str, test: str) -> None:
    assert text, key
    assert named(code)
    assert named(test)
    for name in named(code):
        assert (ROOT / name).is_file(), name
    for name in named(test):
        file, _, inside = name.partition("::")
        assert (ROOT / file).is_file(), name
        assert not inside or inside in defined_in(ROOT / file), name


@pytest.mark.parametrize(("key", "text", "code", "test"), ROWS, ids=[row[0] for row in ROWS])
def test_what_shows_a_row_is_a_test_or_the_demo(key: str, text: str, code: str, test: str) -> None:
    assert text, key
    files = [name.partition("::")[0] for name in named(test)]
    tests = [f for f in files if re.fullmatch(r"tests/.*/test_\w+\.py|modules/.*\.tftest\.hcl", f)]
    assert set(files) - set(tests) <= {"scripts/demo.py", "scripts/acts.py"}
    assert tests, key
    assert not set(named(code)) & set(files), key


def test_the_top_level_and_the_packages() -> None:
    for name in ("live", "modules", "pytg", "lambda", "tests", "config.yaml", "Makefile"):
        assert (ROOT / name).exists(), name
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [*whole["project"]["dependencies"], *whole["dependency-groups"]["dev"]]
    packages = {re.split(r"[<>=\[~!]", entry)[0] for entry in listed}
    wanted = {"pyyaml", "jinja2", "networkx", "boto3", "python-terraform", "pytest"}
    assert wanted <= packages
