"""One plan of a whole stage: what it is made from, and how it is made where that is not there."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from run_words import at, creating, diagnostic, inside, stage, unknown
from run_world import World, events, once_there, planned, root_for

from pytg.compose.shape import shape_of
from pytg.errors import Refused
from pytg.generate.composed import SECRETS
from pytg.model import Output
from pytg.record.run_events import Recovered
from pytg.recovery.journal import APPLYING, JOURNAL, SNAPSHOT, STATE, Journal, Locked, ProcessId
from pytg.recovery.unrecorded import remember
from pytg.run.composed_plan import plan_composed
from pytg.run.plan_failure import PlanFailed
from support.memory_store import composed

Make = Callable[..., World]
pytestmark = pytest.mark.timeout(60)


def test_it_is_made_from_the_states_of_its_units(chain: World) -> None:
    chain.hold("a", serial=3)
    chain.hold("b", serial=4)
    chain.plans("c")
    plan = planned(chain, "a", "b", "c")
    merged = json.loads((plan.root.workdir / STATE).read_text())
    assert {resource["module"] for resource in merged["resources"]} == {
        f"module.{at(name).slug}" for name in "ab"
    }
    assert merged["serial"] == 7
    (downstream,) = (r for r in merged["resources"] if r["module"] == f"module.{at('b').slug}")
    assert downstream["instances"][0]["dependencies"] == [inside("a")]
    assert set(plan.read) == {at(name) for name in "abc"}
    assert [unit.address for unit, _ in plan.shapes] == [at(name) for name in "abc"]
    assert plan.changes[at("c")] == creating("c")


def test_order_goes_on_through_units_outside_of_it(make: Make) -> None:
    """`c` needs `a` through `b`, which holds nothing and is not selected."""
    chain = make(reads={"a": (), "b": ("a",), "c": ("b",)}, traits={"c": {"inputs": {}}})
    chain.hold("a")
    chain.hold("c")
    plan = planned(chain, "a", "c")
    merged = json.loads((plan.root.workdir / STATE).read_text())
    (last,) = (r for r in merged["resources"] if r["module"] == f"module.{at('c').slug}")
    assert last["instances"][0]["dependencies"] == [inside("a")]


def test_the_snapshot_of_an_earlier_run_is_gone(chain: World) -> None:
    root = root_for(chain.execution(), "a")
    root.workdir.mkdir(parents=True)
    (root.workdir / SNAPSHOT).write_bytes(composed(at("a")))
    plan_composed(root, stage("a"))
    assert not (root.workdir / SNAPSHOT).exists()


def test_what_is_read_from_outside_is_read_and_watched(chain: World) -> None:
    chain.hold("a", outputs={"arn": "the arn"})
    plan = planned(chain, "b")
    assert set(plan.read) == {at("a"), at("b")}
    assert any("the arn" in file.read_text() for file in plan.root.workdir.glob("*.tf"))


@pytest.mark.parametrize("code", [0, 1])
def test_a_secret_lies_in_a_file_of_the_owner_while_it_plans(
    chain: World, tmp_path: Path, code: int
) -> None:
    """However large: an environment would not hold it."""
    upstream = chain.estate.units[at("a")]
    secret = {"arn": Output("arn", sensitive=True, description="")}
    upstream = replace(upstream, module=replace(upstream.module, outputs=secret))
    chain.estate = replace(chain.estate, units={**chain.estate.units, at("a"): upstream})
    value = "s3cret\0${x}" * 40_000
    chain.hold("a", outputs={"arn": value})
    started, seen = tmp_path / "started", tmp_path / "seen"
    chain.fake.rule(command="plan", touch=started, wait_for=seen, exit=code)
    file = chain.workdir("b") / SECRETS
    found: list[object] = []

    def look() -> None:
        found.extend([file.stat().st_mode & 0o777, json.loads(file.read_text())])
        seen.touch()

    with once_there(started, look), contextlib.suppress(PlanFailed):
        planned(chain, "b")
    assert found == [0o600, {f"{at('a').slug}__arn": value}]
    assert not file.exists()
    (call,) = chain.fake.calls("plan")
    assert "s3cret" not in str(call["env"])


def test_what_was_never_applied_is_refused(chain: World) -> None:
    with pytest.raises(Refused):
        planned(chain, "b")
    assert chain.fake.calls() == []


@pytest.mark.parametrize(("asked", "shown"), [(None, 30), (4, 4)])
def test_so_many_operations_at_a_time(chain: World, asked: int | None, shown: int) -> None:
    planned(chain, "a", parallelism=asked)
    (call,) = chain.fake.calls("plan")
    assert f"-parallelism={shown}" in call["argv"]
    assert "-refresh=false" not in call["argv"]


def refreshes(world: World) -> list[bool]:
    return ["-refresh=false" not in call["argv"] for call in world.fake.calls("plan")]


def test_a_destroy_does_not_refresh_with_a_value_that_is_gone(chain: World) -> None:
    chain.hold("b")
    planned(chain, "b", destroy=True)
    assert refreshes(chain) == [False]


def test_a_destroy_whose_refresh_asks_for_what_is_not_known_goes_by_the_state(
    chain: World,
) -> None:
    chain.fake.rule(command="plan", events=[unknown("b")], exit=1)
    chain.hold("a")
    with pytest.raises(PlanFailed):
        planned(chain, "a", "b", destroy=True)
    assert refreshes(chain) == [True, False]


@pytest.mark.parametrize(
    ("destroy", "said"), [(False, unknown("b")), (True, diagnostic("No", inside("b")))]
)
def test_another_failure_is_told_at_once(
    chain: World, said: dict[str, Any], *, destroy: bool
) -> None:
    chain.fake.rule(command="plan", events=[said], exit=1)
    with pytest.raises(PlanFailed):
        planned(chain, "a", "b", destroy=destroy)
    assert refreshes(chain) == [True]


@pytest.mark.parametrize("destroy", [True, False])
def test_a_destroy_names_every_edge(chain: World, *, destroy: bool) -> None:
    """A value that is known ahead is no order to Terraform."""
    plan = planned(chain, "a", "b", destroy=destroy)
    main = (plan.root.workdir / "main.tf").read_text()
    assert ("depends_on" in main) is destroy


def test_a_run_that_died_there_meanwhile_is_recovered(chain: World) -> None:
    execution = chain.execution()
    root = root_for(execution, "a")
    root.workdir.mkdir(parents=True)
    (root.workdir / STATE).write_bytes(composed(at("a")))
    unit = chain.estate.units[at("a")]
    alive = ProcessId(os.getpid(), 1.0, socket.gethostname())
    locked = (Locked.of(unit, shape_of(chain.estate, unit)),)
    Journal("run-1", "id-1", (str(at("a")),), locked, alive, phase=APPLYING).write(root.workdir)
    plan = plan_composed(root, stage("a"))
    assert plan.read[at("a")].state is not None
    assert events(execution, Recovered) == [Recovered((at("a"),))]
    assert not (root.workdir / JOURNAL).exists()


def test_a_plan_that_a_dead_run_left_at_work_does_not_stand_in_the_way(chain: World) -> None:
    """It holds Terraform's lock of the local state for a while, and only reads that."""
    planned(chain, "a")
    (call,) = chain.fake.calls("plan")
    assert "-lock=false" in call["argv"]


BUCKET = "aws_s3_bucket.this"


def test_what_may_exist_is_imported(chain: World) -> None:
    remember(chain.estate.root, {at("a"): {BUCKET: ""}})
    chain.plans("a", resource=BUCKET)
    chain.fake.rule(command="show", events=[shown("a", {"bucket": "its-name"})])
    plan = planned(chain, "a")
    main = (plan.root.workdir / "main.tf").read_text()
    assert inside("a", BUCKET) in main
    assert "its-name" in main
    assert len(chain.fake.calls("plan")) == 2


def shown(name: str, after: dict[str, Any]) -> dict[str, Any]:
    """What `terraform show` says of a plan that creates the bucket of a unit."""
    change = {"actions": ["create"], "before": None, "after": after}
    planned = {"address": inside(name, BUCKET), "type": "aws_s3_bucket", "name": "this"}
    return {"format_version": "1.2", "resource_changes": [{**planned, "change": change}]}
