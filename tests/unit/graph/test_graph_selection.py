from __future__ import annotations

import shlex
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytg.errors import EmptySelection, UsageError
from pytg.graph.build import build_graph
from pytg.graph.selection import Selection, Selectors, select_units
from pytg.model import Address
from support.estate_in_memory import estate_of, platform_estate, small_estate, unit_at

SMALL = small_estate()
GRAPH = build_graph(SMALL)


def pick(*select: str, exclude: Sequence[str] = (), **options: object) -> Selection:
    selectors = Selectors(select=select, exclude=tuple(exclude), **options)  # type: ignore[arg-type]
    return select_units(SMALL, GRAPH, selectors)


def chosen(*select: str, exclude: Sequence[str] = (), **options: object) -> set[Address]:
    try:
        return set(pick(*select, exclude=exclude, **options).units)
    except EmptySelection:
        return set()


VECTORS = [
    ("env:dev,region:eu-west-1", 5, {"api", "bucket", "kms", "replication", "table"}),
    ("+module:api,env:prod", 8, {"api", "bucket", "kms", "table"}),
    ("env:prod,module:replication", 1, {"replication"}),
    ("env:prod,+module:replication", 5, {"replication", "bucket", "kms"}),
    ("env:prod,1+module:replication", 3, {"replication", "bucket"}),
    ("env:dev,module:kms+1", 6, {"kms", "bucket", "table"}),
    ("env:dev,@module:table,region:us-east-1", 4, {"api", "bucket", "kms", "table"}),
    ("*", 18, {"api", "bucket", "kms", "replication", "table"}),
    ("replication", 2, {"replication"}),
    ("docs/eu-west-1/dev/api", 1, {"api"}),
    ("*/us-east-1/*/b*", 2, {"bucket"}),
    ("account:docs,module:[ab]*", 8, {"api", "bucket"}),
    ("path:live/docs/us-east-1/dev/env.yaml", 4, {"kms", "bucket", "table", "api"}),
    ("path:modules/kms/main.tf", 4, {"kms"}),
    ("path:modules/kms", 4, {"kms"}),
    ("path:config.yaml", 18, {"api", "bucket", "kms", "replication", "table"}),
    ("path:live/docs/us-east-1", 8, {"kms", "bucket", "table", "api"}),
    ("0+module:api", 4, {"api"}),
]


@pytest.mark.parametrize(("expression", "count", "modules"), VECTORS, ids=[v[0] for v in VECTORS])
def test_grammar(expression: str, count: int, modules: set[str]) -> None:
    selection = pick(expression)
    assert len(selection.units) == count
    assert {unit.module for unit in selection.units} == modules
    assert set(selection.reasons) == set(selection.units)


def test_blanks_and_repeated_options_unite() -> None:
    both = chosen("module:kms", "module:api")
    assert both == chosen("module:kms module:api") == chosen("module:kms") | chosen("module:api")


def test_short_options_unite_within_and_intersect_between() -> None:
    assert chosen(env=("dev", "prod"), module=("api",)) == chosen("module:api")
    assert chosen(env=("dev",), region=("us-east-1",)) == chosen("env:dev,region:us-east-1")
    assert chosen("+module:api", env=("prod",)) == chosen("env:prod,+module:api")
    assert chosen(account=("docs",)) == chosen("*")


def test_without_options_everything_is_selected() -> None:
    selection = pick()
    assert len(selection.units) == 18
    assert selection.canonical == "*"


def test_units_come_in_run_order() -> None:
    modules = [unit.module for unit in pick("env:dev,region:us-east-1").units]
    assert modules == ["kms", "bucket", "table", "api"]


def test_reasons_name_the_expression_and_the_nearest_unit() -> None:
    reasons = {
        str(unit): why for unit, why in pick("env:prod,1+module:replication").reasons.items()
    }
    assert reasons["docs/eu-west-1/prod/replication"] == "env:prod, and 1+module:replication"
    assert reasons["docs/us-east-1/prod/bucket"] == (
        "env:prod, and needed by docs/eu-west-1/prod/replication (1+module:replication)"
    )
    reasons = {str(unit): why for unit, why in pick("docs/eu-west-1/dev/kms+").reasons.items()}
    assert "needs docs/eu-west-1/dev/kms" in reasons["docs/eu-west-1/dev/replication"]


def test_an_environment_is_found_by_bare_and_by_full_name() -> None:
    estate = estate_of([unit_at("docs/eu-west-1/dev-a1/kms", "a1"), "docs/global/global/backend"])
    graph = build_graph(estate)
    for selectors in (
        Selectors(env=("dev",)),
        Selectors(env=("dev-a1",)),
        Selectors(suffix="a1"),
        Selectors(select=("suffix:a*",)),
        Selectors(suffix="a1", env=("dev",)),
    ):
        units = select_units(estate, graph, selectors).units
        assert [str(unit) for unit in units] == ["docs/eu-west-1/dev-a1/kms"]


def test_tags_match_by_key_and_by_value() -> None:
    estate = estate_of(
        [
            unit_at("a/r/e/x", tags={"phase": "seed", "owner": "a+b"}),
            unit_at("a/r/e/y", tags={"phase": "sync"}),
        ]
    )
    graph = build_graph(estate)
    found = {
        text: "".join(
            unit.module for unit in select_units(estate, graph, Selectors(select=(text,))).units
        )
        for text in ("tag:phase", "tag:phase=sync", "tag:owner=a+b", "tag:phase=s*")
    }
    assert found == {
        "tag:phase": "xy",
        "tag:phase=sync": "y",
        "tag:owner=a+b": "x",
        "tag:phase=s*": "xy",
    }


