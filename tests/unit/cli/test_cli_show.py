"""What is shown of plans, and the files that `--out` writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from pytg.cli._show import Display
from pytg.cli._view_options import ViewOptions
from pytg.compose.changes import Calls, UnitChanges
from pytg.compose.stage import Stage
from pytg.model import Address
from pytg.terraform.plan import Plan

UNIT = Address("docs", "us-east-1", "dev", "storage")
NOTHING = Plan((), ())


def write(out: Path, changes: UnitChanges) -> None:
    display = Display(ViewOptions(), applies=False, out=out)
    display.show(
        Stage((UNIT,)),
        {UNIT: changes},
        Calls({UNIT.slug: UNIT}),
        lambda: NOTHING,
    )


def test_a_unit_has_a_file_that_is_whole_or_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, UnitChanges(UNIT, create=1))
    file = tmp_path / f"{UNIT}.json"
    assert json.loads(file.read_text())["create"] == 1
    full = OSError(28, "No space left on device")
    with (
        mock.patch.object(Path, "replace", side_effect=full),
        pytest.raises(OSError, match=str(file)),
    ):
        write(tmp_path, UnitChanges(UNIT, create=2))
    assert json.loads(file.read_text())["create"] == 1
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def changes(unit: Address) -> UnitChanges:
    return UnitChanges(unit, outputs=("arn",))


def test_what_is_planned_unit_by_unit_is_shown_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(ViewOptions(), applies=False, whole=True)
    units = [replace(UNIT, module=name) for name in ("b", "a")]
    for unit in units:
        calls = Calls({unit.slug: unit})
        display.show(Stage((unit,)), {unit: changes(unit)}, calls, lambda: NOTHING)
    assert capsys.readouterr().out == ""
    display.end()
    out = capsys.readouterr().out
    assert out.index(str(units[1])) < out.index(str(units[0])) < out.index("total of 2 units")
    assert set(display.document) == set(map(str, units))
