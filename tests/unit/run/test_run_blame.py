"""Whose a diagnostic is, and where what it speaks of was written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from run_words import at, inside
from run_world import World

from pytg.compose.changes import Calls
from pytg.errors import Position
from pytg.model import Address, Import
from pytg.record.words import named
from pytg.run.blame import Blame
from pytg.run.blamed import Blamed
from pytg.terraform.conditions import Condition
from pytg.terraform.event_stream import Diagnostic

Make = Callable[..., World]
SHARED = "../../modules/a/main.tf"


def slug(name: str) -> str:
    return at(name).slug


def main_of(*names: str) -> str:
    calls = (f'module "{slug(n)}" {{\n  source = "x"\n\n  n = 1\n}}\n' for n in names)
    return "# generated\n\n" + "\n".join(calls)


def blame_of(world: World, *names: str, files: dict[str, str] | None = None) -> Blame:
    """For a root of these units; an input is said to stand in the line of its path's length."""
    workdir = world.estate.root / "composed" / "x"
    workdir.mkdir(parents=True, exist_ok=True)
    for name, text in (files or {"main.tf": main_of(*names)}).items():
        (workdir / name).write_text(text)
    units = [world.estate.units[at(name)] for name in names]
    calls = Calls({unit.address.slug: unit.address for unit in units})

    def written(_unit: Address, path: tuple[str | int, ...]) -> Position:
        return Position(Path("/".join(map(str, path))), len(path))

    return Blame(world.estate.root, workdir, calls, units, written)


def error(file: str = "", line: int = 0, context: str = "", **more: Any) -> Diagnostic:
    return Diagnostic("error", "No", file=file, line=line, context=context, **more)


def one(blame: Blame, diagnostic: Diagnostic, *conditions: Condition) -> Blamed:
    (found,) = blame.of([diagnostic], conditions)
    return found


@pytest.fixture
def alike(make: Make) -> World:
    """`a`, `b` and `c`, all of the module of `a`; each has a `mode` and an `n`."""
    world = make(reads={"a": (), "b": (), "c": ()})
    module = world.estate.units[at("a")].module
    units = {
        address: replace(unit, module=module, inputs={"mode": address.module, "n": 1})
        for address, unit in world.estate.units.items()
    }
    world.estate = replace(world.estate, units=units)
    return world


def test_an_address_names_the_unit(chain: World) -> None:
    found = one(blame_of(chain, "a", "b"), error("../../modules/a/main.tf", 4, address=inside("b")))
    assert (found.units, found.sure) == ((at("b"),), True)
    assert (found.file, found.line) == ("modules/a/main.tf", 4)
    assert found.reason == "No (modules/a/main.tf:4)"


def test_without_an_address_it_is_the_unit_whose_module_it_is(chain: World) -> None:
    assert one(blame_of(chain, "a", "b"), error(SHARED, 4)).units == (at("a"),)


def test_what_has_no_place_is_nobody_s_where_there_are_several(chain: World) -> None:
    assert one(blame_of(chain, "a", "b"), error()) == Blamed(error())
    assert one(blame_of(chain, "a"), error()).units == (at("a"),)


def test_what_has_no_place_and_names_one_unit_is_of_that_one(alike: World) -> None:
    to = 'x.y["k"]'
    a = replace(alike.estate.units[at("a")], imports=(Import("x.y", "0"), Import(to, "1")))
    alike.estate = replace(alike.estate, units={**alike.estate.units, at("a"): a})
    blame = blame_of(alike, "a", "b")
    text = f"The configuration for the import\nmodule.{slug('a')}.{to}\ndoes not exist."
    found = one(blame, error(detail=text))
    assert (found.units, found.file) == ((at("a"),), "modules/a/imports/1")
    text = f"module.{slug('a')}.x.z and module.z are odd"
    assert one(blame, error(detail=text)) == Blamed(error(detail=text), (at("a"),))
    text = f"Cycle: module.{slug('a')}.x.y, module.{slug('b')}.x.y"
    assert one(blame, error(detail=text)).units == ()


def test_a_line_of_a_call_is_its_unit_s_and_stands_where_the_input_was_written(
    alike: World,
) -> None:
    line = main_of("a", "b").splitlines().index("  n = 1", 8) + 1
    found = one(blame_of(alike, "a", "b"), error("main.tf", line))
    assert (found.units, found.file, found.line) == ((at("b"),), "inputs/n", 2)


