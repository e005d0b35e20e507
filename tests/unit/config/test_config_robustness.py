"""Whatever stands in a file: an estate or a ConfigError, never another exception."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pytg.config.explain import explain
from pytg.config.load import load_project
from pytg.errors import ConfigError
from support.estate_builder import build_estate, two_region_files

RICH = """
suffix: a1
protected: true
terraform: {version: ">= 1", providers: {aws: {source: a/b, version: "1", config: {x: [1]}}}}
backend: {type: s3, module: kms, bucket: "b-${self.region}", region: source, lock_table: null}
stateful: [aws_s3_bucket]
"""
FILES = {**two_region_files(), "config.yaml": two_region_files()["config.yaml"] + RICH}
FILES["live/docs/account.yaml"] += "assume_role: {role_arn: x}\n"
YAML = sorted(name for name in FILES if name.endswith(".yaml"))
PLAIN = [None, 0, True, "", "x", "kms", "global", "${", "${self.tags}", "${api.arn}"]
NESTED = [[], {}, [[]], ["kms"], {"x": None}, {"kms": None}, {"id": "x"}]
odd = st.sampled_from([*PLAIN, *NESTED, [{"to": "x", "id": "${kms.arn}"}]])


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [path, *(spot for key, item in inner for spot in spots(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One estate for all examples: its modules, which none of them changes, are parsed once."""
    return build_estate(tmp_path_factory.mktemp("estate"), FILES)


@settings(max_examples=settings.default.max_examples * 3 // 2)
@given(st.data())
def test_one_odd_value_anywhere(root: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(YAML))
    document = yaml.safe_load(FILES[file])
    path = data.draw(st.sampled_from(spots(document)))
    build_estate(root, {file: json.dumps(put(document, path, data.draw(odd)))})
    try:
        loaded = load_project(root)
        for unit in loaded.estate.units.values():
            assert explain(loaded, unit)
    except ConfigError as error:
        assert all(p.position is not None for p in error.problems)  # noqa: PT017 - either is right
    finally:
        build_estate(root, {file: FILES[file]})
