"""A reviewed plan is applied without a question, once, and its `yes` is of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from run_words import at, diagnostic, hook, inside
from run_world import Person, World, events, statuses

from pytg.bundle.archive import Bundle, pack, unpack
from pytg.bundle.manifest import Manifest
from pytg.errors import StalePlan
from pytg.model import Retry
from pytg.record.run import Result, Status
from pytg.record.run_events import Diagnosed
from pytg.record.runs import past_runs
from pytg.recovery.journal import STATE
from pytg.run.options import Options, Request
from pytg.run.retry import retry
from pytg.run.runner import Finished, View
from support.memory_store import composed

BUSY = "ThrottlingException: Rate exceeded"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, {"a": (), "b": ("a",)})
    patience = Retry(attempts=3, pause=0.0)
    terraform = replace(made.estate.terraform, retry=patience)
    made.estate = replace(made.estate, terraform=terraform)
    made.plans("a", "b", cwd="composed")
    return made


def bundle(world: World) -> Bundle:
    """What a plan of all units keeps."""
    kept: list[bytes] = []

    def keep(manifest: Manifest, files: dict[str, bytes]) -> str:
        kept.append(pack(manifest, files))
        return "kept"

    world.do(Request("plan"), keep=keep)
    return unpack(kept[0], "review")


def apply(world: World, kept: Bundle, **options: bool) -> Finished:
    person = Person()
    view = View(confirm=lambda question, _cancel: person(question))
    done = world.do(Request.of_bundle(kept, Options(**options)), view=view)
    assert person.questions == []
    return done


def busy(world: World) -> None:
    """Terraform is throttled at `a` in every apply."""
    failing = [hook("apply_start", inside("a")), hook("apply_errored", inside("a"))]
    failing.append(diagnostic(BUSY, address=inside("a")))
    world.fake.rule(command="apply", events=failing, exit=1)


@pytest.mark.parametrize("yes", [True, False])
def test_a_retry_of_a_reviewed_apply_asks(world: World, *, yes: bool) -> None:
    kept = bundle(world)
    busy(world)
    done = apply(world, kept, yes=yes)
    assert done.error is None
    assert done.run.asked is not None
    assert done.run.asked.bundle == "review"
    again = retry(done.run, past_runs(world.estate.root), world.estate, world.graph, world.states)
    person = Person("n")
    finished = world.do(
        again.request((), yes=False),
        "a",
        "b",
        view=View(confirm=lambda question, _cancel: person(question)),
    )
    assert len(person.questions) == 1
    assert finished.run.result is Result.INTERRUPTED
    assert len(world.fake.calls("apply")) == 1


def test_what_comes_and_goes_is_an_error_for_it_is_not_tried_again(world: World) -> None:
    kept = bundle(world)
    busy(world)
    done = apply(world, kept)
    assert statuses(done) == {"a": Status.FAILED, "b": Status.SKIPPED}
    assert len(world.fake.calls("apply")) == 1
    told = [each.severity for each in events(done, Diagnosed) if each.unit == at("a")]
    assert told == ["error"]


def test_what_was_applied_in_part_says_by_which_run_and_how_to_go_on(world: World) -> None:
    kept = bundle(world)
    made = [hook("apply_start", inside("a")), hook("apply_complete", inside("a"))]
    state = {STATE: composed(at("a")).decode()}
    world.fake.rule(command="apply", events=made, writes=state, kill=True)
    first = apply(world, kept)
    assert statuses(first) == {"a": Status.SUCCEEDED, "b": Status.FAILED}
    again = apply(world, kept)
    assert isinstance(again.error, StalePlan)
    assert f"run {first.run.run_id} applied it as far as it came" in again.error.hint
    assert "1 unit of it is not done" in again.error.hint
    assert f"`pytg retry {first.run.run_id}`" in again.error.hint


def test_what_was_applied_whole_says_by_which_run(world: World) -> None:
    kept = bundle(world)
    state = {STATE: composed(at("a"), at("b")).decode()}
    made = [hook("apply_complete", inside(name)) for name in ("a", "b")]
    world.fake.rule(command="apply", events=made, writes=state)
    first = apply(world, kept)
    again = apply(world, kept)
    assert isinstance(again.error, StalePlan)
    assert again.error.hint.endswith(f"run {first.run.run_id} has applied it")
