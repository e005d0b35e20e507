"""Whose fault a failed plan is, and who is only to be planned later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from run_words import at
from run_world import World

from pytg.compose.changes import Calls
from pytg.run.blamed import Blamed
from pytg.run.plan_failure import PlanFailed, circular, unplannable
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Diagnostic

Make = Callable[..., World]
UNKNOWN = "The value depends on attributes that cannot be determined until apply, so ..."
SUMMARIES = ["Invalid for_each argument", "Invalid count argument"]


def said(file: str, summary: str = SUMMARIES[0], detail: str = UNKNOWN) -> Diagnostic:
    return Diagnostic("error", summary, detail, "", file, 4, "  for_each = var.x  ")


def late(world: World, *diagnostics: Diagnostic, only: str = "") -> dict[str, str]:
    """Who is late, and why, where these units (or all) were planned in the project itself."""
    units = [unit for unit in world.estate.units.values() if unit.address.module in (only or "abc")]
    completed = Completed("plan", 1, diagnostics, "")
    found = unplannable(completed, world.estate.root, units)
    return {unit.module: reason for unit, reason in found.items()}


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_unit_that_needs_another_of_the_plan_is_late(chain: World, summary: str) -> None:
    found = late(chain, said("modules/b/main.tf", summary))
    assert set(found) == {"b"}
    assert "b/main.tf:4" in found["b"]
    assert "(for_each = var.x)" in found["b"]
    assert f"needs {at('a')} applied first" in found["b"]


def test_several_are_late_at_once(chain: World) -> None:
    assert set(late(chain, said("modules/b/main.tf"), said("modules/c/main.tf"))) == {"b", "c"}


def test_a_unit_that_needs_nobody_of_the_plan_is_not_late(chain: World) -> None:
    assert late(chain, said("modules/a/main.tf")) == {}
    assert late(chain, said("modules/b/main.tf"), only="bc") == {}


@pytest.mark.parametrize(
    "other",
    [
        Diagnostic("error", "Invalid reference", UNKNOWN, "", "modules/b/main.tf", 4),
        said("modules/c/main.tf", detail="The given value is unsuitable."),
    ],
)
def test_another_error_beside_it_is_a_failure(chain: World, other: Diagnostic) -> None:
    assert late(chain, said("modules/b/main.tf"), other) == {}
    assert late(chain, other, said("modules/b/main.tf")) == {}


def test_a_warning_beside_it_is_none(chain: World) -> None:
    warning = Diagnostic("warning", "Deprecated", "", "", "modules/c/main.tf")
    assert set(late(chain, warning, said("modules/b/main.tf"))) == {"b"}


def test_a_module_that_is_called_belongs_to_the_caller(chain: World) -> None:
    """Where a file of `shared` is named, the units whose modules call it are late."""
    shared = chain.estate.root / "modules" / "shared"
    shared.mkdir()
    (shared / "main.tf").touch()
    for name in "ab":
        main = chain.estate.root / "modules" / name / "main.tf"
        main.write_text('module "shared" {\n  source = "../shared"\n}\n')
    assert set(late(chain, said("modules/shared/main.tf"))) == {"b"}


def test_units_of_one_module_are_late_if_they_read_others(make: Make) -> None:
    world = make(reads={"a": (), "b": ("a",), "c": ()})
    units = [world.estate.units[at(name)] for name in "abc"]
    units[2] = replace(units[2], module=units[1].module)
    completed = Completed("plan", 1, (said("modules/b/main.tf"),), "")
    assert set(unplannable(completed, world.estate.root, units)) == {at("b")}


def test_what_is_not_known_yet_is_no_error_beside_one_that_is() -> None:
    """It comes again, where that one is left out."""
    real, unknown = Diagnostic("error", "No"), said("modules/b/main.tf")
    told = [Blamed(one) for one in (unknown, real, Diagnostic("warning", "Old"))]
    error = PlanFailed(Completed("plan", 1, (), ""), Calls({}), {}, told)
    assert [one.diagnostic for one in error.errors] == [real]
    assert [one.diagnostic.summary for one in error.warnings] == ["Old"]
    only = PlanFailed(Completed("plan", 1, (), ""), Calls({}), {}, told[:1])
    assert [one.diagnostic for one in only.errors] == [unknown]
    assert SUMMARIES[0] in only.message


def test_a_circle_is_cut_above_what_goes_last() -> None:
    calls = Calls({at(name).slug: at(name) for name in "ab"})
    kept, gone = (f"module.{at(name).slug}.terraform_data.this" for name in "ab")
    summary = f"Cycle: {kept}, {kept} (destroy), {gone}, {gone} (destroy deposed 7cfccce3)"
    cycle = Completed("plan", 1, (Diagnostic("error", summary),), "")
    assert set(circular(cycle, calls)) == {at("b")}
    assert circular(Completed("plan", 1, (Diagnostic("error", "No"),), ""), calls) == {}


def test_what_comes_after_a_check_with_data_is_planned_after_it() -> None:
    """Of the circle, the module calls themselves wait; `a`, whose check it is, does not."""
    calls = Calls({at(name).slug: at(name) for name in "abc"})
    a, b, _ = (f"module.{at(name).slug}" for name in "abc")
    names = f"{b}.var.v (expand), {a}.data.x.y, {a}.check.ok (expand), {a} (close), {b} (expand)"
    for checks, late in (("(execute checks), ", {at("b")}), ("", set())):
        cycle = Completed("plan", 1, (Diagnostic("error", f"Cycle: {checks}{names}"),), "")
        assert set(circular(cycle, calls)) == late
