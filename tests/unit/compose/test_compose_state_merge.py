"""Merge and split are inverse to each other, on states in the form that Terraform writes."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytg import exact_json
from pytg.compose.shape import Shape
from pytg.compose.state_merge import (
    empty_state,
    holds_nothing,
    is_empty,
    merge_states,
    next_state,
    same_content,
    split_state,
)
from pytg.errors import Refused
from pytg.model import Address

AWS = 'provider["registry.terraform.io/hashicorp/aws"]'
BUILTIN = 'provider["terraform.io/builtin/terraform"]'
TEXT = 'ab\u00e9"'
ODD = st.text(r"""ab]["\.'{}$/""" + "\n\u2028\u00e9", max_size=8)
NAMES = ("storage", "tables", "iam")


def shape(module: str, region: str = "us-east-1", upstream: frozenset[str] = frozenset()) -> Shape:
    address = Address("docs", region, "dev", module)
    aliases = {f"docs__{region}__dev": None, "docs__eu-west-1__dev": "peer"}
    return Shape(address, address.slug, module, "hashicorp/aws", aliases, upstream)


def resource(module: str, name: str, provider: str, **more: Any) -> dict[str, Any]:
    instance = {"schema_version": 0, "attributes": {"id": name}, "sensitive_attributes": []}
    return {
        "module": module,
        "mode": more.pop("mode", "managed"),
        "type": "aws_s3_bucket" if provider.startswith(AWS) else "terraform_data",
        "name": name,
        "provider": provider,
        "instances": [{**instance, **more}],
    }


