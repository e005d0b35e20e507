"""What a run left is asked for again, with what was asked then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from run_words import at
from run_world import World, statuses

from pytg.errors import Refused
from pytg.model import Estate
from pytg.record.run import Asked, Outcome, Result, Status
from pytg.record.runs import past_runs
from pytg.run.options import Options
from pytg.run.retry import Retry, asked_of, retry
from pytg.run.runner import Finished


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, {"a": [], "b": ["a"], "c": ["b"], "d": []})


def again(world: World, finished: Finished, estate: Estate | None = None) -> Retry:
    past = past_runs(world.estate.root)
    return retry(finished.run, past, estate or world.estate, world.graph, world.states)


def failed(world: World, **options: object) -> Finished:
    """An apply that fails."""
    world.hold("a", outputs={"arn": "x"})
    world.plans("b", "c", "d")
    world.fake.rule(command="apply", exit=1)
    return world.run("apply", "b", "c", "d", yes=True, **options)


def test_options_survive_the_record() -> None:
    options = Options(
        parallelism=3, per_unit=True, lock_timeout=1.5, allow_loss=frozenset({"b", "a"}), yes=True
    )
    assert Options.of(options.given) == options
    assert Options().given == {}
    with pytest.raises(Refused, match="weather"):
        Options.of({"weather": "fine"})


def test_an_old_record_says_what_its_arguments_say(world: World) -> None:
    run = world.run("apply", "d", yes=True, per_unit=True).run
    for args in (("apply", "--suffix", "a1"), ("apply", "--suffix=a1")):
        old = replace(run, asked=None, args=args)
        assert asked_of(old) == Asked("a1", {"per_unit": True})
    assert asked_of(replace(run, asked=None, args=("apply",), mode="composed")) == Asked()


def test_what_went_wrong_is_asked_again_with_its_options(world: World) -> None:
    done = failed(world, parallelism=2)
    found = again(world, done)
    left = {u for u, s in statuses(done).items() if s not in (Status.SUCCEEDED, Status.UNCHANGED)}
    assert {unit.module for unit in found.units} == left >= {"b", "c"}
    request = found.request(("retry",), yes=False)
    assert request.command == "apply"
    assert request.parent == done.run.run_id
    assert request.options == Options(parallelism=2)
    assert found.request(("retry",), yes=True).options == Options(parallelism=2, yes=True)
    assert set(request.selectors.select) == set(map(str, found.units))
    assert found.moved == {}


def test_the_yes_of_the_run_is_not_that_of_its_retry(world: World) -> None:
    found = again(world, failed(world))
    assert asked_of(found.run).options["yes"] is True
    assert not found.request((), yes=False).options.yes
    assert found.request((), yes=True).options.yes


def test_a_unit_that_left_the_configuration_is_named(world: World) -> None:
    done = failed(world)
    units = {a: u for a, u in world.estate.units.items() if a != at("c")}
    found = again(world, done, replace(world.estate, units=units))
    assert found.gone == (at("c"),)
    assert at("c") not in found.units


def test_upstream_that_moved_since_is_named_with_how_it_is_known(world: World) -> None:
    done = failed(world)
    assert done.run.serials[at("a")] == 1
    world.hold("a", outputs={"arn": "y"}, serial=2)
    assert again(world, done).moved[at("b")] == {at("a"): "its state moved"}
    later = world.execution("a").record
    later.end({at("a"): Outcome(Status.SUCCEEDED)})
    later.finish(Result.SUCCEEDED, 0)
    found = again(world, done)
    assert found.moved[at("b")] == {at("a"): f"apply {later.run.run_id}"}
    assert found.moved[at("c")] == found.moved[at("b")]


def test_a_run_that_goes_on_is_not_retried(world: World) -> None:
    execution = world.execution("a")
    with pytest.raises(Refused, match="goes on"):
        again(world, Finished(execution.record.run))
    execution.record.finish(Result.INTERRUPTED, 130)
    found = again(world, Finished(execution.record.run))
    assert found.units == (at("a"),)
