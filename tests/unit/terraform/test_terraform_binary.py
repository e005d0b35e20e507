"""Which binary is used, and that its version is asked for once."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from pytg.errors import Refused
from pytg.terraform import binary
from pytg.terraform.binary import find_terraform
from support.fake_terraform import FakeTerraform


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An environment in which no terraform is to be found."""
    (tmp_path / "empty").mkdir()
    return {"PATH": str(tmp_path / "empty"), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}


def test_the_variable_wins_over_configuration_and_path(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    named, on_path = (FakeTerraform.install(tmp_path / d) for d in ("named", "path"))
    environ = {**nowhere, "PATH": str(on_path.directory)}
    assert find_terraform("terraform", tmp_path, environ=environ).path == on_path.path
    environ["PYTG_TERRAFORM"] = str(named.path)
    assert find_terraform("terraform", tmp_path, environ=environ).path == named.path


def test_a_configured_path_is_relative_to_the_project(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    fake = FakeTerraform.install(tmp_path / "tools")
    binary = find_terraform("tools/terraform", tmp_path, environ=nowhere)
    assert (binary.path, binary.version, binary.flavour) == (fake.path, "1.11.4", "terraform")


def test_a_fetched_one_is_found_last(tmp_path: Path, nowhere: dict[str, str]) -> None:
    fake = FakeTerraform.install(tmp_path / "pytg/bin")
    assert find_terraform("terraform", tmp_path, environ=nowhere).path == fake.path


def test_none_at_all_is_refused_with_a_hint(tmp_path: Path, nowhere: dict[str, str]) -> None:
    with pytest.raises(Refused, match="no Terraform") as refused:
        find_terraform("terraform", tmp_path, environ=nowhere)
    assert "PYTG_TERRAFORM" in refused.value.hint


def test_a_named_one_that_is_missing_is_not_replaced_by_another(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    FakeTerraform.install(tmp_path / "pytg/bin")
    with pytest.raises(Refused, match="'tofu'"):
        find_terraform("tofu", tmp_path, environ=nowhere)


def test_what_cannot_be_started_is_not_called_missing(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    (tmp_path / "text").touch()
    for named, why in (
        ("empty", "is not there"),  # a name, to be found on PATH
        ("./none", "is not there"),
        ("./empty", "is a directory"),
        ("./text", "may not be executed"),
    ):
        with pytest.raises(Refused) as refused:
            find_terraform("terraform", tmp_path, environ={**nowhere, "PYTG_TERRAFORM": named})
        assert refused.value.message == f"no Terraform: {named!r} {why}"


def test_opentofu_is_known_by_what_it_says(tmp_path: Path, nowhere: dict[str, str]) -> None:
    fake = FakeTerraform.install(tmp_path / "bin")
    fake.rule(command="version", events=[{"terraform_version": "1.10.1"}])
    binary = find_terraform(str(fake.path), tmp_path, environ=nowhere)
    assert (binary.version, binary.flavour) == ("1.10.1", "opentofu")


def test_a_program_that_is_something_else_is_refused(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    other = tmp_path / "terraform"
    other.write_text("#!/bin/sh\necho no such option >&2\n")
    other.chmod(0o755)
    with pytest.raises(Refused, match="no such option"):
        find_terraform(str(other), tmp_path, environ=nowhere)


def test_a_program_that_says_nothing_is_refused(tmp_path: Path, nowhere: dict[str, str]) -> None:
    other = tmp_path / "terraform"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    with pytest.raises(Refused, match=r"like Terraform: it says nothing of its version$"):
        find_terraform(str(other), tmp_path, environ=nowhere)


def test_the_version_of_a_known_binary_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").touch()
    real = shutil.which("terraform")
    assert real is not None
    environ = {**os.environ, "PYTG_TERRAFORM": real}
    first = find_terraform("terraform", tmp_path, environ=environ)
    monkeypatch.setattr(binary, "read_version", lambda _path: pytest.fail("it was started"))
    assert find_terraform("terraform", tmp_path, environ=environ) == first


def test_a_replaced_binary_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    cache = tmp_path / ".pytg/cache/terraform-version.json"
    real = shutil.which("terraform")
    assert real is not None
    environ = {**os.environ, "PYTG_TERRAFORM": real}
    version = find_terraform("terraform", tmp_path, environ=environ).version
    entry = json.loads(cache.read_text())
    cache.write_text(json.dumps({**entry, "version": "0.1"}))
    assert find_terraform("terraform", tmp_path, environ=environ).version == "0.1"
    entry["binary"]["size"] += 1
    cache.write_text(json.dumps({**entry, "version": "0.1"}))
    assert find_terraform("terraform", tmp_path, environ=environ).version == version


def test_a_version_that_does_not_fit_is_refused(tmp_path: Path, nowhere: dict[str, str]) -> None:
    fake = FakeTerraform.install(tmp_path / "bin")
    binary = find_terraform(str(fake.path), tmp_path, environ=nowhere)
    binary.require("~> 1.11")
    with pytest.raises(Refused, match=r"terraform 1\.11\.4; config\.yaml wants >= 2"):
        binary.require(">= 2")


@pytest.mark.parametrize("version", ["1.12.0-beta1", "1.12.0-dev"])
def test_a_prerelease_counts_as_its_release(version: str) -> None:
    found = binary.Binary(Path("/opt/tofu"), version, "opentofu")
    found.require(">= 1.11.0, < 1.13")
    with pytest.raises(Refused):
        found.require(">= 1.12.1")