def test_what_somebody_added_to_a_unit_s_root_stands_where_it_stands(chain: World) -> None:
    blame = blame_of(chain, "a", files={"more.tf": main_of("a")})
    found = one(blame, error("more.tf", 6))
    assert (found.units, found.file, found.line) == ((at("a"),), "composed/x/more.tf", 6)


def test_the_head_of_a_call_is_the_module_s_entry(alike: World) -> None:
    found = one(blame_of(alike, "a", "b"), error("main.tf", 3))
    assert (found.units, found.file) == ((at("a"),), "modules/a")


def test_other_blocks_of_the_root_have_owners_too(alike: World) -> None:
    a = replace(alike.estate.units[at("a")], imports=(Import("x.z", "0"), Import("x.y", "1")))
    b = alike.estate.units[at("b")]
    b = replace(b, module=replace(b.module, providers=frozenset({"aws"})))
    units = {**alike.estate.units, at("a"): a, at("b"): b}
    alike.estate = replace(alike.estate, units=units)
    place = "acc__us-east-1__dev"
    files = {
        "main.tf": f'import {{\n  to = module.{slug("a")}.x.y\n  id = "1"\n}}\n',
        "outputs.tf": f'output "{slug("b")}__o" {{\n  value = 1\n}}\n',
        "providers.tf": f'provider "aws" {{\n  alias  = "{place}"\n  region = "x"\n}}\n',
        "versions.tf": 'terraform {\n  required_version = "1"\n}\n',
    }
    blame = blame_of(alike, "a", "b", "c", files=files)
    found = one(blame, error("main.tf", 3))
    assert (found.units, found.file) == ((at("a"),), "modules/a/imports/1")
    found = one(blame, error("outputs.tf", 2))
    assert (found.units, found.file) == ((at("b"),), "outputs/o")
    found = one(blame, error("providers.tf", 3))
    assert (found.units, found.file) == ((at("b"),), "terraform/providers/aws/config/region")
    assert one(blame, error("versions.tf", 2)).units == ()


CONTEXTS = [
    ('resource "x" "y"', "resource", "x.y"),
    ('data "x" "y"', "resource", "data.x.y"),
    ('output "o"', "output_value", "output.o"),
    ('check "c"', "check", "check.c"),
    ('module "m"', "var", "module.m.var.v"),
]


@pytest.mark.parametrize(("context", "kind", "address"), CONTEXTS)
def test_a_condition_is_of_the_unit_whose_result_says_so(
    alike: World, context: str, kind: str, address: str
) -> None:
    blame = blame_of(alike, "a", "b", "c")
    diagnostic = error(SHARED, 4, context, detail="it is late\n\nThis was checked by ...")
    results = [
        Condition(kind, inside("a", address), "pass"),
        Condition(kind, inside("b", address), "fail", ("it is late",)),
        Condition(kind, inside("c", address), "fail", ("another",)),
    ]
    assert blame.asks_for_conditions(diagnostic)
    found = one(blame, diagnostic, *results)
    assert (found.units, found.sure) == ((at("b"),), True)


def test_of_one_unit_only_checks_are_asked_for(chain: World) -> None:
    blame = blame_of(chain, "a", "b")
    for severity in ("error", "warning"):
        given = [replace(error(SHARED, 4, c), severity=severity) for c, _, _ in CONTEXTS]
        asked = [each.context for each in given if blame.asks_for_conditions(each)]
        assert asked == (['check "c"'] if severity == "warning" else [])
    assert not blame.asks_for_conditions(error("main.tf", 3, 'module "m"'))


def test_a_warning_is_of_no_condition_but_a_check_s(alike: World) -> None:
    blame = blame_of(alike, "a", "b")
    warning = replace(error(SHARED, 4, 'resource "x" "y"'), severity="warning")
    assert not blame.asks_for_conditions(warning)


def test_what_many_could_have_said_is_of_one_of_them(alike: World) -> None:
    found = one(blame_of(alike, "a", "b", "c"), error(SHARED, 4, "locals"))
    assert (found.units, found.sure) == ((at("a"), at("b"), at("c")), False)
    assert named(found.units) == f"{at('a')}, {at('b')}, {at('c')}"


