"""Which roots a stage runs in."""

from __future__ import annotations

import pytest
from run_words import RESOURCE, at, inside, stage
from run_world import World, root_for

from pytg.run.roots import roots_of

pytestmark = pytest.mark.timeout(60)


def test_a_stage_has_a_root_for_all_or_its_unit_s_own(chain: World) -> None:
    execution = chain.execution()
    (whole,) = roots_of(execution, stage("a", "b", number=2))
    assert whole.composed
    assert [unit.address for unit in whole.units] == [at("a"), at("b")]
    assert whole.calls.unit_of(inside("b")) == (at("b"), RESOURCE)
    assert whole.log("plan") == execution.directory / "plan-2.jsonl"
    (own,) = roots_of(execution, stage("b", composed=False))
    assert not own.composed
    assert own.workdir == chain.estate.root / ".pytg" / "units" / str(at("b"))
    assert own.calls.unit_of(f"module.b.{RESOURCE}") == (at("b"), RESOURCE)
    _, again = roots_of(execution, stage("a", "b", composed=False))
    assert (again.workdir, again.log("apply")) == (own.workdir, own.log("apply"))
    assert own.log("apply") == execution.directory / "units" / str(at("b")) / "apply.jsonl"


def test_the_same_units_have_the_same_root_in_any_order(chain: World) -> None:
    execution = chain.execution()
    one, other = root_for(execution, "a", "b"), root_for(execution, "b", "a")
    assert one.workdir == other.workdir
    assert one.workdir != root_for(execution, "a").workdir
