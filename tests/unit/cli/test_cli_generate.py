"""`pytg generate`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytg.cli.main import group
from pytg.errors import ConfigError, Refused, UsageError

BUCKET = ".pytg/units/docs/us-east-1/dev/bucket"


@pytest.fixture(autouse=True)
def _inside(estate_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(estate_root)


def pytg(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["generate", *arguments])


def test_all_units_are_written_and_named() -> None:
    result = pytg()
    assert result.exit_code == 0
    printed = result.stdout.splitlines()
    assert len(printed) == 18
    assert BUCKET in printed
    for directory in printed:
        assert (Path(directory) / "main.tf").is_file()
        assert (Path(directory) / "backend.tf").is_file()


def test_a_selection_leaves_the_rest_alone() -> None:
    assert pytg("--env", "dev", "--module", "bucket").stdout.splitlines() == [
        ".pytg/units/docs/eu-west-1/dev/bucket",
        BUCKET,
    ]
    assert not Path(".pytg/units/docs/us-east-1/dev/kms").exists()


def test_check_finds_what_is_stale_and_writes_nothing() -> None:
    assert isinstance(pytg("--check").exception, Refused)
    assert not Path(".pytg/units").exists()
    pytg()
    assert pytg("--check").exit_code == 0
    main = Path(BUCKET) / "main.tf"
    main.write_text("something else\n")
    result = pytg("--check")
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == "1 of 18 generated root modules are stale"
    assert result.stdout.splitlines() == [BUCKET]
    assert main.read_text() == "something else\n"
    pytg()
    assert pytg("--check").exit_code == 0


def test_a_change_of_configuration_makes_its_units_stale() -> None:
    pytg()
    Path("live/docs/eu-west-1/prod/env.yaml").write_text("inputs: {name: other}\n")
    result = pytg("--check")
    assert isinstance(result.exception, Refused)
    assert result.stdout.splitlines() == [
        f".pytg/units/docs/eu-west-1/prod/{module}"
        for module in ("kms", "bucket", "table", "api", "replication")
    ]


def test_files_that_are_generated_no_longer_go_away() -> None:
    pytg()
    Path("modules/bucket/outputs.tf").unlink()
    Path("config.yaml").write_text("project: demo\nregions: {us-east-1: , eu-west-1: }\n" + CONFIG)
    Path("live/docs/eu-west-1/region.yaml").unlink()
    assert pytg("--module", "bucket").exit_code == 0
    assert not (Path(BUCKET) / "outputs.tf").exists()
    assert (Path(BUCKET) / "main.tf").exists()


CONFIG = "inputs: {name: x}\nmodules: {bucket: {inputs: {key: k}}}\n"


def test_mistakes_are_those_of_every_command() -> None:
    assert isinstance(pytg("--env", "nowhere").exception, UsageError)
    Path("config.yaml").write_text("project: demo\nmodules: {bucket: {inputs: {ky: 1}}}\n")
    assert isinstance(pytg().exception, ConfigError)


def test_a_number_that_no_float_holds_is_written() -> None:
    for declared in Path("modules").glob("*/variables.tf"):
        declared.write_text(declared.read_text().replace("string", "any"))
    file = Path("live/docs/us-east-1/dev/env.yaml")
    file.write_text("inputs: {name: [1.0e+400, 1.10]}\n")
    assert pytg("--env", "dev", "--module", "bucket").exit_code == 0
    assert "[1.0E+400, 1.10]" in (Path(BUCKET) / "main.tf").read_text()


def test_a_nul_is_an_error_with_its_place() -> None:
    Path("live/docs/us-east-1/dev/env.yaml").write_text('inputs: {name: "a\\0b"}\n')
    error = pytg().exception
    assert isinstance(error, ConfigError)
    assert "live/docs/us-east-1/dev/env.yaml:1: U+0000 cannot stand in a text" in str(error)
