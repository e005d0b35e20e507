"""A unit that is named on the command line: found, or told what comes close, by every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytg.errors import UsageError
from pytg.project import Project
from support.command import run

KMS = "docs/us-east-1/dev/kms"


@pytest.mark.parametrize("text", [KMS, f"{KMS}/"])
def test_an_address_finds_its_unit(estate_root: Path, text: str) -> None:
    assert str(Project(estate_root).unit(text).address) == KMS


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("kms", "`kms` is no address", "account/region/environment/module"),
        ("docs/us-east-1/dev/kmz", "no unit docs/us-east-1/dev/kmz", f"did you mean {KMS}"),
        ("x/y/z/wwwwwwwwwww", "no unit x/y/z/wwwwwwwwwww", "`pytg ls` lists the units"),
    ],
)
def test_no_unit(estate_root: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        Project(estate_root).unit(text)
    assert str(caught.value) == message
    assert hint in caught.value.hint


@pytest.mark.parametrize("command", [["explain"], ["output"], ["tf", "plan"], ["unlock", "id"]])
def test_every_command_says_the_same(
    estate_root: Path, command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    name, *rest = command
    assert run("-C", str(estate_root), name, "docs/us-east-1/dev/kmz", *rest) == 4
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "error: no unit docs/us-east-1/dev/kmz"
    assert lines[1].startswith(f"  did you mean {KMS}")


@pytest.mark.parametrize("option", ["--allow-loss", "--allow-overwrite"])
def test_a_resource_of_no_unit_is_refused_before_anything_is_planned(
    estate_root: Path, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    name = "docs/us-east-1/dev/kmz:aws_s3_bucket.this"
    assert run("-C", str(estate_root), "apply", "--env", "dev", "--yes", option, name) == 4
    assert f"did you mean {KMS}" in capfd.readouterr().err
    assert not (estate_root / ".pytg/runs").exists()
