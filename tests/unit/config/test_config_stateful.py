"""What `protected` guards: the list that comes with pytg, and what config.yaml makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytg.config.load import load_project
from pytg.config.stateful import DEFAULT
from pytg.errors import ConfigError
from support.estate_builder import build_estate, two_region_files


def stateful(root: Path, line: str) -> frozenset[str]:
    files = two_region_files()
    files["config.yaml"] = f"{files['config.yaml'].rstrip()}\n{line}\n"
    return load_project(build_estate(root, files)).estate.stateful


def test_what_loses_data_is_guarded_without_being_told(tmp_path: Path) -> None:
    found = stateful(tmp_path, "")
    assert found == DEFAULT
    assert found >= {"aws_s3_bucket", "aws_dynamodb_table", "aws_db_instance", "aws_kms_key"}


@pytest.mark.parametrize(
    ("line", "more", "less"),
    [
        ("stateful: []", set(), set()),
        ("stateful: [x_y]", {"x_y"}, set()),
        ('stateful: ["!aws_kms_key"]', set(), {"aws_kms_key"}),
        ('stateful: ["!*", x_y]', {"x_y"}, DEFAULT),
        ('stateful: ["!*"]', set(), DEFAULT),
    ],
)
def test_the_configuration_adds_and_takes_away(
    tmp_path: Path, line: str, more: set[str], less: set[str]
) -> None:
    assert stateful(tmp_path, line) == (DEFAULT | more) - less


def test_what_takes_nothing_away_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as found:
        stateful(tmp_path, 'stateful: ["!aws_kms_kye"]')
    (problem,) = found.value.problems
    assert problem.message == "stateful: `!aws_kms_kye` takes nothing away"
    assert "aws_kms_key" in problem.hint
    assert problem.position.line
