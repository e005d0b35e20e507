"""docs/reference/functions.md says what the functions read."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import pytest
from lambda_world import HANDLERS

from build_lambda import ROOT
from docmig.settings import Settings

PAGE = Path(ROOT) / "docs" / "reference" / "functions.md"


@pytest.mark.parametrize("name", HANDLERS)
def test_every_variable_is_in_the_table(name: str) -> None:
    module = importlib.import_module(f"handlers.{name}")
    (kind,) = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings) and value is not Settings
    ]
    rows = PAGE.read_text().splitlines()
    table = rows[rows.index("| purpose | required | optional (default) |") :]
    (row,) = [r for r in table if r.startswith(f"| `{module.PURPOSE}` |")]
    required, optional = row.split(" | ")[1:3]
    common = {field.name for field in dataclasses.fields(Settings)}
    for field in dataclasses.fields(kind):
        if field.name not in common:
            place = required if field.default is dataclasses.MISSING else optional
            assert field.name.upper() in place
