"""One unit in its own root: planned, held to what was approved, applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from run_words import RESOURCE, at, creating, hook, state_of
from run_world import World, events, rooted, statuses

from pytg.compose.changes import ResourceAction, UnitChanges
from pytg.errors import Refused, StalePlan
from pytg.model import Address, Unit
from pytg.record.run import Changes, Outcome, Status
from pytg.record.run_events import UnitProgress
from pytg.recovery.journal import ERRORED_STATE
from pytg.recovery.unrecorded import remember, remembered
from pytg.run import root_directory as root_module
from pytg.run.approved import Approved
from pytg.run.execution import Execution
from pytg.run.per_unit import apply_unit, plan_unit, run_unit
from support.memory_store import composed

Make = Callable[..., World]
THIS = f"module.a.{RESOURCE}"
BUCKET = "aws_s3_bucket.this"
pytestmark = pytest.mark.timeout(60)


def unit_run(
    execution: Execution, approved: Mapping[Address, UnitChanges] | None = None
) -> tuple[Outcome, dict[Address, UnitChanges]]:
    """How `a` ended, and what was found to change."""
    found: dict[Address, UnitChanges] = {}
    shown = None if approved is None else Approved(approved)
    return run_unit(execution, execution.estate.units[at("a")], shown, found), found


def test_a_plan_is_made_in_the_unit_s_own_root(chain: World) -> None:
    chain.plans("a", cwd="units")
    root = rooted(chain, "a", composed=False, lock_timeout=2.6)
    plan = plan_unit(root)
    assert plan.changes == {at("a"): creating("a")}
    (call,) = chain.fake.calls("plan")
    assert "-lock-timeout=3s" in call["argv"]
    assert call["cwd"] == str(root.workdir)
    assert (root.workdir / "backend.tf").exists()
    assert root.execution.record.run.units[at("a")].log == f"units/{at('a')}/plan.jsonl"


def test_exactly_that_plan_is_applied_and_its_progress_told(chain: World) -> None:
    chain.plans("a", cwd="units")
    plan = plan_unit(rooted(chain, "a", composed=False, lock_timeout=7))
    assert apply_unit(plan) == Outcome(Status.SUCCEEDED, made=1)
    (call,) = chain.fake.calls("apply")
    assert {"-lock-timeout=7s", "-parallelism=30", plan.root.plan_file.name} <= set(call["argv"])
    execution = plan.root.execution
    assert events(execution, UnitProgress) == [UnitProgress(at("a"), RESOURCE, "create", 1, 1)]
    assert execution.record.run.units[at("a")].log == f"units/{at('a')}/apply.jsonl"


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (None, "was removed while it was applied"),
        (b"{}", "cannot be read"),
        (state_of("a", "terraform_data.other"), "another state was written"),
    ],
)
def test_what_is_in_no_state_after_an_apply_that_went_well_is_unknown(
    chain: World, stored: bytes | None, why: str
) -> None:
    """Terraform writes into a file that somebody removed, and ends as if nothing were wrong."""
    chain.plans("a", cwd="units")
    chain.fake.rule(command="apply", saves=False)
    plan = plan_unit(rooted(chain, "a", composed=False))
    if stored is not None:
        chain.store.states[str(at("a"))] = stored
    outcome = apply_unit(plan)
    assert (outcome.status, outcome.unknown_resources) == (Status.UNKNOWN, (RESOURCE,))
    assert why in outcome.reason
    assert remembered(chain.estate.root) == {at("a"): {RESOURCE: ""}}


def test_a_state_that_is_gone_is_told_also_where_nothing_was_made(chain: World) -> None:
    chain.fake.rule(command="plan", resources=[])
    chain.fake.rule(command="apply", saves=False)
    plan = plan_unit(rooted(chain, "a", composed=False))
    gone = ResourceAction(RESOURCE, "delete", "terraform_data")
    plan = replace(plan, changes={at("a"): UnitChanges(at("a"), delete=1, resources=(gone,))})
    assert apply_unit(plan).status is Status.FAILED


def test_another_plan_in_its_place_is_stale(chain: World) -> None:
    chain.plans("a", cwd="units")
    plan = plan_unit(rooted(chain, "a", composed=False))
    plan.root.plan_file.write_text("another plan")
    with pytest.raises(StalePlan):
        apply_unit(plan)
    assert chain.fake.calls("apply") == []


def test_what_a_killed_terraform_made_is_unknown_and_remembered(chain: World) -> None:
    chain.plans("a", cwd="units")
    chain.fake.rule(
        command="apply",
        events=[hook("apply_start", THIS), hook("apply_complete", THIS)],
        kill=True,
    )
    plan = plan_unit(rooted(chain, "a", composed=False))
    assert apply_unit(plan).unknown_resources == (RESOURCE,)
    assert remembered(chain.estate.root) == {at("a"): {RESOURCE: ""}}


def test_what_a_killed_terraform_made_and_recorded_is_known(chain: World) -> None:
    chain.plans("a", cwd="units")
    chain.fake.rule(
        command="apply",
        events=[hook("apply_start", THIS), hook("apply_complete", THIS)],
        kill=True,
    )
    chain.store.states[str(at("a"))] = state_of("a", RESOURCE)
    outcome = apply_unit(plan_unit(rooted(chain, "a", composed=False)))
    assert (outcome.status, outcome.unknown_resources) == (Status.FAILED, ())
    assert remembered(chain.estate.root) == {}


def test_a_failed_apply_leaves_nothing_unknown(chain: World) -> None:
    chain.plans("a", cwd="units")
    failing = [hook("apply_start", THIS), hook("apply_errored", THIS)]
    chain.fake.rule(command="apply", events=failing, exit=1)
    outcome = apply_unit(plan_unit(rooted(chain, "a", composed=False)))
    assert (outcome.status, outcome.unknown_resources) == (Status.FAILED, ())
    assert remembered(chain.estate.root) == {}


@pytest.mark.parametrize("left", [ERRORED_STATE, "another.tfstate"])
def test_what_a_failed_apply_made_is_in_the_state_it_left_or_unknown(
    chain: World, left: str
) -> None:
    made = [hook("apply_start", THIS), hook("apply_complete", THIS)]
    state = composed(at("a")).decode().replace(at("a").slug, "a")
    chain.plans("a", cwd="units")
    chain.fake.rule(command="apply", events=made, writes={left: state}, exit=1)
    outcome = apply_unit(plan_unit(rooted(chain, "a", composed=False)))
    lost = {} if left == ERRORED_STATE else {at("a"): {THIS.removeprefix("module.a."): ""}}
    assert remembered(chain.estate.root) == lost
    assert outcome.unknown_resources == tuple(lost.get(at("a"), ()))


def test_what_may_exist_is_imported_and_the_files_are_plain_again(
    chain: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bool] = []
    prepare = root_module.prepare

    def looking(binary: Any, workdir: Any, files: dict[str, str], *more: Any, **rest: Any) -> Any:
        written.append("its-name" in files["main.tf"])
        return prepare(binary, workdir, files, *more, **rest)

    monkeypatch.setattr(root_module, "prepare", looking)
    remember(chain.estate.root, {at("a"): {BUCKET: ""}})
    chain.plans("a", cwd="units", resource=BUCKET)
    change = {"actions": ["create"], "before": None, "after": {"bucket": "its-name"}}
    planned = {"address": f"module.a.{BUCKET}", "type": "aws_s3_bucket", "name": "this"}
    document = {"format_version": "1.2", "resource_changes": [{**planned, "change": change}]}
    chain.fake.rule(command="show", events=[document])
    root = rooted(chain, "a", composed=False)
    plan_unit(root)
    assert len(chain.fake.calls("plan")) == 2
    assert written == [False, True]
    assert "its-name" not in (root.workdir / "main.tf").read_text()


def test_a_unit_that_does_not_change_is_not_applied(chain: World) -> None:
    outcome, found = unit_run(chain.execution())
    assert outcome == Outcome(Status.UNCHANGED)
    assert found == {at("a"): UnitChanges(at("a"))}
    assert chain.commands() == ["plan"]


def test_a_unit_that_changes_is_applied(chain: World) -> None:
    chain.plans("a", cwd="units")
    execution = chain.execution()
    outcome, found = unit_run(execution)
    assert outcome == Outcome(Status.SUCCEEDED, made=1)
    assert found == {at("a"): creating("a")}
    assert execution.record.run.units[at("a")].changes == Changes(create=1)
    assert chain.commands() == ["plan", "apply"]
    assert statuses(execution)["b"] is Status.PENDING


@pytest.mark.parametrize("more", [[], ["terraform_data.other"]])
def test_no_more_than_was_approved_is_applied(chain: World, more: list[str]) -> None:
    chain.plans("a", cwd="units")
    outcome, _ = unit_run(chain.execution(), {at("a"): creating("a", RESOURCE, *more)})
    assert outcome == Outcome(Status.SUCCEEDED, made=1)


@pytest.mark.parametrize(
    "approved",
    [{}, {at("a"): UnitChanges(at("a"))}, {at("a"): creating("a", "terraform_data.other")}],
)
def test_what_was_not_approved_is_not_applied(
    chain: World, approved: Mapping[Address, UnitChanges]
) -> None:
    chain.plans("a", cwd="units")
    with pytest.raises(Refused) as caught:
        unit_run(chain.execution(), approved)
    assert f"create {RESOURCE}" in caught.value.message
    assert chain.commands() == ["plan"]


def guarded(make: Make, kind: str, action: str) -> World:
    """`a` and its stateful bucket are protected; the plan does `action` to a `kind`."""
    world = make(
        reads={"a": ()},
        traits={"a": {"protected": True}},
        stateful=frozenset({"aws_s3_bucket"}),
    )
    where = {"addr": f"module.a.{kind}.this", "resource_type": kind}
    event = {"type": "planned_change", "change": {"resource": where, "action": action}}
    world.fake.rule(command="plan", resources=[where["addr"]], events=[event])
    return world


def test_a_stateful_resource_of_the_unit_stays(make: Make) -> None:
    world = guarded(make, "aws_s3_bucket", "delete")
    with pytest.raises(Refused) as caught:
        unit_run(world.execution())
    assert f"--allow-loss '{at('a')}:{BUCKET}'" in caught.value.hint
    assert world.fake.calls("apply") == []
    allowed = world.execution(allow_loss=frozenset({f"{at('a')}:{BUCKET}"}))
    assert unit_run(allowed)[0].status is Status.SUCCEEDED


@pytest.mark.parametrize("seen", [True, False])
def test_what_nobody_saw_is_held_against_what_is_there(make: Make, *, seen: bool) -> None:
    """What a person approved was looked at when it was planned."""
    kind = "aws_s3_bucket_policy"
    world = guarded(make, kind, "create")
    change = {"actions": ["create"], "before": None, "after": {"bucket": "mine"}}
    planned = {"address": f"module.a.{kind}.this", "type": kind, "name": "this"}
    document = {"format_version": "1.2", "resource_changes": [{**planned, "change": change}]}
    world.fake.rule(command="show", events=[document])
    asked: list[str] = []

    def there(_unit: Unit, _kind: str, bucket: str) -> str:
        asked.append(bucket)
        return "{}"

    execution = world.execution(overwritten=there)
    approved: Any = {at("a"): creating("a", f"{kind}.this")} if seen else None
    if seen:
        assert unit_run(execution, approved)[0].status is Status.SUCCEEDED
    else:
        with pytest.raises(Refused):
            unit_run(execution, approved)
    assert asked == ([] if seen else ["mine"])
