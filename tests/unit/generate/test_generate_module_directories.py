"""Which directories a module is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytg.generate.composed import init_key
from pytg.generate.module_directories import created_first, module_directories, reads_data


def module(directory: Path, *sources: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    calls = (f'module "m{n}" {{\n  source = "{source}"\n}}\n' for n, source in enumerate(sources))
    (directory / "main.tf").write_text("".join(calls), encoding="utf-8")
    return directory


def test_shared_modules_are_followed_once_and_as_deep_as_they_go(tmp_path: Path) -> None:
    app = module(tmp_path / "app", "../common", "./inner", "hashicorp/consul/aws", "../gone")
    module(tmp_path / "app" / "inner", "../../common")
    module(tmp_path / "common", "../deep", "../app")
    module(tmp_path / "deep")
    module(tmp_path / "other")
    names = [path.relative_to(tmp_path).as_posix() for path in module_directories(app)]
    assert names == ["app", "common", "app/inner", "deep"]


def test_a_module_that_is_not_there_has_no_directory(tmp_path: Path) -> None:
    assert module_directories(tmp_path / "none") == ()


def test_init_is_needed_again_when_a_shared_module_asks_for_more(tmp_path: Path) -> None:
    module(tmp_path / "app", "../common")
    common = module(tmp_path / "common")
    files = {
        "versions.tf": "",
        "backend.tf": "",
        "main.tf": 'module "app" {\n  source = "../app"\n}\n',
    }
    workdir = tmp_path / "root"
    workdir.mkdir()
    before = init_key(files, workdir)
    assert init_key(files, workdir) == before
    module(common, "../deep")
    assert init_key(files, workdir) != before


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("a.tf", 'resource "terraform_data" "x" {}\n', False),
        ("a.tf", 'data "aws_x" "y" {}\n', True),
        ("a.tf", 'data "aws_caller_identity" "y" {}\n', False),
        ("a.tf", 'check "c" {\n  data "aws_x" "y" {}\n}\n', True),
        ("a.tf.json", '{"check": {"c": {"data": {"aws_x": {"y": {}}}}}}', True),
        ("a.tf.json", '{"data": {"aws_x": {"y": {}}}}', True),
        ("a.tf", 'module "m" {\n  source = "hashicorp/consul/aws"\n}\n', True),
        ("a.tf", "data = {", True),
    ],
)
def test_whether_data_is_read(tmp_path: Path, file: str, text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    app = module(tmp_path / "app", "../common")
    module(tmp_path / "common")
    (tmp_path / "common" / file).write_text(text)
    assert reads_data(app) is expected


def test_what_is_created_first_is_found_in_files_of_any_kind(tmp_path: Path) -> None:
    app = module(tmp_path / "app", "../common", "hashicorp/consul/aws")
    common = module(tmp_path / "common", "../app")
    said = "  lifecycle {\n    create_before_destroy = true\n  }\n"
    blocks = (f'resource "aws_x" "{name}" {{\n{said}}}\n' for name in ("a", "b"))
    (common / "a.tf").write_text("".join(blocks) + 'resource "aws_x" "c" {}\n')
    (common / "a_override.tf").write_text(
        'resource "aws_x" "b" {\n  lifecycle {\n    create_before_destroy = false\n  }\n}\n'
    )
    (app / "b.tf.json").write_text(
        '{"resource": {"aws_x": {"j": {"lifecycle": {"create_before_destroy": true}}}}}'
    )
    assert created_first(app) == {"aws_x.j", "module.m0.aws_x.a", "module.m1."}


@pytest.mark.parametrize("place", ["app", "common"])
def test_what_is_created_first_is_unknown_where_a_file_cannot_be_read(
    tmp_path: Path, place: str
) -> None:
    app = module(tmp_path / "app", "../common")
    module(tmp_path / "common")
    (tmp_path / place / "a.tf").write_text("data = {")
    assert created_first(app) is None