def quoted(key: str) -> str:
    """A key as Terraform writes it in an address."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@st.composite
def unit_states(draw: st.DrawFn, module: str) -> dict[str, Any]:
    state = empty_state(str(draw(st.uuids())))
    state["serial"] = draw(st.integers(1, 1000))
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    inner = ("", f".module.inner[{quoted(draw(ODD))}]", ".module.inner[0]", ".module.inner")
    for index, name in enumerate(names):
        where = f"module.{module}{draw(st.sampled_from(inner))}"
        provider = draw(st.sampled_from((AWS, f"{AWS}.peer", BUILTIN)))
        mode = draw(st.sampled_from(("managed", "data")))
        state["resources"].append(resource(where, name, provider, mode=mode))
        if mode == "managed" and index:
            state["resources"][-1]["instances"][0]["dependencies"] = [
                f"module.{module}.terraform_data.{names[index - 1]}"
            ]
    for name in draw(st.lists(st.sampled_from(("arn", "id", "a__b")), unique=True)):
        sensitive = draw(st.booleans())
        output = {"value": draw(st.text(TEXT, max_size=5)), "type": "string"}
        state["outputs"][name] = {**output, "sensitive": True} if sensitive else output
    if draw(st.booleans()):
        state["check_results"] = [
            {
                "object_kind": "var",
                "config_addr": f"module.{module}.var.x",
                "status": "pass",
                "objects": [{"object_addr": f"module.{module}.var.x", "status": "pass"}],
            }
        ]
    return state


estates = st.fixed_dictionaries({n: st.none() | unit_states(n) for n in NAMES})
SHAPES = {
    "storage": shape("storage"),
    "tables": shape("tables", "global", frozenset({"docs__us-east-1__dev__storage"})),
    "iam": shape("iam", "global", frozenset({"docs__global__dev__tables"})),
}


@given(estates, st.frozensets(st.sampled_from(NAMES)))
def test_split_after_merge_gives_back_every_unit(
    states: dict[str, Any], counted: frozenset[str]
) -> None:
    merged = merge_states([(replace(SHAPES[n], counted=n in counted), states[n]) for n in NAMES])
    parts = split_state(merged, SHAPES.values())
    for name in NAMES:
        assert same_content(parts[SHAPES[name].slug], states[name])
        assert next_state(states[name], parts[SHAPES[name].slug]) is None


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,60})?", fullmatch=True))
@example("33." + "3" * 120)
@example("1" + "0" * 5000)
def test_numbers_go_through_to_the_letter(text: str) -> None:
    state = empty_state("l") | {"serial": 1}
    state["resources"] = [resource("module.storage", "a", BUILTIN, index_key=0)]
    state["resources"][0]["instances"][0]["attributes"] = {"input": ["NUMBER"]}
    state["outputs"] = {"arn": {"value": {"x": "NUMBER"}, "type": "dynamic"}}
    body = json.dumps(state).replace('"NUMBER"', text)
    merged = merge_states([(SHAPES["storage"], exact_json.loads(body))])
    (part,) = split_state(
        exact_json.loads(exact_json.dumps(merged, indent=2)), [SHAPES["storage"]]
    ).values()
    assert next_state(exact_json.loads(body), part) is None
    kept = {name: part[name] for name in ("resources", "outputs")}
    assert exact_json.dumps(kept) == exact_json.dumps(
        {name: exact_json.loads(body)[name] for name in kept}
    )
    assert exact_json.dumps(part).count(text) >= 2


@given(estates)
def test_merge_after_split_gives_back_the_composed_state(states: dict[str, Any]) -> None:
    merged = merge_states([(SHAPES[n], states[n]) for n in NAMES])
    parts = split_state(merged, SHAPES.values())
    again = merge_states([(SHAPES[n], parts[SHAPES[n].slug]) for n in NAMES])
    assert again["resources"] == merged["resources"]
    assert again["outputs"] == merged["outputs"]
    assert again["check_results"] == merged["check_results"]


@given(estates)
def test_a_plan_goes_stale_when_any_unit_moves(states: dict[str, Any]) -> None:
    before = merge_states([(SHAPES[n], states[n]) for n in NAMES])
    for name in NAMES:
        if states[name] is None:
            continue
        moved = {**states, name: {**states[name], "serial": states[name]["serial"] + 1}}
        after = merge_states([(SHAPES[n], moved[n]) for n in NAMES])
        assert (after["lineage"], after["serial"]) != (before["lineage"], before["serial"])


def test_providers_and_modules_are_renamed_and_foreign_dependencies_dropped() -> None:
    slug = SHAPES["storage"].slug
    own = resource(f"module.{slug}", "a", f"{AWS}.docs__us-east-1__dev")
    peer = resource(f'module.{slug}.module.inner["k"]', "b", f"{AWS}.docs__eu-west-1__dev")
    plain = resource(f"module.{slug}", "c", BUILTIN)
    own["instances"][0]["dependencies"] = [
        f"module.{slug}.aws_s3_bucket.b",
        "module.docs__global__dev__iam.aws_iam_role.r",
    ]
    composed = empty_state("x") | {"resources": [own, peer, plain]}
    part = split_state(composed, [SHAPES["storage"]])[slug]
    assert [r["module"] for r in part["resources"]] == [
        "module.storage",
        'module.storage.module.inner["k"]',
        "module.storage",
    ]
    assert [r["provider"] for r in part["resources"]] == [AWS, f"{AWS}.peer", BUILTIN]
    assert part["resources"][0]["instances"][0]["dependencies"] == [
        "module.storage.aws_s3_bucket.b"
    ]


def test_dependencies_across_units_are_rebuilt_from_the_graph() -> None:
    """A unit whose upstream holds nothing depends on what is upstream of that."""
    states: dict[str, Any] = {n: empty_state(n) for n in NAMES}
    states["storage"]["resources"] = [resource("module.storage", "a", AWS)]
    states["iam"]["resources"] = [resource("module.iam", "r", AWS)]
    merged = merge_states([(SHAPES[n], states[n]) for n in NAMES])
    role = next(r for r in merged["resources"] if r["name"] == "r")
    assert role["instances"][0]["dependencies"] == [
        "module.docs__us-east-1__dev__storage.aws_s3_bucket.a"
    ]


@given(ODD, ODD)
@example("a]b", "")
def test_instance_keys_are_no_part_of_what_others_depend_on(outer: str, inner: str) -> None:
    where = f"module.storage.module.a[{quoted(outer)}].module.b[{quoted(inner)}].module.c[7]"
    states: dict[str, Any] = {n: empty_state(n) for n in NAMES}
    states["storage"]["resources"] = [resource(where, "x", BUILTIN)]
    states["iam"]["resources"] = [resource("module.iam", "r", BUILTIN)]
    merged = merge_states([(SHAPES[n], states[n]) for n in NAMES])
    role = next(r for r in merged["resources"] if r["name"] == "r")
    assert role["instances"][0]["dependencies"] == [
        "module.docs__us-east-1__dev__storage.module.a.module.b.module.c.terraform_data.x"
    ]


def test_what_the_unit_root_holds_beside_its_module_stays_out() -> None:
    state = empty_state("x")
    remote = resource("module.storage", "up", BUILTIN, mode="data")
    del remote["module"]
    state["resources"] = [remote]
    assert merge_states([(SHAPES["storage"], state)])["resources"] == []
    assert is_empty(state)


@pytest.mark.parametrize("managed", [False, True])
@pytest.mark.parametrize("outputs", [False, True])
def test_data_alone_is_nothing_and_is_not_written(*, managed: bool, outputs: bool) -> None:
    state = empty_state("x")
    data = {**resource("module.storage", "read", AWS), "mode": "data"}
    state["resources"] = [data, resource("module.storage", "a", AWS)][: 1 + managed]
    state["outputs"] = {"arn": {"value": "a", "type": "string"}} if outputs else {}
    assert holds_nothing(state) is not (managed or outputs)
    assert (next_state(None, state) is None) is holds_nothing(state)
    assert holds_nothing(None)


def test_what_nobody_could_keep_is_refused_with_its_name_and_a_way_out() -> None:
    state = empty_state("x")
    extra, other = resource("", "extra", BUILTIN), resource("module.other", "b", AWS)
    del extra["module"]
    state["resources"] = [resource("module.storage", "a", AWS), extra, other]
    with pytest.raises(Refused) as refused:
        merge_states([(SHAPES["iam"], None), (SHAPES["storage"], state)])
    unit = SHAPES["storage"].address
    assert str(refused.value).splitlines()[1:] == [
        f"    module.other.aws_s3_bucket.b in the state of {unit}",
        f"    terraform_data.extra in the state of {unit}",
    ]
    assert f"pytg tf {unit} -- state rm" in refused.value.hint


def test_succeed_counts_up_and_keeps_the_lineage() -> None:
    before = empty_state("lineage") | {"serial": 7}
    after = json.loads(json.dumps(before)) | {"outputs": {"x": {"value": 1, "type": "number"}}}
    following = next_state(before, after)
    assert following is not None
    assert (following["serial"], following["lineage"]) == (8, "lineage")
    assert next_state(None, empty_state("")) is None
    first = next_state(None, after)
    assert first is not None
    assert first["serial"] == 1
    assert first["lineage"] not in {"", "lineage"}


def test_a_counted_call_is_an_instance_in_resources_and_checks_but_not_in_dependencies() -> None:
    counted = replace(SHAPES["tables"], counted=True)
    state = empty_state("l") | {"serial": 1}
    own = "module.tables.terraform_data.a"
    state["resources"] = [
        resource("module.tables.module.inner[0]", "b", BUILTIN, dependencies=[own])
    ]
    check = {"object_addr": "module.tables.check.c", "status": "pass"}
    state["check_results"] = [
        {
            "object_kind": "check",
            "config_addr": "module.tables.check.c",
            "status": "pass",
            "objects": [check],
        }
    ]
    merged = merge_states([(counted, state)])
    (made,), (result,) = merged["resources"], merged["check_results"]
    slug = counted.slug
    assert made["module"] == f"module.{slug}[0].module.inner[0]"
    assert made["instances"][0]["dependencies"] == [f"module.{slug}.terraform_data.a"]
    assert result["config_addr"] == f"module.{slug}.check.c"
    assert result["objects"][0]["object_addr"] == f"module.{slug}[0].check.c"
    assert next_state(state, split_state(merged, [counted])[slug]) is None


def test_sensitive_paths_in_another_order_are_no_change() -> None:
    """Terraform writes those of an instance that it has refreshed in any order."""
    paths = [[{"type": "get_attr", "value": name}] for name in ("value", "value_wo")]

    def written(paths: list[Any]) -> dict[str, Any]:
        instance = {"attributes": {"id": "1"}, "sensitive_attributes": paths}
        names = {"module": "module.a", "mode": "managed", "type": "x", "name": "y"}
        return {**empty_state("one"), "resources": [{**names, "instances": [instance]}]}

    assert next_state(written(paths), written(paths[::-1])) is None
    assert next_state(written(paths), written(paths[:1])) is not None
