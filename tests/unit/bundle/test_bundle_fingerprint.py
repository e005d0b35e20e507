"""What a module is made of and reads, wherever the project lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytg.bundle.fingerprint import holds_its_place
from pytg.generate.fingerprint import differing
from pytg.generate.module_content import of_module
from support.estate_builder import build_estate

FILES = {
    "modules/app/main.tf": """
        module "part" {
          source = "../part"
        }
        locals {
          one  = file("${path.module}/../../files/one.txt")
          some = file("${path.module}/../../more/a-${var.name}.txt")
          own  = file("${path.module}/own.txt")
          all  = fileset("${path.module}/../..", "*")
        }
    """,
    "modules/app/own.txt": "own",
    "modules/app/tests/a.tftest.hcl": "",
    "modules/app/.terraform/x": "",
    "modules/part/main.tf": 'locals { zip = "${ path.module }/../../build" }',
    "modules/other/main.tf": "",
    "files/one.txt": "1",
    "files/two.txt": "2",
    "more/a-b.txt": "b",
    "build/a/b.zip": "zip",
    "README.md": "",
}
MADE_OF = {
    "modules/app/main.tf",
    "modules/app/own.txt",
    "modules/part/main.tf",
    "files/one.txt",
    "more/a-b.txt",
    "build/a/b.zip",
}


def found(root: Path) -> dict[str, str]:
    return of_module(root, root / "modules" / "app", "terraform")


def test_it_is_made_of_these_files_at_any_place(tmp_path: Path) -> None:
    root = build_estate(tmp_path / "a", FILES)
    assert set(found(root)) == MADE_OF
    copy = Path(shutil.copytree(root, tmp_path / "some" / "where" / "else"))
    assert found(copy) == found(root)
    linked = tmp_path / "link"
    linked.symlink_to(root)
    assert found(linked) == found(root)


def test_a_module_that_is_a_link_has_the_same_names(tmp_path: Path) -> None:
    root = build_estate(tmp_path / "a", {"modules/app/main.tf": "locals {}"})
    kept = found(root)
    shutil.move(root / "modules" / "app", tmp_path / "elsewhere")
    (root / "modules" / "app").symlink_to(tmp_path / "elsewhere")
    assert found(root) == kept


@pytest.mark.parametrize("name", sorted(MADE_OF))
def test_each_edit_and_each_removal_is_seen(tmp_path: Path, name: str) -> None:
    root = build_estate(tmp_path, FILES)
    then = found(root)
    file = root / name
    file.write_text(f"{file.read_text()}\n")
    assert differing(then, found(root)) == [name]
    if not name.endswith(".tf"):
        file.unlink()
        assert differing(then, found(root)) == [name]


def test_a_file_that_is_new_is_seen(tmp_path: Path) -> None:
    root = build_estate(tmp_path, FILES)
    then = found(root)
    (root / "build" / "new.zip").touch()
    assert differing(then, found(root)) == ["build/new.zip"]


@pytest.mark.parametrize(
    ("text", "holds"),
    [("path.cwd", True), ("abspath(path.module)", True), ("path.module", False)],
)
def test_a_module_may_hold_its_place(tmp_path: Path, text: str, *, holds: bool) -> None:
    root = build_estate(tmp_path, {"m/main.tf": f"locals {{ a = {text} }}"})
    assert holds_its_place(root / "m", "terraform") is holds
