"""A unit that is named on the command line: found, or told what comes close, by every command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytg.cli._stores import stores_of
from pytg.cli._units import unit_of
from pytg.config import load_estate
from pytg.errors import UsageError
from pytg.state.bootstrap_store import BootstrapStore
from support.command import run
from support.estate_builder import build_estate, two_region_files

KMS = "docs/us-east-1/dev/kms"


@pytest.mark.parametrize("text", [KMS, f"{KMS}/"])
def test_an_address_finds_its_unit(estate_root: Path, text: str) -> None:
    assert str(unit_of(load_estate(estate_root), text).address) == KMS


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
        unit_of(load_estate(estate_root), text)
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


def test_the_store_of_a_backends_own_unit_may_wait_for_it(tmp_path: Path) -> None:
    files = two_region_files()
    files["config.yaml"] += "backend: {type: s3, bucket: states}\n"
    estate = load_estate(build_estate(tmp_path, files))
    store_of = stores_of(estate)
    unit = unit_of(estate, KMS)
    maker = replace(unit, bootstrap=True)
    assert isinstance(store_of(maker), BootstrapStore)
    assert store_of(maker) is store_of(maker)  # it knows whether its backend is still in use
    assert not isinstance(store_of(unit), BootstrapStore)