def test_environment_wide_units_read_the_files_of_their_home_region() -> None:
    estate = platform_estate(1)
    text = "path:live/docs/us-east-1/env0/env.yaml"
    units = select_units(estate, build_graph(estate), Selectors(select=(text,))).units
    assert {unit.region for unit in units} == {"us-east-1", "global"}
    assert "backend" not in {unit.module for unit in units}


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"region": ("mars-1",)}, "no region matches `mars-1`", "known: eu-west-1, us-east-1"),
        ({"env": ("prd",)}, "no env matches `prd`", "did you mean prod?"),
        ({"module": ("replcation",)}, "no module matches", "did you mean replication?"),
        ({"account": ("x",)}, "no account matches", "known: docs"),
        ({"select": ("docs/eu-west-1/dev/ap",)}, "no address or module", "docs/eu-west-1/dev/api"),
        ({"select": ("tabel",)}, "no address or module matches `tabel`", "did you mean table?"),
        ({"select": ("ap*",)}, "no address or module matches `ap*`", ""),
        ({"select": ("state:new",)}, "no selecting method `state:`", "account, env, module, path"),
        ({"select": ("git:main",)}, "no selecting method `git:`", "region, suffix, tag"),
        ({"exclude": ("module:nope",)}, "no module matches `nope`", "known: api"),
        ({"select": ("tag:x",)}, "no tag matches `x`", ""),
        ({"select": ("",)}, "empty selecting expression", "every unit"),
        ({"select": ("a,,b",)}, "no address or module matches `a`", ""),
        ({"select": ("api,",)}, "cannot read ``", "a factor is"),
        ({"select": ("++api",)}, "cannot read `++api`", "a factor is"),
        ({"select": ("@+api",)}, "cannot read `@+api`", "a factor is"),
        ({"select": ("@api+",)}, "no address or module matches `api+`", "did you mean api?"),
        ({"env": ("dev,prod",)}, "one value at a time", "--env A --env B"),
        ({"module": ("+api",)}, "cannot read `module:+api`", "a factor is"),
    ],
)
def test_unknown_and_malformed_are_usage_errors(
    options: dict[str, tuple[str, ...]], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as raised:
        select_units(SMALL, GRAPH, Selectors(**options))  # type: ignore[arg-type]
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert raised.value.exit_code == 4


def test_good_expressions_without_a_common_unit_are_an_empty_selection() -> None:
    with pytest.raises(EmptySelection) as raised:
        pick("module:replication", region=("us-east-1",))
    assert "region:us-east-1,module:replication" in raised.value.message
    assert "region:us-east-1: 8; module:replication: 2" in raised.value.hint
    with pytest.raises(EmptySelection):
        pick(exclude=["*"])


def test_a_region_without_units_is_known() -> None:
    estate = estate_of(["docs/us-east-1/dev/kms"])
    with pytest.raises(EmptySelection):
        select_units(estate, build_graph(estate), Selectors(region=("eu-west-1",)))


@pytest.mark.parametrize("option", ["account", "region", "env", "module", "select"])
def test_given(option: str) -> None:
    assert not Selectors().given
    assert not Selectors(exclude=("x",)).given, "it would be nearly the whole estate"
    assert Selectors(**{option: ("x",)}).given  # type: ignore[arg-type]
    assert Selectors(suffix="x").given


atoms = st.sampled_from(
    ["*", "kms", "module:api", "env:dev", "env:prod", "region:eu-west-1", "*/us-east-1/*/table"]
)
factors = st.one_of(
    atoms,
    st.builds("{}+{}".format, st.sampled_from(["", "1", "2"]), atoms),
    st.builds("{}+{}".format, atoms, st.sampled_from(["", "1", "2"])),
    st.builds("@{}".format, atoms),
)
terms = st.lists(factors, min_size=1, max_size=3).map(",".join)
expressions = st.lists(terms, min_size=1, max_size=3).map(" ".join)


@given(atoms)
def test_growing_contains_the_seed_and_more_steps_contain_fewer(atom: str) -> None:
    seed = chosen(atom)
    assert seed <= chosen(f"1+{atom}") <= chosen(f"2+{atom}") <= chosen(f"+{atom}")
    assert seed <= chosen(f"{atom}+1") <= chosen(f"{atom}+2") <= chosen(f"{atom}+")
    assert chosen(f"+{atom}+") == chosen(f"+{atom}") | chosen(f"{atom}+") <= chosen(f"@{atom}")
    assert chosen(f"{atom}+0") == seed


@given(expressions, expressions)
def test_set_laws(left: str, right: str) -> None:
    assert chosen(left, right) == chosen(f"{left} {right}") == chosen(left) | chosen(right)
    assert chosen(left, exclude=[right]) == chosen(left) - chosen(right)
    assert chosen(exclude=[left]) == chosen("*") - chosen(left)
    assert chosen("*", left) == chosen("*")


@given(terms, terms)
def test_a_comma_intersects(left: str, right: str) -> None:
    assert chosen(f"{left},{right}") == chosen(left) & chosen(right)


@given(
    st.lists(expressions, max_size=2),
    st.lists(expressions, max_size=2),
    st.lists(st.sampled_from(["dev", "prod"]), max_size=2),
    st.lists(st.sampled_from(["eu-west-1", "us-east-1"]), max_size=2),
)
def test_the_canonical_form_selects_the_same(
    select: list[str], exclude: list[str], env: list[str], region: list[str]
) -> None:
    options = {"env": tuple(env), "region": tuple(region)}
    expected = chosen(*select, exclude=exclude, **options)
    assume(expected)
    canonical = pick(*select, exclude=exclude, **options).canonical
    wanted, _, without = canonical.partition(" --exclude ")
    assert chosen(wanted, exclude=[without] if without else []) == expected
    assert shlex.split(canonical) == canonical.split()
