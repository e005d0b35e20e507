"""What init left beside what the modules ask for, and Terraform's words for "run init"."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Diagnostic
from pytg.terraform.installed import LOCK_FILE, MODULES, ended_for_want_of_init, is_installed

ROOT = 'module "app" {\n  source = "../app"\n}\n'


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A root that calls `app`, which calls `s1`, as init left it."""
    write(tmp_path / "work/main.tf", ROOT)
    write(tmp_path / "app/main.tf", 'module "s" { source = "../s1" }\n')
    for name in ("s1", "s2"):
        write(tmp_path / name / "main.tf", 'resource "terraform_data" "x" {}\n')
    modules = {"": ("", "."), "app": ("../app", "../app"), "app.s": ("../s1", "../s1")}
    entries = [{"Key": k, "Source": s, "Dir": d} for k, (s, d) in modules.items()]
    write(tmp_path / "work" / MODULES, json.dumps({"Modules": entries}))
    lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.0.0"\n}\n'
    write(tmp_path / "work" / LOCK_FILE, lock)
    return tmp_path / "work"


def test_what_init_left_and_nothing_changed(work: Path) -> None:
    assert is_installed(work, "terraform")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("app/main.tf", 'module "s" { source = "../s2" }\n'),
        ("app/main.tf", 'module "t" { source = "../s1" }\n'),
        ("app/more.tf.json", '{"module": {"j": {"source": "../s2"}}}'),
        ("s1/more.tf", 'resource "random_id" "x" {}\n'),
        ("s1/v.tf", 'terraform {\n  required_providers { tls = { source = "a/tls" } }\n}\n'),
        ("app/override.tf", 'module "s" { source = "../s2" }\n'),
    ],
)
def test_a_call_or_a_provider_that_init_has_not_seen(work: Path, file: str, text: str) -> None:
    write(work.parent / file, text)
    assert not is_installed(work, "terraform")


@pytest.mark.parametrize(
    "text",
    [
        'resource "aws_s3_bucket" "x" {}\n',
        'terraform {\n  required_providers { aws = { source = "hashicorp/aws" } }\n}\n',
        'resource "terraform_data" "y" {}\n',
    ],
)
def test_what_is_installed_needs_no_init(work: Path, text: str) -> None:
    write(work.parent / "s1/more.tf", text)
    assert is_installed(work, "terraform")


def test_what_init_never_wrote_says_nothing(work: Path) -> None:
    (work / MODULES).unlink()
    (work / LOCK_FILE).unlink()
    assert is_installed(work, "terraform")


@pytest.mark.parametrize(
    "summary",
    [
        "Module not installed",
        "Required plugins are not installed",
        "Inconsistent dependency lock file",
        'Backend initialization required, please run "terraform init"',
        "Module source has changed",
    ],
)
def test_terraform_s_words_for_it(summary: str) -> None:
    error = Diagnostic("error", summary)
    assert ended_for_want_of_init(Completed("plan", 1, (error,), ""))
    assert ended_for_want_of_init(Completed("plan", 1, (), f"│ Error: {summary}\n"))
    other = Diagnostic("error", "Invalid index")
    assert not ended_for_want_of_init(Completed("plan", 1, (error, other), ""))
    assert not ended_for_want_of_init(Completed("plan", 0, (), summary))
    assert not ended_for_want_of_init(Completed("plan", 1, (error,), "", interrupted=True))
