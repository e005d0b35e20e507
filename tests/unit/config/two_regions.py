"""The ready-made estate with some files changed, and what stands in it."""

from __future__ import annotations

from pathlib import Path

from pytg.config.load import load_project
from pytg.model import (
    Address,
    Estate,
    Reference,
    Unit,
    Value,
)
from support.estate_builder import build_estate, two_region_files

HERE = "docs/us-east-1/dev"
THERE = "docs/eu-west-1/dev"


def unit(estate: Estate, address: str) -> Unit:
    return estate.units[Address.parse(address)]


def reference(address: str, output: str = "arn", *path: str | int) -> Reference:
    return Reference(Address.parse(address), output, path)


def load(tmp_path: Path, changes: dict[str, str], suffix: str | None = None) -> Estate:
    return load_project(
        build_estate(tmp_path, {**two_region_files(), **changes}), suffix=suffix
    ).estate


def changed(old: str, new: str) -> dict[str, str]:
    text = two_region_files()["config.yaml"]
    assert old in text
    return {"config.yaml": text.replace(old, new)}


def api_input(estate: Estate, address: str = f"{HERE}/api") -> Value:
    return unit(estate, address).inputs["bucket"]
