"""The composed root module, with real Terraform and units that need no provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from pytg import exact_json
from pytg.compose.shape import shape_of
from pytg.compose.state_merge import next_state, split_state
from pytg.config.load import load_project
from pytg.generate.composed import SECRETS, ComposedRoot, init_key, render_composed
from pytg.generate.unit import render_unit, unit_directory
from pytg.generate.write import write_files
from pytg.model import Address, Estate, Reference, Unit
from pytg.recovery.composed_directory import COMPOSED
from support.estate_builder import build_estate, terraform_module

Terraform = Callable[..., CompletedProcess[str]]

UPSTREAM = Address("docs", "us-east-1", "dev", "upstream")
USER = Address("docs", "us-east-1", "dev", "user")
LAST = Address("docs", "us-east-1", "dev", "last")

OUTPUTS = {
    "name": '"a$${b}%%{c}"',
    "id": "terraform_data.this.id",
    "list": 'tolist(["a", "b"])',
    "empty": "tolist([])",
    "set": 'toset(["a", "b"])',
    "map": 'tomap({ "a b" = "1", "c" = null })',
    "tuple": '["a", 1, true, null]',
    "object": '{ us-east-1 = tolist([{ port = 1.5 }]), plain = "x" }',
    "odd": '{ "a b" = 1 }',
    "odd_null": '{ "a b" = tolist([]), c = [{ "d e" = tostring(null) }] }',
    "nothing": "null",
}
SENSITIVE = {
    "token": '"s3cret:${terraform_data.this.id}"',
    "settings": '{ keys = tolist(["s3cret${terraform_data.this.id}$${x}"]), on = true }',
    "number": "sensitive(42)",
    "missing": "sensitive(null)",
    "large": f'sensitive(join("", [for i in range(1000) : "${{i}} {"of no interest " * 10}"]))',
    "odd_text": 'sensitive("a\\u0000b$${c}%%{d}")',
    "third": "sensitive(100 / 3)",
    "inner": '{ a = sensitive("s3cret"), b = [sensitive(1), 2] }',
    "inner_odd": '{ "a b" = tonumber(null), c = sensitive("s3cret") }',
}


def upstream_module() -> dict[str, str]:
    plain = [f'output "{name}" {{\n  value = {value}\n}}\n' for name, value in OUTPUTS.items()]
    secret = [
        f'output "{name}" {{\n  value     = {value}\n  sensitive = true\n}}\n'
        for name, value in SENSITIVE.items()
    ]
    return {
        "modules/upstream/main.tf": 'resource "terraform_data" "this" {}\n',
        "modules/upstream/outputs.tf": "\n".join(plain + secret),
    }


def user_module() -> dict[str, str]:
    """It keeps what it is given, with its exact type."""
    names = [*OUTPUTS, *SENSITIVE, "text", "item"]
    kept = "\n".join(f"    {name} = var.{name}" for name in names)
    return {
        "modules/user/main.tf": (
            f'resource "terraform_data" "this" {{\n  input = {{\n{kept}\n  }}\n}}\n'
        ),
        "modules/user/variables.tf": "\n".join(
            f'variable "{name}" {{\n  type = any\n}}\n' for name in names
        ),
        "modules/user/outputs.tf": 'output "id" {\n  value = terraform_data.this.id\n}\n',
    }


def files() -> dict[str, str]:
    read = "\n".join(f"      {name}: ${{upstream.{name}}}" for name in [*OUTPUTS, *SENSITIVE])
    return {
        "config.yaml": (
            "project: demo\n"
            "regions: {us-east-1: {role: source}}\n"
            "modules:\n"
            "  upstream: {}\n"
            f"  user:\n    inputs:\n{read}\n"
            "      text: 'a ${upstream.token}/${upstream.name}'\n"
            "      item: ${upstream.object.plain}\n"
            "  last: {after: [user]}\n"
        ),
        "live/docs/account.yaml": "{}\n",
        "live/docs/us-east-1/dev/env.yaml": "{}\n",
        **upstream_module(),
        **user_module(),
        **terraform_module("last"),
    }


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    loaded = load_project(build_estate(tmp_path, files())).estate
    user = loaded.units[USER]
    optional = {
        name: replace(value, optional=True)
        for name, value in user.inputs.items()
        if isinstance(value, Reference) and value.output in {"nothing", "missing"}
    }
    changed = replace(user, inputs={**user.inputs, **optional})
    return replace(loaded, units={**loaded.units, USER: changed})


def compose(
    estate: Estate,
    addresses: Sequence[Address],
    state: Mapping[str, Any] | None = None,
    order: Mapping[Address, frozenset[Address]] | None = None,
    deferred: Collection[Address] = (),
) -> tuple[Path, ComposedRoot]:
    """Write the composed root of `addresses`; outputs of other units are those in `state`."""
    directory = estate.root / ".pytg/composed" / "-".join(a.module for a in addresses)
    read = {
        (UPSTREAM, name.removeprefix(f"{UPSTREAM.slug}__")): output
        for name, output in (state or {"outputs": {}})["outputs"].items()
        if name.startswith(UPSTREAM.slug)
    }
    composed = render_composed(
        estate,
        [estate.units[address] for address in addresses],
        {key: output["value"] for key, output in read.items()},
        directory,
        order or {},
        types={key: output["type"] for key, output in read.items()},
        deferred=deferred,
    )
    write_files(directory, composed.files)
    return directory, composed


@pytest.fixture
def applied(estate: Estate, terraform: Terraform) -> dict[str, Any]:
    """The state after all units were applied as one."""
    directory, composed = compose(estate, [UPSTREAM, USER, LAST])
    assert not composed.secrets
    terraform(directory, "init")
    terraform(directory, "apply", "-auto-approve")
    terraform(directory, "plan", "-detailed-exitcode")
    state: dict[str, Any] = exact_json.loads((directory / "terraform.tfstate").read_text())
    return state


def test_references_flow_and_sensitivity_is_kept(applied: dict[str, Any]) -> None:
    outputs = applied["outputs"]
    sensitive = {name for name, output in outputs.items() if output.get("sensitive")}
    assert sensitive == {f"{UPSTREAM.slug}__{name}" for name in SENSITIVE} - {
        f"{UPSTREAM.slug}__missing"  # an output that is null is not in a state
    }
    kept = next(r for r in applied["resources"] if r["module"] == f"module.{USER.slug}")
    given = kept["instances"][0]["attributes"]["input"]["value"]
    assert given["list"] == ["a", "b"]
    assert given["name"] == "a${b}%{c}"
    assert given["text"] == f"a s3cret:{given['id']}/a${{b}}%{{c}}"


def test_literals_make_the_same_plan_as_the_units_themselves(
    estate: Estate, applied: dict[str, Any], terraform: Terraform
) -> None:
    directory, composed = compose(estate, [USER, LAST], applied)
    mine = {
        **applied,
        "resources": [r for r in applied["resources"] if UPSTREAM.slug not in r["module"]],
        "outputs": {k: v for k, v in applied["outputs"].items() if UPSTREAM.slug not in k},
    }
    (directory / "terraform.tfstate").write_text(exact_json.dumps(mine))
    terraform(directory, "init")
    secrets = directory / SECRETS
    secrets.write_text(exact_json.dumps(composed.secrets))
    assert secrets.stat().st_size > 128 * 1024  # what a variable of the environment holds
    terraform(directory, "plan", "-detailed-exitcode")
    terraform(directory, "fmt", "-check")


def test_an_apply_takes_the_secrets_from_its_plan(
    estate: Estate, applied: dict[str, Any], terraform: Terraform
) -> None:
    directory, composed = compose(estate, [USER], applied)
    secrets = directory / SECRETS
    secrets.write_text(exact_json.dumps(composed.secrets))
    terraform(directory, "init")
    terraform(directory, "plan", "-out=p")
    secrets.unlink()
    terraform(directory, "apply", "p")
    state = exact_json.loads((directory / "terraform.tfstate").read_text())
    before = next(r for r in applied["resources"] if r["module"] == f"module.{USER.slug}")
    (after,) = state["resources"]
    given = [r["instances"][0]["attributes"]["input"] for r in (before, after)]
    assert given[0] == given[1]


def test_each_unit_root_plans_to_no_changes_after_a_composed_apply(
    estate: Estate, applied: dict[str, Any], terraform: Terraform
) -> None:
    units = [estate.units[address] for address in (UPSTREAM, USER, LAST)]
    parts = split_state(applied, [shape_of(estate, unit) for unit in units])
    for unit in units:
        path = estate.root / ".pytg/state" / unit.backend.key
        path.parent.mkdir(parents=True)
        path.write_text(exact_json.dumps(next_state(None, parts[unit.address.slug])))
    for unit in units:
        directory = unit_directory(estate, unit)
        write_files(directory, render_unit(estate, unit))
        terraform(directory, "init")
        terraform(directory, "plan", "-detailed-exitcode")


def test_no_file_holds_a_sensitive_literal(estate: Estate, applied: dict[str, Any]) -> None:
    directory, composed = compose(estate, [USER], applied)
    assert "s3cret" not in "".join(path.read_text() for path in directory.glob("*"))
    assert set(composed.secrets) == {
        f"{UPSTREAM.slug}__{name}" for name in SENSITIVE if name != "missing"
    }


def test_a_literal_that_is_missing_is_null(estate: Estate) -> None:
    _, composed = compose(estate, [USER])
    block = f'variable "{UPSTREAM.slug}__token" {{\n  type      = any\n  default   = null\n'
    assert block in composed.files["variables.tf"]
    assert not composed.secrets


def waits(composed: ComposedRoot, argument: str) -> list[str]:
    """The slugs in the values of `count` or `depends_on`."""
    found = re.findall(rf"{argument} = (.*?)\n", composed.files["main.tf"])
    return re.findall(r"module\.([a-z0-9_-]+)", "".join(found))


def test_only_edges_without_values_are_waited_for(estate: Estate) -> None:
    order = {USER: frozenset({UPSTREAM}), LAST: frozenset({USER, UPSTREAM})}
    _, composed = compose(estate, [UPSTREAM, USER, LAST], order=order)
    # `user` reads `upstream`, so a reference holds that order
    assert waits(composed, "count") == [UPSTREAM.slug, USER.slug]
    assert waits(composed, "depends_on") == []
    assert composed.counted == {LAST}
    assert f"module.{LAST.slug}[0].arn" in composed.files["outputs.tf"]


def test_data_of_a_deferred_unit_waits_too(estate: Estate) -> None:
    order = {LAST: frozenset({UPSTREAM})}
    _, composed = compose(estate, [UPSTREAM, LAST], order=order, deferred={LAST})
    assert waits(composed, "depends_on") == [UPSTREAM.slug]
    assert waits(composed, "count") == []
    assert not composed.counted


def test_an_edge_through_a_unit_that_is_not_selected_still_holds(estate: Estate) -> None:
    _, composed = compose(estate, [UPSTREAM, LAST], order={LAST: frozenset({UPSTREAM})})
    assert waits(composed, "count") == [UPSTREAM.slug]


def test_nothing_depends_on_what_makes_the_backend(estate: Estate) -> None:
    bootstrap = replace(estate.units[USER], bootstrap=True)
    changed = replace(estate, units={**estate.units, USER: bootstrap})
    _, composed = compose(changed, [UPSTREAM, USER, LAST], order={LAST: frozenset({USER})})
    assert waits(composed, "depends_on") == waits(composed, "count") == []


def test_imports_are_in_the_root_and_point_into_the_module(
    tmp_path: Path, terraform: Terraform
) -> None:
    extra = "modules: {last: {imports: [{to: terraform_data.this, id: old-id}]}}"
    changed = {**files(), "live/docs/us-east-1/dev/env.yaml": extra}
    estate = load_project(build_estate(tmp_path, changed)).estate
    directory, _ = compose(estate, [LAST])
    terraform(directory, "init")
    assert "1 imported" in terraform(directory, "apply", "-auto-approve", "-no-color").stdout
    assert "old-id" in (directory / "terraform.tfstate").read_text()
    terraform(directory, "fmt", "-check")


def test_the_order_in_which_units_are_named_does_not_matter(estate: Estate) -> None:
    one = [estate.units[address] for address in (UPSTREAM, USER, LAST)]
    workdir = estate.root / "w"
    assert render_composed(estate, one, {}, workdir, {}) == render_composed(
        estate, one[::-1], {}, workdir, {}
    )


def with_input(unit: Unit) -> Unit:
    return replace(unit, inputs={**unit.inputs, "name": "other"})


def test_init_is_for_what_it_reads_and_nothing_else(estate: Estate) -> None:
    workdir = estate.root / COMPOSED / "key"

    def key(units: Sequence[Unit], among: Estate = estate) -> str:
        return init_key(render_composed(among, units, {}, workdir, {}).files, workdir)

    units = [estate.units[UPSTREAM], estate.units[USER]]
    before = key(units)
    assert key([units[0], with_input(units[1])]) == before
    assert key(units[:1]) != before
    settings = replace(estate.terraform, required_version=">= 1.10")
    assert key(units, replace(estate, terraform=settings)) != before
    (estate.root / "modules/user/main.tf").write_text('resource "terraform_data" "other" {}\n')
    assert key(units) == before
    (estate.root / "modules/user/nested.tf").write_text('module "n" {\n  source = "./n"\n}\n')
    below = estate.root / "modules/user/n/main.tf"
    below.parent.mkdir()
    below.write_text('terraform {\n  required_version = ">= 1.9"\n}\n')
    nested = key(units)
    assert nested != before
    below.write_text('resource "terraform_data" "this" {}\n')
    assert key(units) == nested
    below.write_text('module "m" {\n  source = "../../upstream"\n}\n')
    assert key(units) != nested


def test_init_key_of_a_unit_root(estate: Estate) -> None:
    unit = estate.units[USER]
    before = init_key(render_unit(estate, unit))
    assert init_key(render_unit(estate, with_input(unit))) == before
    moved = replace(unit, backend=replace(unit.backend, key="elsewhere"))
    assert init_key(render_unit(estate, moved)) != before
