"""Estates that are right: units, levels, edges, backends."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from two_regions import HERE, THERE, api_input, changed, load, reference, unit

from pytg.config.load import load_project
from pytg.config.stateful import DEFAULT
from pytg.errors import ConfigError, UsageError
from pytg.model import (
    Address,
    AssumeRole,
    Backend,
    Edge,
    Import,
    Value,
)
from support.estate_builder import build_estate, terraform_module, two_region_files


def test_the_ready_made_estate(estate_root: Path) -> None:
    estate = load_project(estate_root).estate
    assert Counter(a.module for a in estate.units) == {
        "kms": 4,
        "bucket": 4,
        "table": 4,
        "api": 4,
        "replication": 2,
    }
    assert list(estate.units) == sorted(estate.units)
    assert unit(estate, f"{HERE}/bucket").inputs == {
        "name": "dev-us-east-1",
        "key": reference(f"{HERE}/kms"),
    }
    assert unit(estate, f"{THERE}/replication").inputs == {
        "name": "dev-eu-west-1",
        "from": reference(f"{HERE}/bucket"),
        "to": reference(f"{THERE}/bucket"),
    }
    assert len(estate.edges) == 20
    assert all(edge.positions != () for edge in estate.edges)
    assert not unit(estate, f"{HERE}/kms").protected
    assert unit(estate, "docs/us-east-1/prod/kms").protected
    assert unit(estate, f"{HERE}/kms").peer_region == "eu-west-1"
    assert unit(estate, f"{THERE}/kms").peer_region == "us-east-1"
    assert unit(estate, f"{HERE}/kms").tags == {"project": "demo"}
    assert estate.terraform.required_version == ">= 1.11.0"
    assert estate.terraform.binary == "terraform"


def test_loading_twice_gives_the_same(estate_root: Path) -> None:
    assert load_project(estate_root).estate == load_project(estate_root).estate


def test_a_suffix_makes_another_environment(tmp_path: Path) -> None:
    estate = load(tmp_path, {}, "x1")
    assert {a.environment for a in estate.units} == {"dev-x1", "prod-x1"}
    found = unit(estate, f"{HERE}-x1/kms")
    assert (found.environment_name, found.suffix, found.inputs["name"]) == (
        "dev",
        "x1",
        "dev-x1-us-east-1",
    )


def test_the_option_wins_over_the_key_and_may_be_empty(tmp_path: Path) -> None:
    changes = {
        "live/docs/us-east-1/dev/env.yaml": "suffix: a1\n",
        "live/docs/eu-west-1/dev/env.yaml": "suffix: a1\n",
    }
    root = build_estate(tmp_path, {**two_region_files(), **changes})
    assert {a.environment for a in load_project(root).estate.units} == {"dev-a1", "prod"}
    assert {a.environment for a in load_project(root, suffix="b2").estate.units} == {
        "dev-b2",
        "prod-b2",
    }
    assert {a.environment for a in load_project(root, suffix="").estate.units} == {"dev", "prod"}


def test_a_suffix_that_is_no_name_is_wrong_usage(estate_root: Path) -> None:
    with pytest.raises(UsageError):
        load_project(estate_root, suffix="A b")


def test_levels_win_in_order(tmp_path: Path) -> None:
    inputs = "inputs: {{name: {0}}}\ntags: {{level: {0}, {0}: x}}\n"
    config = two_region_files()["config.yaml"].replace(
        "name: ${self.environment}-${self.region}", "name: p"
    )
    estate = load(
        tmp_path,
        {
            "config.yaml": config,
            "live/docs/account.yaml": inputs.format("a"),
            "live/docs/us-east-1/region.yaml": inputs.format("r"),
            "live/docs/us-east-1/dev/env.yaml": inputs.format("e"),
        },
    )
    assert [
        unit(estate, f"docs/{place}/kms").inputs["name"]
        for place in ("us-east-1/dev", "us-east-1/prod", "eu-west-1/dev")
    ] == ["e", "r", "a"]
    assert unit(estate, f"{HERE}/kms").tags == {
        "a": "x",
        "e": "x",
        "level": "e",
        "project": "demo",
        "r": "x",
    }


def test_own_inputs_win_over_common_ones(tmp_path: Path) -> None:
    estate = load(tmp_path, changed("kms: {}", "kms: {inputs: {name: own}}"))
    assert unit(estate, f"{HERE}/kms").inputs == {"name": "own"}


def test_wider_scopes_have_one_unit_and_a_home_region(tmp_path: Path) -> None:
    config = changed("kms: {}", "kms: {scope: account}\n  roles: {scope: environment}")
    estate = load(
        tmp_path,
        {
            **config,
            **terraform_module("roles", ["name"]),
            "live/docs/eu-west-1/region.yaml": "modules: {roles: {inputs: {name: never}}}\n",
            "live/docs/eu-west-1/only/env.yaml": "modules: {roles: {inputs: {name: home}}}\n",
        },
    )
    kms, roles = unit(estate, "docs/global/global/kms"), unit(estate, "docs/global/dev/roles")
    assert (kms.region, kms.peer_region, kms.inputs["name"]) == (
        "us-east-1",
        "eu-west-1",
        "global-us-east-1",
    )
    assert (roles.region, roles.inputs["name"]) == ("us-east-1", "dev-us-east-1")
    assert unit(estate, "docs/global/only/roles").region == "eu-west-1"
    assert unit(estate, "docs/global/only/roles").inputs["name"] == "home"
    assert unit(estate, f"{HERE}/bucket").inputs["key"] == reference("docs/global/global/kms")


def test_an_output_may_be_named_like_a_region_word(tmp_path: Path) -> None:
    changes = changed("kms: {}", "kms: {scope: environment}")
    changes["config.yaml"] = changes["config.yaml"].replace("${kms.arn}", "${kms.source.id}")
    estate = load(tmp_path, {**changes, **terraform_module("kms", ["name"], ["source"])})
    assert unit(estate, f"{HERE}/bucket").inputs["key"] == reference(
        "docs/global/dev/kms", "source", "id"
    )


def test_after_orders_without_a_value(tmp_path: Path) -> None:
    estate = load(
        tmp_path,
        changed("kms: {}", "kms: {}\n  last: {after: [kms, api]}") | terraform_module("last"),
    )
    last = Address.parse(f"{HERE}/last")
    edges = [edge for edge in estate.edges if edge.unit == last]
    assert [(str(e.upstream), e.outputs, str(e.positions[0])) for e in edges] == [
        (f"{HERE}/api", frozenset(), "config.yaml:11"),
        (f"{HERE}/kms", frozenset(), "config.yaml:11"),
    ]
    assert estate.units[last].after == {e.upstream for e in edges}


def test_after_joins_scopes_by_what_they_share(tmp_path: Path) -> None:
    config = changed("kms: {}", "kms: {}\n  last: {scope: environment, after: [kms]}")
    estate = load(tmp_path, config | terraform_module("last"))
    assert {str(a) for a in unit(estate, "docs/global/dev/last").after} == {
        f"{HERE}/kms",
        f"{THERE}/kms",
    }


def test_after_and_a_reference_make_one_edge(tmp_path: Path) -> None:
    estate = load(
        tmp_path, changed("  bucket:\n    inputs", "  bucket:\n    after: [kms]\n    inputs")
    )
    edges = [e for e in estate.edges if str(e.unit) == f"{HERE}/bucket"]
    assert [(e.outputs, [p.line for p in e.positions]) for e in edges] == [({"arn"}, [12, 14])]
    assert unit(estate, f"{HERE}/bucket").after == {Address.parse(f"{HERE}/kms")}


S3 = """
backend:
  type: s3
  module: state
  bucket: "${self.environment}-${self.region}-${self.role}-state"
  lock_table: "${self.environment}-lock"
