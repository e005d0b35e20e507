"""`pytg doctor` says what is missing, and fails only for what is needed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytg.cli.main import group
from pytg.errors import Refused
from support.fake_terraform import FakeTerraform


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTerraform:
    """A machine with a terraform and nothing else, whatever this one has."""
    fake = FakeTerraform.install(tmp_path / "machine")
    for name in [n for n in os.environ if n.startswith(("AWS_", "PYTG_", "TF_", "XDG_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTG_TERRAFORM", str(fake.path))
    return fake


def doctor(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(group, ["-C", str(root), "doctor", *arguments])


def checks(root: Path) -> dict[str, list[dict[str, str]]]:
    document = json.loads(doctor(root, "--json").stdout)
    found: dict[str, list[dict[str, str]]] = {}
    for check in document["checks"]:
        found.setdefault(check["name"], []).append(check)
    return found


def test_a_ready_machine_is_ready(estate_root: Path) -> None:
    result = doctor(estate_root)
    assert result.exception is None, result.stdout
    assert "terraform 1.11.4 at" in result.stdout
    assert json.loads(doctor(estate_root, "--json").stdout)["ok"] is True


def test_outside_a_project_it_works_too(tmp_path: Path) -> None:
    result = doctor(tmp_path)
    assert result.exception is None
    assert checks(tmp_path)["configuration"][0]["state"] == "note"


def test_a_missing_terraform_is_named_with_its_remedy(
    estate_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTG_TERRAFORM", str(tmp_path / "none"))
    result = doctor(estate_root)
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == "not ready: terraform"
    check = checks(estate_root)["terraform"][0]
    assert check["state"] == "missing"
    assert "python -m pytg.terraform.fetch" in check["hint"]


def test_a_terraform_that_does_not_fit_is_missing(
    estate_root: Path, machine: FakeTerraform
) -> None:
    config = estate_root / "config.yaml"
    config.write_text(config.read_text() + "terraform:\n  version: '>= 1.11'\n")
    assert checks(estate_root)["terraform"][0]["state"] == "ok"
    machine.rule(
        command="version", events=[{"terraform_version": "1.5.0", "terraform_outdated": True}]
    )
    check = checks(estate_root)["terraform"][0]
    assert (check["state"], "1.5.0" in check["found"]) == ("missing", True)


def test_a_broken_configuration_is_counted_not_printed(estate_root: Path) -> None:
    config = estate_root / "config.yaml"
    config.write_text(config.read_text() + "nonsense: 1\n")
    check = checks(estate_root)["configuration"][0]
    assert (check["state"], check["hint"]) == ("missing", "pytg validate shows them")


def test_a_provider_comes_from_a_mirror_or_is_downloaded(
    estate_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = estate_root / "config.yaml"
    provider = "{source: example.com/acme/thing, version: 1.2.0}"
    config.write_text(
        config.read_text() + f"terraform:\n  providers:\n    thing: {provider}\n", encoding="utf-8"
    )
    assert checks(estate_root)["provider"][0]["state"] == "note"
    mirror = tmp_path / "mirror/example.com/acme/thing"
    mirror.mkdir(parents=True)
    for target in ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"):
        (mirror / f"terraform-provider-thing_1.2.0_{target}.zip").touch()
    monkeypatch.setenv("PYTG_PROVIDER_MIRROR", str(tmp_path / "mirror"))
    check = checks(estate_root)["provider"][0]
    assert (check["state"], str(tmp_path / "mirror") in check["found"]) == ("ok", True)


@pytest.fixture
def two_accounts(estate_root: Path) -> Path:
    """The estate with two more accounts, one of which names a profile."""
    for name in ("real", "named"):
        account = estate_root / "live" / name / "account.yaml"
        account.parent.mkdir()
        profile = "profile: there\n" if name == "named" else ""
        account.write_text(f"account_id: '123456789012'\n{profile}")
        environment = estate_root / "live" / name / "eu-west-1/dev/env.yaml"
        environment.parent.mkdir(parents=True)
        environment.write_text("backend: {type: s3, bucket: states}\n")
    return estate_root


def test_credentials_are_looked_for_in_files_only(two_accounts: Path, tmp_path: Path) -> None:
    before = [check["state"] for check in checks(two_accounts)["credentials"]]
    (tmp_path / "home/.aws").mkdir()
    (tmp_path / "home/.aws/config").write_text("[profile there]\nregion = eu-west-1\n")
    after = [check["state"] for check in checks(two_accounts)["credentials"]]
    assert set(before) == {"note"}
    assert after.count("ok") == before.count("note") - after.count("note") == 1


def test_where_nothing_calls_aws_nothing_is_said_of_it(estate_root: Path) -> None:
    assert {"sandbox", "credentials"}.isdisjoint(checks(estate_root))
    account = estate_root / "live/docs/account.yaml"
    account.write_text("account_id: '123456789012'\nsandbox: true\n")
    assert "sandbox" not in checks(estate_root)
    config = estate_root / "config.yaml"
    config.write_text(config.read_text() + "backend: {type: s3, bucket: states}\n")
    assert checks(estate_root)["sandbox"][0]["state"] == "note"


def test_a_read_only_project_is_examined_to_the_end(
    estate_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(estate_root))

    monkeypatch.setattr("pytg.terraform.binary.write_if_changed", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    found = checks(estate_root)
    assert found["terraform"][0]["state"] == "ok"
    directory = found["directory"][0]
    assert directory["found"] == f"{estate_root} cannot be written: Permission denied"


def test_a_directory_that_cannot_be_written_is_missing(
    estate_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied", str(estate_root))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert checks(estate_root)["directory"][0]["state"] == "missing"


def test_a_directory_that_is_not_there_is_said_and_the_rest_too(tmp_path: Path) -> None:
    found = checks(tmp_path / "nowhere")
    assert found["disk"][0]["state"] == "missing"
    assert found["terraform"][0]["state"] == "ok"


def test_a_malformed_file_of_aws_is_said(
    two_accounts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text("no section")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    (found,) = checks(two_accounts)["credentials"]
    assert found["state"] == "missing"
    assert str(file) in found["found"]


def test_a_damaged_file_of_pytgs_own_is_written_anew(estate_root: Path) -> None:
    file = estate_root / ".pytg/terraform.rc"
    file.parent.mkdir()
    file.write_bytes(b'path = "\\x"\npath = "\xff"\n')
    assert doctor(estate_root).exception is None


def test_a_program_of_checks_that_cannot_be_started_is_missing(estate_root: Path) -> None:
    config = estate_root / "config.yaml"
    programs = "checks:\n  fine: {command: [sh, x]}\n  tool: {command: [no-such-program]}\n"
    config.write_text(f"{config.read_text()}{programs}")
    assert str(doctor(estate_root).exception) == "not ready: check"
    fine, tool = checks(estate_root)["check"]
    assert (fine["state"], tool["state"]) == ("ok", "missing")
    assert tool["found"] == "`tool`: `no-such-program` is not on PATH"
