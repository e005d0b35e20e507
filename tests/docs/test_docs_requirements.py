"""The table of requirements names what is there."""

from __future__ import annotations

import re
import tomllib

import pytest

from support.docs_blocks import ROOT

PAGE = ROOT / "docs" / "reference" / "requirements.md"
COUNTS = {"A": 9, "B": 5, "C": 5, "D": 4, "E": 3, "F": 4, "G": 3, "H": 3, "I": 3, "J": 2, "K": 6}
ROWS = re.findall(r"^\| ([A-K]\d) \| (.*) \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
NOT_YET = "not yet"


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_requirement_has_one_row_in_order() -> None:
    wanted = [f"{group}{n}" for group, count in COUNTS.items() for n in range(1, count + 1)]
    assert [row[0] for row in ROWS] == wanted


@pytest.mark.parametrize(("key", "text", "code", "test"), ROWS, ids=[row[0] for row in ROWS])
def test_what_a_row_names_is_there(key: str, text: str, code: str, test: str) -> None:
    assert text, key
    if NOT_YET in (code, test):
        assert code == test == NOT_YET
        return
    assert named(code)
    assert named(test)
    for name in named(code):
        assert (ROOT / name).is_file(), name
    for name in named(test):
        file, _, inside = name.partition("::")
        source = (ROOT / file).read_text(encoding="utf-8")
        assert f"def {inside}(" in source or f'run "{inside}"' in source or not inside, name


def test_the_top_level_and_the_packages() -> None:
    for name in ("live", "modules", "pytg", "tests", "config.yaml", "Makefile"):
        assert (ROOT / name).exists(), name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    packages = {re.split(r"[<>=\[~!]", entry)[0] for entry in listed}
    wanted = {"pyyaml", "jinja2", "networkx", "boto3", "python-terraform", "pytest"}
    assert wanted <= packages
