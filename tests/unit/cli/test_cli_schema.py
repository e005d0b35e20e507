"""`pytg schema` from the command line: what editors get accepts what pytg accepts."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from support.command import run
from support.estate_builder import two_region_files

LEVELS = ("project", "account", "region", "environment")
FILES = {
    "project": "config.yaml",
    "account": "live/docs/account.yaml",
    "region": "live/docs/eu-west-1/region.yaml",
    "environment": "live/docs/us-east-1/prod/env.yaml",
}


def schema(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run("schema", *arguments) == 0
    out, err = capfd.readouterr()
    assert err == ""
    document: dict[str, object] = json.loads(out)
    return document


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_accepts_its_file_and_refuses_unknown_keys(
    level: str, capfd: pytest.CaptureFixture[str]
) -> None:
    document = schema(capfd, "--level", level)
    jsonschema.Draft202012Validator.check_schema(document)
    validator = jsonschema.Draft202012Validator(document)
    file = yaml.safe_load(two_region_files()[FILES[level]])
    validator.validate(file)
    assert not validator.is_valid({**file, "protectd": True})
    assert not validator.is_valid({**file, "modules": {"Bad Name": {}}})


def test_the_project_is_the_default(capfd: pytest.CaptureFixture[str]) -> None:
    assert schema(capfd) == schema(capfd, "--level", "project")


def test_every_key_of_the_document_is_described(capfd: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[3] / "docs/reference/configuration.md").read_text()
    for level in LEVELS:
        for key in schema(capfd, "--level", level)["properties"]:  # type: ignore[attr-defined]
            assert f"`{key}" in text, key


def test_an_unknown_level_is_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "--level", "planet") == 4
    assert "planet" in capfd.readouterr().err
