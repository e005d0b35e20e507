"""Where values come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytg.config.explain import Entry, explain
from pytg.config.load import LoadedEstate, load_project
from pytg.errors import UsageError
from pytg.model import Address
from support.estate_builder import build_estate, two_region_files

HERE = "docs/us-east-1/dev"
ENV = "live/docs/us-east-1/dev/env.yaml"


def values(loaded: LoadedEstate, address: str, key: str | None = None) -> list[Entry]:
    return explain(loaded, loaded.estate.units[Address.parse(address)], key)


def entries(
    tmp_path: Path, changes: dict[str, str], address: str, key: str | None = None
) -> dict[str, Entry]:
    root = build_estate(tmp_path, {**two_region_files(), **changes})
    return {entry.key: entry for entry in values(load_project(root), address, key)}


def told(entry: Entry) -> list[tuple[object, str]]:
    """The value and what it overrode, each with its place."""
    layers = [
        (layer.written, f"{layer.position}:{layer.position.column}") for layer in entry.overrode
    ]
    place = f"{entry.position}:{entry.position.column}" if entry.position else "computed"
    return [(entry.value, place), *layers]


def test_an_input_shows_its_whole_trail(tmp_path: Path) -> None:
    changes = {
        "live/docs/account.yaml": "inputs: {name: account}\n",
        "live/docs/us-east-1/region.yaml": "modules: {kms: {inputs: {name: own}}}\n",
        ENV: "inputs:\n  name: env\n",
    }
    found = entries(tmp_path, changes, f"{HERE}/kms", "inputs.name")
    assert told(found["inputs.name"]) == [
        ("own", "live/docs/us-east-1/region.yaml:1:32"),
        ("env", f"{ENV}:2:9"),
        ("account", "live/docs/account.yaml:1:16"),
        ("${self.environment}-${self.region}", "config.yaml:6:9"),
    ]


def test_a_number_is_shown_with_its_digits(tmp_path: Path) -> None:
    third = "0." + "3" * 40
    changes = {
        ENV: f"inputs: {{name: {third}}}\n",
        "live/docs/account.yaml": "inputs: {name: 2.0}\n",
    }
    found = entries(tmp_path, changes, f"{HERE}/kms", "inputs.name")["inputs.name"]
    assert (str(found.value), found.written) == (third, None)
    assert str(found.overrode[0].written) == "2.0"


def test_a_reference_is_shown_with_the_unit_it_reads(tmp_path: Path) -> None:
    found = entries(tmp_path, {}, "docs/eu-west-1/dev/replication", "from")["inputs.from"]
    assert found.value == "${docs/us-east-1/dev/bucket.arn}"
    assert found.written == "${bucket.source.arn}"
    assert found.reads == ("docs/us-east-1/dev/bucket",)


def test_every_group_is_there_and_what_pytg_says_is_computed(tmp_path: Path) -> None:
    changes = {ENV: "protected: true\ntags: {project: other}\nsuffix: a1\n"}
    changes["live/docs/eu-west-1/dev/env.yaml"] = "suffix: a1\n"
    found = entries(tmp_path, changes, f"{HERE}-a1/kms")
    assert told(found["environment"]) == [("dev-a1", "computed")]
    assert told(found["suffix"]) == [("a1", f"{ENV}:3:9")]
    assert told(found["protected"]) == [(True, f"{ENV}:1:12")]
    assert told(found["tags.project"]) == [("other", f"{ENV}:2:17"), ("demo", "config.yaml:8:12")]
    assert told(found["backend.type"]) == [("local", "computed")]
    assert told(found["backend.key"]) == [(f"{HERE}-a1/kms/terraform.tfstate", "computed")]
    assert told(found["enabled"]) == [(True, "computed")]


def test_a_suffix_of_the_command_line_has_no_place(tmp_path: Path) -> None:
    files = {**two_region_files(), "live/docs/account.yaml": "suffix: a1\n"}
    loaded = load_project(build_estate(tmp_path, files), "b2")
    (found,) = values(loaded, f"{HERE}-b2/kms", "suffix")
    assert told(found) == [("b2", "computed")]


def test_backend_values_are_shown_with_the_text_they_come_from(tmp_path: Path) -> None:
    config = two_region_files()["config.yaml"]
    config += "backend: {type: s3, bucket: 'b-${self.environment}'}\n"
    found = entries(tmp_path, {"config.yaml": config}, f"{HERE}/kms", "backend")
    assert sorted(found) == [
        "backend.bucket",
        "backend.key",
        "backend.lock_table",
        "backend.region",
        "backend.type",
        "backend.use_lockfile",
    ]
    assert found["backend.bucket"].value == "b-dev"
    assert found["backend.bucket"].written == "b-${self.environment}"


def test_maps_are_shown_leaf_by_leaf(tmp_path: Path) -> None:
    name = 'variable "name" { default = "" }\n'
    changes = {
        "modules/kms/variables.tf": name + 'variable "rules" { default = {} }\n',
        "live/docs/account.yaml": "modules: {kms: {inputs: {rules: {a: {x: 1}, b: 2}}}}\n",
        ENV: "modules: {kms: {inputs: {rules: {a: {x: 3}}}}}\n",
    }
    found = entries(tmp_path, changes, f"{HERE}/kms", "rules")
    assert [told(e)[0][0] for e in found.values()] == [3, 2]
    assert list(found) == ["inputs.rules.a.x", "inputs.rules.b"]
    assert [layer.written for layer in found["inputs.rules.a.x"].overrode] == [1]


def test_a_sensitive_value_is_never_shown(tmp_path: Path) -> None:
    changes = {
        "modules/kms/variables.tf": 'variable "name" {\n  sensitive = true\n}\n',
        "live/docs/account.yaml": "inputs: {name: hunter2}\n",
        ENV: "inputs: {name: 'hunter3-${self.region}'}\n",
    }
    found = entries(tmp_path, changes, f"{HERE}/kms")
    assert "hunter" not in repr(found)
    assert [value for value, _ in told(found["inputs.name"])] == ["(sensitive)"] * 3


def test_an_unknown_key_names_what_is_close(estate_root: Path) -> None:
    with pytest.raises(UsageError) as caught:
        values(load_project(estate_root), f"{HERE}/kms", "nam")
    assert caught.value.hint == "did you mean `name`?"