"""


def test_backends_and_their_bootstrap_unit(tmp_path: Path) -> None:
    config = changed("kms: {}", "kms: {}\n  state: {scope: environment}")
    config["config.yaml"] += S3
    estate = load(tmp_path, config | terraform_module("state"))
    state, kms = Address.parse("docs/global/dev/state"), Address.parse(f"{THERE}/kms")
    assert estate.units[kms].backend == Backend(
        type="s3",
        key=f"{THERE}/kms/terraform.tfstate",
        bucket="dev-us-east-1-source-state",
        region="us-east-1",
        lock_table="dev-lock",
        use_lockfile=True,
    )
    assert [a.environment for a, u in estate.units.items() if u.bootstrap] == ["dev", "prod"]
    made = [e for e in estate.edges if e.upstream == state]
    assert len(made) == 9
    assert made[-1] == Edge(state, made[-1].unit, frozenset(), made[-1].positions)
    assert [str(p) for p in made[-1].positions] == ["config.yaml:30"]
    assert not [e for e in estate.edges if e.unit == state]


def test_a_regional_backend_module_and_a_level_without_it(tmp_path: Path) -> None:
    config = changed("kms: {}", "kms: {}\n  state: {}")
    config["config.yaml"] += S3 + "  region: target\n"
    prod = "backend: {type: local}\n"
    estate = load(
        tmp_path,
        config
        | terraform_module("state")
        | {"live/docs/us-east-1/prod/env.yaml": prod, "live/docs/eu-west-1/prod/env.yaml": prod},
    )
    makers = {str(e.upstream) for e in estate.edges if e.upstream.module == "state"}
    assert makers == {f"{THERE}/state"}
    assert [str(a) for a, u in estate.units.items() if u.bootstrap] == [f"{THERE}/state"]
    assert unit(estate, f"{HERE}/state").after == {Address.parse(f"{THERE}/state")}
    assert unit(estate, f"{HERE}/kms").backend.bucket == "dev-eu-west-1-target-state"
    assert unit(estate, "docs/us-east-1/prod/kms").backend == Backend(
        type="local", key="docs/us-east-1/prod/kms/terraform.tfstate"
    )


def test_accounts_imports_and_flags(tmp_path: Path) -> None:
    account = """\
        account_id: "000000000001"
        sandbox: true
        assume_role: {role_arn: "arn:x", session_name: s}
        """
    env = "modules: {kms: {imports: [{to: terraform_data.this, id: '${self.environment}-k'}]}}\n"
    config = changed("  kms: {}", "  kms: {isolate: true}")
    config["config.yaml"] += "stateful: [mongodbatlas_cluster]\n"
    changes = {"live/docs/account.yaml": account, "live/docs/us-east-1/dev/env.yaml": env}
    estate = load(tmp_path, config | changes)
    assert estate.accounts["docs"].sandbox
    assert estate.accounts["docs"].assume_role == AssumeRole("arn:x", None, "s")
    assert unit(estate, f"{HERE}/kms").isolate
    assert unit(estate, f"{HERE}/kms").imports == (Import("terraform_data.this", "dev-k"),)
    assert unit(estate, f"{THERE}/kms").imports == ()
    assert estate.stateful == DEFAULT | {"mongodbatlas_cluster"}


def test_problems_come_all_at_once_and_each_once(tmp_path: Path) -> None:
    config = changed("${bucket.source.arn}", "${bucket.source.arm}")
    config["config.yaml"] = config["config.yaml"].replace("key: ${kms.arn}", "keyy: ${kms.arn}", 1)
    changes = {"live/docs/account.yaml": "account_id: 1\n", "modules/table/x.tf": "variable {"}
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, config | changes)
    places = [str(p.position) for p in caught.value.problems]
    assert sorted(places) == [
        "config.yaml:12",
        "config.yaml:13",
        "config.yaml:24",
        "live/docs/account.yaml:1",
        "modules/table/x.tf:1",
    ]
    assert any("and 3 more" in p.message for p in caught.value.problems)


def test_a_module_with_problems_of_its_own_causes_no_others(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, changed("  kms: {}", "  kms: {enabled: maybe, source: nowhere}"))
    assert [p.message for p in caught.value.problems] == [
        "`modules.kms.enabled` must be true or false, not text",
        "module `kms`: no *.tf file in nowhere",
    ]


@pytest.mark.parametrize(
    ("own", "value"),
    [
        ("{}", {"a": "1", "b": "2"}),
        ("{b: '3', c: '4'}", {"a": "1", "b": "3", "c": "4"}),
        ("null", None),
    ],
)
def test_a_map_of_a_module_s_own_merges_over_the_common_one(
    tmp_path: Path, own: str, value: Value
) -> None:
    changes = changed("bucket: ${bucket.arn}", f"bucket: {own}")
    changes["modules/api/variables.tf"] = (
        'variable "name" {}\nvariable "table" {}\nvariable "bucket" {}\n'
    )
    config = changes["config.yaml"]
    common = "inputs:\n  bucket: {a: '1', b: '2'}\n"
    changes["config.yaml"] = config.replace("\ninputs:\n", f"\n{common}", 1)
    assert api_input(load(tmp_path, changes)) == value