@pytest.mark.parametrize(
    ("statement", "units"), [('is "b"', "b"), ("is true", "abc"), ("is a string", "abc")]
)
def test_the_values_that_are_named_tell_who_it_is(alike: World, statement: str, units: str) -> None:
    diagnostic = error(SHARED, 4, "locals", values=(("var.mode", statement),))
    assert one(blame_of(alike, "a", "b", "c"), diagnostic).units == tuple(map(at, units))


def test_the_text_may_name_the_unit(alike: World) -> None:
    """With `prevent_destroy` it does, and names no address."""
    detail = f"Resource {inside('b')} has lifecycle.prevent_destroy set, but ..."
    found = one(blame_of(alike, "a", "b", "c"), error(SHARED, 4, 'resource "x" "y"', detail=detail))
    assert (found.units, found.sure) == ((at("b"),), True)


def said(alike: World, *diagnostics: Diagnostic) -> Sequence[Blamed]:
    return blame_of(alike, "a", "b", "c").of(diagnostics)


def test_what_is_said_for_each_unit_is_each_one_s_once(alike: World) -> None:
    (found,) = said(alike, *[error(SHARED, 4, "locals")] * 3)
    assert (found.units, found.sure) == ((at("a"), at("b"), at("c")), True)
    assert not any(one.sure for one in said(alike, *[error(SHARED, 4, 'resource "x" "y"')] * 3))
    warning = replace(error(SHARED, 4, 'resource "x" "y"'), severity="warning")
    assert [one.sure for one in said(alike, *[warning] * 3)] == [True]


def test_paths_in_the_text_are_from_the_project(chain: World) -> None:
    diagnostic = error("main.tf", 4, detail="declared at ../../modules/a/variables.tf:1,1-3: no")
    found = one(blame_of(chain, "a", "b"), diagnostic)
    assert found.diagnostic.detail == "declared at modules/a/variables.tf:1,1-3: no"


def test_checks_that_hold_are_not_named(chain: World) -> None:
    results = [
        Condition("check", inside("a", "check.c"), "fail", ("one", "two")),
        Condition("check", inside("a", "check.d"), "pass"),
        Condition("resource", inside("a", "x.y"), "fail", ("no",)),
    ]
    found = blame_of(chain, "a", "b").checks(results)
    assert {unit: [c.address for c in checks] for unit, checks in found.items()} == {
        at("a"): ["check.c"],
        at("b"): [],
    }
    assert found[at("a")][0].message == "one\ntwo"


def test_a_module_is_looked_into_once_for_all_its_units_and_diagnostics(
    alike: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    blame, looked = blame_of(alike, "a", "b", "c"), list[Path]()
    resolve = Path.resolve

    def counted(path: Path, *, strict: bool = False) -> Path:
        looked.append(path)
        return resolve(path, strict=strict)

    monkeypatch.setattr(Path, "resolve", counted)
    module = alike.estate.units[at("a")].module.path
    blame.of([error(SHARED, line, "locals") for line in range(40)])
    assert looked.count(module) == 2  # once for its own place, once for what it calls


def test_objects_in_a_list_are_told_of_each_unit_by_itself(alike: World) -> None:
    """Terraform says it once for all: `Some objects will no longer be managed by Terraform`."""
    mine, other = (f" - {inside(name, 'terraform_data.x')}" for name in ("a", "b"))
    detail = f"These go:\n{mine}\n{other}\n\nAfter that they stay."
    told = Diagnostic("warning", "Some objects", detail)
    found = blame_of(alike, "a", "b", "c").of([told])
    assert [(each.units, each.diagnostic.detail) for each in found] == [
        ((at("a"),), f"These go:\n{mine}\n\nAfter that they stay."),
        ((at("b"),), f"These go:\n{other}\n\nAfter that they stay."),
    ]
    assert blame_of(alike, "c").of([told])[0].units == (at("c"),)


def test_what_has_no_place_is_of_the_one_unit_that_its_text_names(alike: World) -> None:
    """OpenTofu says it for each: `Resource going to be removed from the state`."""
    told = [
        Diagnostic("warning", "Going", f"The resource {inside(name, 'terraform_data.x')} goes.")
        for name in ("a", "b")
    ]
    assert [each.units for each in said(alike, *told)] == [(at("a"),), (at("b"),)]
    both = f"Cycle: {inside('a', 'x.y')}, {inside('b', 'x.y')}"
    assert one(blame_of(alike, "a", "b", "c"), error(detail=both)).units == ()
