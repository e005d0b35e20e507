"""Files that inputs name, and those that a module's text does: wherever Terraform would look."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pytg.config.load import load_project
from pytg.generate.fingerprint import Fingerprints, differing
from pytg.generate.named_files import NamedFiles
from pytg.generate.unit import unit_directory
from pytg.model import Address, Estate, Value
from support.estate_builder import build_estate, two_region_files

KMS = Address.parse("docs/us-east-1/dev/kms")
UP = "../../../../../.."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"policies/a.json": "{}\n", "policies/deep/b.json": "{}\n", "top.json": "{}\n"}
    return build_estate(tmp_path / "project", {**two_region_files(), **files})


def with_inputs(root: Path, inputs: Mapping[str, Value]) -> Estate:
    estate = load_project(root).estate
    units = {**estate.units, KMS: replace(estate.units[KMS], inputs=inputs)}
    return replace(estate, units=units)


def named(root: Path, value: Value) -> list[str]:
    """What an input of that value names, as paths from the project."""
    estate = with_inputs(root, {"one": [{"two": value}]})
    return [os.path.relpath(p, root.resolve()) for p in NamedFiles(estate).of(estate.units[KMS])]


@pytest.mark.parametrize(
    "value",
    [
        f"{UP}/policies/a.json",  # file(var.x)
        "../../policies/a.json",  # file("${path.module}/${var.x}")
        "./policies/a.json",  # from the project
        "policies/a.json",
        "PROJECT/policies/a.json",
    ],
)
def test_a_path_is_looked_up_from_each_place(root: Path, value: str) -> None:
    assert named(root, value.replace("PROJECT", str(root))) == ["policies/a.json"]
    assert named(root, [value.replace("PROJECT", str(root))] * 2) == ["policies/a.json"]


def test_a_word_is_one_where_the_module_puts_a_name_together(root: Path) -> None:
    assert named(root, "policies") == named(root, "top.json") == []
    reads = root / "modules/kms/reads.tf"
    for begin in ("${path.module}/../..", f"${{path.root}}/{UP}", f"${{ path.cwd }}/{UP}"):
        reads.write_text(f'locals {{ a = file("{begin}/${{var.name}}") }}\n')
        assert named(root, "policies") == ["policies"]
        assert named(root, "top.json") == ["top.json"]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/",
        "./",
        "..",
        UP,
        f"{UP}/..",
        ".pytg/units",
        "arn:aws:s3:::a/*",
        "https://example.org/a.json",
        "/etc",
        "/usr/lib",
        "/dev/null",
        "a/" + "x" * 300,
        "a/" * 5000,
        "a/\0",
        '{\n "a": "b/c"\n}',
        7,
        None,
    ],
)
def test_what_is_no_path_of_the_project_names_nothing(root: Path, value: Value) -> None:
    unit = load_project(root).estate.units[KMS]
    unit_directory(load_project(root).estate, unit).mkdir(parents=True)
    assert named(root, value) == []


def test_a_file_elsewhere_is_one_and_a_directory_elsewhere_is_not(root: Path) -> None:
    other = root.parent / "other.json"
    other.touch()
    (root.parent / "mount").mkdir()
    assert named(root, [str(other), str(root.parent / "mount")]) == ["../other.json"]
    assert named(root, f"{UP}/../mount") == ["../mount"], "it goes with the project"


@pytest.mark.parametrize("edit", ["write", "add", "remove"])
def test_each_edit_of_what_is_named_is_seen(root: Path, edit: str) -> None:
    estate = with_inputs(root, {"dir": f"{UP}/policies"})
    before = Fingerprints(estate).of_all()
    file = root / "policies/deep/b.json"
    if edit == "write":
        file.write_text("[]")
    elif edit == "add":
        file = file.with_name("c.json")
        file.touch()
    else:
        file.unlink()
    after = Fingerprints(estate).of_all()
    found = {unit: names for unit in after if (names := differing(before[unit], after[unit]))}
    assert found == {KMS: [str(file.relative_to(root))]}


@pytest.mark.parametrize(
    "text",
    [
        'file("${path.module}/../../policies/a.json")',
        f'file("${{path.root}}/{UP}/policies/a.json")',
        f'templatefile("${{path.cwd}}/{UP}/policies/a.json", {{}})',
        f'filebase64sha256("{UP}/policies/a.json")',
        'fileset("${path.module}/../../policies", "*")',
        'file("${path.module}/../../policies/${var.name}.json")',
    ],
)
def test_what_a_module_reads_elsewhere_is_seen(root: Path, text: str) -> None:
    (root / "modules/kms/reads.tf").write_text(f"locals {{ a = {text} }}\n")
    estate = load_project(root).estate
    before = Fingerprints(estate).of(KMS)
    (root / "policies/a.json").write_text("[]")
    assert differing(before, Fingerprints(estate).of(KMS)) == ["policies/a.json"]


def test_a_pipe_in_a_module_is_not_read(root: Path) -> None:
    os.mkfifo(root / "modules/kms/pipe")
    assert "modules/kms/pipe" in Fingerprints(load_project(root).estate).of(KMS)


def test_a_module_that_is_the_project_is_made_of_its_own_files(tmp_path: Path) -> None:
    files = two_region_files()
    config = files["config.yaml"].replace("kms: {}", "kms: {source: .}")
    root = build_estate(tmp_path, {**files, "config.yaml": config})
    for file in (root / "modules/kms").iterdir():
        file.rename(root / file.name)
    before = Fingerprints(load_project(root).estate).of(KMS)
    with (root / "main.tf").open("a") as opened:
        opened.write("# more\n")
    (root / "notes.txt").touch()
    after = Fingerprints(load_project(root).estate).of(KMS)
    assert differing(before, after) == ["main.tf"]
