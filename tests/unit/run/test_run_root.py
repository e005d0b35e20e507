"""A root module on disk: who has it, what is planned into it, and what is left there."""

from __future__ import annotations

import pytest
from run_words import at, creating, diagnostic, inside, unknown
from run_world import World, once_there, rooted

from pytg.errors import Interrupted, StalePlan
from pytg.run.plan_failure import PlanFailed

pytestmark = pytest.mark.timeout(60)


def test_each_run_plans_into_a_file_of_its_own(chain: World) -> None:
    one, other = rooted(chain), rooted(chain)
    assert one.workdir == other.workdir
    assert one.plan_file != other.plan_file


def options_of(world: World, command: str = "plan") -> set[str]:
    (call,) = world.fake.calls(command)
    return set(call["argv"][1:])


def test_a_plan_is_kept_in_its_file_with_the_changes_of_each_unit(chain: World) -> None:
    chain.plans("a")
    root = rooted(chain, "a", "b")
    plan = root.plan(parallelism=7, refresh=None)
    assert plan.changes == {at("a"): creating("a"), at("b"): plan.changes[at("b")]}
    assert [unit.address for unit in plan.touched] == [at("a")]
    assert options_of(chain) == {
        "-json=true",
        "-input=false",
        "-detailed-exitcode=true",
        f"-out={root.plan_file.name}",
        "-parallelism=7",
    }
    plan.require_same()
    assert [change.address for change in plan.details().changes] == [inside("a")]


def test_a_destroy_is_planned_as_one(chain: World) -> None:
    rooted(chain, destroy=True).plan()
    assert "-destroy" in " ".join(options_of(chain))


def test_a_plan_without_changes_touches_nothing(chain: World) -> None:
    assert rooted(chain).plan().touched == ()


@pytest.mark.parametrize("what", ["changed", "gone"])
def test_a_plan_that_is_no_longer_the_same_is_stale(chain: World, what: str) -> None:
    plan = rooted(chain).plan()
    plan.require_same()
    if what == "gone":
        plan.root.plan_file.unlink()
    else:
        plan.root.plan_file.write_text("another plan")
    with pytest.raises(StalePlan):
        plan.require_same()


def test_a_plan_that_writes_no_file_is_not_judged_by_that_of_another(chain: World) -> None:
    root = rooted(chain)
    root.plan()
    chain.fake.rule(command="plan", events=[diagnostic("No", inside("a"))], exit=1)
    with pytest.raises(PlanFailed):
        root.plan()
    assert not root.plan_file.exists()


def test_exactly_the_plan_file_is_applied(chain: World) -> None:
    chain.plans("a")
    root = rooted(chain)
    root.plan()
    seen: list[str] = []
    completed = root.apply(lambda event: seen.append(event.type), parallelism=3)
    assert completed.ok
    assert seen == ["apply_start", "apply_complete", "change_summary"]
    assert options_of(chain, "apply") == {
        "-json=true",
        "-input=false",
        "-parallelism=3",
        root.plan_file.name,
    }
    assert root.log("apply").read_text()


def test_a_plan_that_fails_says_why_and_who_is_late(chain: World) -> None:
    chain.fake.rule(command="plan", events=[unknown("b")], exit=1)
    with pytest.raises(PlanFailed) as caught:
        rooted(chain, "a", "b").plan()
    assert set(caught.value.late) == {at("b")}
    assert caught.value.completed.exit_code == 1


def test_a_plan_that_fails_for_good_has_nobody_late(chain: World) -> None:
    chain.fake.rule(command="plan", events=[diagnostic("No", inside("b"))], exit=1)
    with pytest.raises(PlanFailed) as caught:
        rooted(chain, "a", "b").plan()
    assert caught.value.late == {}
    assert [one.units for one in caught.value.errors] == [(at("b"),)]


FILES = {name: f"# {name}\n" for name in ("versions.tf", "backend.tf", "main.tf")}


def test_a_root_is_initialised_once(chain: World) -> None:
    root = rooted(chain)
    root.prepare(FILES)
    root.prepare({**FILES, "outputs.tf": "# more\n"})
    assert len(chain.fake.calls("init")) == 1
    assert (root.workdir / "outputs.tf").read_text() == "# more\n"
    assert root.logs("init").parent == root.execution.directory
    assert (root.execution.directory / "init.jsonl").exists()
    assert len(root.execution.processes.read_text().splitlines()) == 1


@pytest.mark.parametrize("command", ["plan", "init"])
@pytest.mark.parametrize("forced", [True, False])
def test_a_cancelled_run_stops_its_terraform(chain: World, command: str, *, forced: bool) -> None:
    began = chain.root / "began"
    sigint = "ignore" if forced else "finish"
    chain.fake.rule(
        command=command, events=[], touch=began, wait_for=chain.root / "never", on_sigint=sigint
    )
    root = rooted(chain)
    asked = root.execution.kill if forced else root.execution.cancel
    act = root.plan if command == "plan" else lambda: root.prepare(FILES)
    with once_there(began, asked.set), pytest.raises((PlanFailed, Interrupted)) as caught:
        act()
    if isinstance(caught.value, PlanFailed):
        completed = caught.value.completed
        assert (completed.killed, completed.interrupted) == (forced, not forced)
    assert [call["exit"] for call in chain.fake.calls(command)] == [None if forced else 1]


def test_a_plan_that_asks_for_init_gets_it_once(chain: World) -> None:
    chain.fake.rule(command="plan", events=[diagnostic("Module not installed")], exit=1)
    with pytest.raises(PlanFailed):
        rooted(chain).plan()
    assert [len(chain.fake.calls(name)) for name in ("plan", "init")] == [2, 1]
