"""A state that was there and is empty or gone is told of, before all of it is made anew."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from run_words import RESOURCE, at, state_of
from run_world import World

from pytg.errors import PytgError
from pytg.record.history import last_applied
from pytg.record.run import Changes, Outcome, Result, Status
from pytg.record.state_changes import note
from pytg.record.writer import RunRecord
from pytg.run.execution import Execution
from pytg.run.vanished import warn_of_vanished
from pytg.state.state_store import StoredState
from support.memory_store import MemoryStore

KEY = str(at("a"))


def ran(
    world: World, day: int, command: str, changes: Changes, status: Status = Status.SUCCEEDED
) -> str:
    """A past run did this to `a`; its id."""
    record = RunRecord.create(
        world.estate.root,
        command=command,
        args=(),
        selection="",
        units=[at("a")],
        terraform_binary="terraform",
        terraform_version="1.11.4",
        mode="composed",
        clock=lambda: datetime(2025, 1, day, tzinfo=UTC),
    )
    record.planned({at("a"): changes})
    record.end({at("a"): Outcome(status)})
    return record.finish(Result.SUCCEEDED, 0).run_id


def told(execution: Execution) -> list[str]:
    warn_of_vanished(execution)
    return [each.summary for each in execution.record.run.units[at("a")].diagnostics]


@pytest.mark.parametrize("words", ["gone", "empty"])
def test_what_a_run_made_and_no_state_holds_is_told(chain: World, words: str) -> None:
    if words == "empty":
        chain.store.states[KEY] = state_of("a")
    run = ran(chain, 1, "apply", Changes(create=3))
    ran(chain, 2, "apply-all", Changes(update=1, delete=1))
    execution = chain.execution("a", "b", command="plan")
    (text,) = told(execution)
    assert text == (
        f"the state of {KEY} is {words}, though run {run} made resources of it (2 by all runs), "
        "and no run destroyed them"
    )
    (finding,) = execution.record.run.units[at("a")].diagnostics
    assert finding.severity == "warning"
    assert "bring the state back" in finding.detail


def test_the_last_run_that_made_something_is_named(chain: World) -> None:
    ran(chain, 1, "apply", Changes(create=1))
    run = ran(chain, 2, "apply", Changes(create=1))
    assert f"run {run} made" in told(chain.execution("a"))[0]


def test_a_state_that_holds_resources_is_as_it_should_be(chain: World) -> None:
    chain.store.states[KEY] = state_of("a", RESOURCE)
    ran(chain, 1, "apply", Changes(create=1))
    assert told(chain.execution("a")) == []


@pytest.mark.parametrize(
    ("command", "changes", "status"),
    [
        ("destroy", Changes(delete=2), Status.SUCCEEDED),
        ("destroy-all", Changes(), Status.UNCHANGED),
        ("apply", Changes(delete=2), Status.SUCCEEDED),
    ],
)
def test_what_runs_destroyed_need_not_be_there(
    chain: World, command: str, changes: Changes, status: Status
) -> None:
    ran(chain, 1, "apply", Changes(create=2))
    ran(chain, 2, command, changes, status)
    assert told(chain.execution("a")) == []


@pytest.mark.parametrize(
    ("command", "changes", "status"),
    [
        ("plan", Changes(create=1), Status.SUCCEEDED),
        ("apply", Changes(), Status.UNCHANGED),  # a unit without resources
        ("apply", Changes(create=1), Status.FAILED),
        ("apply", Changes(update=1), Status.SUCCEEDED),
    ],
)
def test_what_no_run_made_need_not_be_there(
    chain: World, command: str, changes: Changes, status: Status
) -> None:
    ran(chain, 1, command, changes, status)
    assert told(chain.execution("a")) == []


def test_what_pytg_state_took_away_need_not_be_there(chain: World) -> None:
    ran(chain, 1, "apply", Changes(create=2))
    assert len(told(chain.execution("a"))) == 1
    note(chain.estate.root, "pytg state mv", {at("a"): 0}, datetime(2025, 1, 2, tzinfo=UTC))
    assert told(chain.execution("a")) == []
    assert last_applied(chain.estate.root) == {}
    ran(chain, 3, "apply", Changes(create=1))
    assert "(1 by all runs)" in told(chain.execution("a"))[0]


def test_what_pytg_state_brought_should_be_there(chain: World) -> None:
    note(chain.estate.root, "pytg state mv", {at("a"): 3}, datetime(2025, 1, 1, tzinfo=UTC))
    ran(chain, 2, "apply", Changes(delete=1))
    (text,) = told(chain.execution("a"))
    assert "though `pytg state mv` brought resources into it (2 by all runs)" in text
    ran(chain, 3, "apply", Changes(delete=2))
    assert told(chain.execution("a")) == []


def test_a_destroy_that_failed_destroyed_nothing_for_sure(chain: World) -> None:
    ran(chain, 1, "apply", Changes(create=1))
    ran(chain, 2, "destroy", Changes(delete=1), Status.FAILED)
    assert len(told(chain.execution("a"))) == 1


def test_what_is_not_selected_or_cannot_be_read_is_not_told(
    chain: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(chain, 1, "apply", Changes(create=1))
    execution = chain.execution("b")
    warn_of_vanished(execution)
    assert execution.record.run.diagnostics == ()

    def fails(_store: MemoryStore, _key: str) -> StoredState | None:
        raise PytgError("no network")

    monkeypatch.setattr(MemoryStore, "read", fails)
    assert told(chain.execution("a")) == []


def test_a_plan_and_an_apply_tell_it(chain: World) -> None:
    chain.plans("a")
    ran(chain, 1, "apply", Changes(create=1))
    for command in ("plan", "apply"):
        finished = chain.run(command, "a", yes=True)
        (found,) = finished.run.units[at("a")].diagnostics
        assert "is gone" in found.summary


def test_what_a_restore_took_out_of_a_state_is_told_until_it_is_applied(chain: World) -> None:
    chain.hold("a", RESOURCE)
    out = {at("a"): (RESOURCE, "terraform_data.newer")}
    note(
        chain.estate.root, "pytg state restore", {at("a"): 1}, datetime(2025, 1, 3, tzinfo=UTC), out
    )
    ran(chain, 4, "plan", Changes())
    ran(chain, 4, "apply", Changes(create=1), Status.FAILED)
    (text,) = told(chain.execution("a", command="plan"))
    assert text == (
        f"since `pytg state restore` the state of {KEY} lacks what may still exist: "
        "terraform_data.newer"
    )
    ran(chain, 5, "apply", Changes(create=1))
    assert told(chain.execution("a", command="plan")) == []
