"""Two environments, regions or accounts, value by value, each with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytg.config.compare import Compared, compare
from pytg.config.load import load_project
from pytg.errors import UsageError
from support.estate_builder import build_estate, terraform_module, two_region_files


def compared(root: Path, left: str, right: str, **files: str) -> list[Compared]:
    build_estate(root, {**two_region_files(), **files})
    loaded = load_project(root)
    return compare(loaded, left, right, tuple(loaded.estate.units))


def differences(found: list[Compared]) -> dict[str, list[Any]]:
    """By key, the values of the first pair that has it and their lines, without derived ones."""
    result: dict[str, list[Any]] = {}
    for each in found:
        for one in each.differences:
            if not one.derived:
                sides = [
                    side and (side.value, side.position and str(side.position))
                    for side in (one.left, one.right)
                ]
                result.setdefault(one.key, sides)
    return result


def test_what_only_follows_the_names_is_derived(tmp_path: Path) -> None:
    found = compared(tmp_path, "us-east-1", "eu-west-1")
    pairs = [each for each in found if each.left and each.right]
    assert len(pairs) == 8
    assert all(each.same for each in pairs)
    keys = {one.key for each in pairs for one in each.differences}
    assert keys == {"region", "peer_region", "backend.key", "inputs.name"}
    assert [(str(e.right), e.same) for e in found if e.left is None] == [
        ("docs/eu-west-1/dev/replication", False),
        ("docs/eu-west-1/prod/replication", False),
    ]


def test_values_have_their_places_and_references_to_counterparts_are_the_same(
    tmp_path: Path,
) -> None:
    env = """
        inputs:
          name: other
        tags: {team: a}
        protected: true
    """
    found = compared(tmp_path, "dev", "prod", **{"live/docs/us-east-1/dev/env.yaml": env})
    result = differences(found)
    assert set(result) == {"protected", "tags.team", "inputs.name"}
    (name, at), (_, config) = result["inputs.name"]
    assert (name, at) == ("other", "live/docs/us-east-1/dev/env.yaml:2")
    assert config == "config.yaml:6"
    assert result["tags.team"][1] is None


def test_an_environment_may_lie_in_an_account_of_its_own(tmp_path: Path) -> None:
    more = {
        "live/other/account.yaml": 'account_id: "000000000002"\n',
        "live/other/us-east-1/qa/env.yaml": "{}\n",
    }
    found = compared(tmp_path, "docs", "other", **more)
    assert all(each.left is None or each.right is None for each in found)  # docs has two of them
    for left, right in (("dev", "qa"), ("docs/us-east-1/dev/kms", "other/us-east-1/qa/kms")):
        pairs = [
            each for each in compared(tmp_path, left, right, **more) if each.left and each.right
        ]
        assert {str(each.right) for each in pairs} >= {"other/us-east-1/qa/kms"}
        assert set(differences(pairs)) == {"account_id"}


def test_a_secret_is_compared_and_not_shown(tmp_path: Path) -> None:
    module = terraform_module("kms", ["name"])
    module["modules/kms/variables.tf"] = 'variable "name" {\n  sensitive = true\n}\n'
    env = {"live/docs/us-east-1/dev/env.yaml": "modules: {kms: {inputs: {name: hunter2}}}\n"}
    found = compared(tmp_path, "dev", "prod", **module, **env)
    (sides,) = [d for k, d in differences(found).items() if k == "inputs.name"]
    assert [side[0] for side in sides] == ["(sensitive)", "(sensitive)"]


def test_maps_are_compared_inside(tmp_path: Path) -> None:
    module = terraform_module("kms", ["name"])
    module["modules/kms/variables.tf"] = 'variable "name" {\n  type = any\n}\n'
    config = two_region_files()["config.yaml"].replace(
        "  kms: {}", "  kms: {inputs: {name: {a: 1, b: {c: x, d: 1.50}}}}"
    )
    env = "modules: {kms: {inputs: {name: {b: {c: y}, e: [1]}}}}\n"
    files = {"config.yaml": config, "live/docs/us-east-1/dev/env.yaml": env}
    result = differences(compared(tmp_path, "dev", "prod", **module, **files))
    assert {k for k in result if k.startswith("inputs")} == {"inputs.name.b.c", "inputs.name.e"}
    assert result["inputs.name.b.c"] == [
        ("y", "live/docs/us-east-1/dev/env.yaml:1"),
        ("x", result["inputs.name.b.c"][1][1]),
    ]
    assert result["inputs.name.e"][1] is None


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("dev", "pro", "no environment, region, account or unit `pro`"),
        ("dev", "us-east-1", "of different kinds"),
        ("dev", "docs/us-east-1/dev/kms", "of different kinds"),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path: Path, left: str, right: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        compared(tmp_path, left, right)
    assert said in str(caught.value)
