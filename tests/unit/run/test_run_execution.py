"""What all steps of an execution share, as the record and the events have it."""

from __future__ import annotations

import json

from run_words import at, creating, stage
from run_world import World, events, notes, statuses

from pytg.compose.shape import shape_of
from pytg.record.reader import load
from pytg.record.run import Changes, Outcome, Status
from pytg.record.run_events import UnitFinished, UnitStarted


def test_a_unit_begins_and_ends_in_record_and_events(chain: World) -> None:
    execution = chain.execution()
    execution.planned({at("a"): creating("a")})
    execution.begin(at("a"))
    assert execution.status(at("a")) is Status.RUNNING
    assert load(execution.directory).units[at("a")].status is Status.RUNNING
    execution.end({at("a"): Outcome(Status.FAILED, "why")})
    unit = load(execution.directory).units[at("a")]
    assert (unit.status, unit.reason, unit.attempts) == (Status.FAILED, "why", 1)
    assert unit.changes == Changes(create=1)
    assert events(execution, UnitStarted) == [UnitStarted(at("a"))]
    assert events(execution, UnitFinished) == [
        UnitFinished(at("a"), Status.FAILED, Changes(create=1), "why")
    ]


def test_among_many_the_first_is_on_disk_at_once_and_all_at_the_end(chain: World) -> None:
    execution = chain.execution()
    execution.begin(at("a"), among_many=True)
    assert load(execution.directory).units[at("a")].status is Status.RUNNING
    execution.begin(at("b"), among_many=True)
    execution.end({at("a"): Outcome(Status.SUCCEEDED)})
    assert load(execution.directory).units[at("b")].status is Status.RUNNING


def test_where_nothing_ends_nothing_is_written(chain: World) -> None:
    execution = chain.execution()
    before = (execution.directory / "run.json").stat().st_mtime_ns
    execution.end({})
    assert (execution.directory / "run.json").stat().st_mtime_ns == before
    assert events(execution, UnitFinished) == []


def test_order_goes_through_units_that_are_not_selected(chain: World) -> None:
    up, down = at("a"), at("c")
    assert list(chain.execution("a", "c").needs.edges) == [(up, down)]
    assert list(chain.execution("a", "c", destroy=True).needs.edges) == [(down, up)]


def test_a_shape_knows_all_that_the_unit_needs(chain: World) -> None:
    execution = chain.execution("c")
    unit = chain.estate.units[at("c")]
    assert execution.shape(unit) == shape_of(chain.estate, unit, frozenset({at("b").slug}))


def test_units_come_in_the_order_of_their_stage(chain: World) -> None:
    found = chain.execution().units(stage("c", "a"))
    assert [unit.address for unit in found] == [at("c"), at("a")]


def test_what_is_noted_is_an_event(chain: World) -> None:
    execution = chain.execution()
    execution.note("something")
    assert notes(execution) == ["something"]


def test_the_processes_of_a_run_are_counted_in_its_directory(chain: World) -> None:
    execution = chain.execution()
    assert execution.processes.parent == execution.directory == execution.record.run.directory
    assert json.loads((execution.directory / "run.json").read_text())["processes"] == 0
    assert statuses(execution)["a"] is Status.PENDING
