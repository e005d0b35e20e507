"""One run from its beginning to the end of its record: result, exit code and error."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
from run_words import at, hook, inside
from run_world import World, events, statuses

from pytg.compose.shape import shape_of
from pytg.errors import Interrupted, LockHeld, PytgError, Refused
from pytg.model import Address
from pytg.record.reader import RUNS, load, mark_dead
from pytg.record.run import Result, Status
from pytg.record.run_events import Recovered, RunFinished, RunStarted
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import STATE, Journal, Locked, ProcessId
from pytg.run.runner import View, nobody
from pytg.state.state_store import LockInfo
from support.memory_store import composed

BOB = LockInfo("bob-1", "pytg apply", "bob@desktop", "now")
pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("handled")]


def latest(world: World) -> Path:
    return max((world.estate.root / RUNS).glob("*/run.json")).parent


def test_a_run_that_did_all_has_succeeded(chain: World) -> None:
    chain.plans("a")
    done = chain.run("apply", yes=True)
    assert (done.ok, done.error, done.run.result, done.run.exit_code) == (
        True,
        None,
        Result.SUCCEEDED,
        0,
    )
    assert done.changes[at("a")].create == 1
    assert done.run.processes == 3  # init, plan, apply
    assert load(done.run.directory).result is Result.SUCCEEDED
    assert done.run.finished_at is not None
    assert events(done, RunStarted) == [
        RunStarted(done.run.run_id, "apply", "composed", done.run.stages[0])
    ]
    assert events(done, RunFinished) == [RunFinished(Result.SUCCEEDED, 0)]


def test_the_record_says_how_it_ran(chain: World) -> None:
    done = chain.run("plan", "a", per_unit=True)
    assert done.run.mode == "per-unit"
    assert done.run.command == "plan"
    assert set(done.run.units) == {at("a")}
    assert events(done, RunStarted)[0].mode == "per-unit"


@pytest.mark.parametrize(
    ("planned", "option", "code"), [("a", True, 2), ("", True, 0), ("a", False, 0)]
)
def test_a_plan_with_changes_can_have_a_code_of_its_own(
    chain: World, planned: str, code: int, *, option: bool
) -> None:
    chain.plans(*planned)
    done = chain.run("plan", detailed_exitcode=option)
    assert (done.run.result, done.run.exit_code) == (Result.SUCCEEDED, code)


def test_what_waits_to_be_planned_will_change(chain: World) -> None:
    chain.plans()
    done = chain.run("plan", per_unit=True, detailed_exitcode=True)
    assert statuses(done) == {
        "a": Status.UNCHANGED,
        "b": Status.SKIPPED,
        "c": Status.SKIPPED,
    }
    assert (done.run.result, done.run.exit_code, done.ok) == (Result.SUCCEEDED, 2, True)


def failing_apply(world: World, end: str = "apply_errored") -> None:
    """Of `a` and `b`, whose plans both have changes, `a` fails, or is done alone."""
    world.plans("a", "b")
    world.fake.rule(
        command="apply",
        events=[hook("apply_start", inside("a")), hook(end, inside("a"))],
        exit=1,
    )


def test_a_failed_unit_fails_the_run(chain: World) -> None:
    failing_apply(chain)
    done = chain.run("apply", yes=True)
    assert (done.ok, done.error, done.run.result, done.run.exit_code) == (
        False,
        None,
        Result.FAILED,
        1,
    )
    assert statuses(done)["b"] is Status.SKIPPED


def test_a_failed_plan_fails_the_run(chain: World) -> None:
    chain.fake.rule(command="plan", events=[], exit=1)
    done = chain.run("plan", detailed_exitcode=True)
    assert (done.run.result, done.run.exit_code) == (Result.FAILED, 1)


def test_a_killed_terraform_fails_the_run(chain: World) -> None:
    chain.plans("a")
    chain.fake.rule(command="apply", events=[hook("apply_start", inside("a"))], kill=True)
    done = chain.run("apply", yes=True)
    assert statuses(done)["a"] is Status.UNKNOWN
    assert (done.run.result, done.run.exit_code) == (Result.FAILED, 1)


def test_nobody_is_there_to_approve(chain: World) -> None:
    with pytest.raises(Refused):
        nobody("Apply?", threading.Event())
    chain.plans("a")
    done = chain.run("apply")
    assert isinstance(done.error, Refused)
    assert (done.ok, done.run.result, done.run.exit_code) == (False, Result.REFUSED, 6)
    assert set(statuses(done).values()) == {Status.CANCELLED}
    assert events(done, RunFinished) == [RunFinished(Result.REFUSED, 6)]
    assert chain.commands() == ["plan"]


def test_a_plan_that_is_not_approved_interrupts_the_run(chain: World) -> None:
    chain.plans("a")
    done = chain.run("apply", view=View(confirm=lambda _question, _cancel: False))
    assert isinstance(done.error, Interrupted)
    assert (done.run.result, done.run.exit_code) == (Result.INTERRUPTED, 130)
    assert chain.commands() == ["plan"]


def test_a_foreign_lock_is_waited_for_and_stays(chain: World) -> None:
    chain.plans("a", "b")
    chain.store.locks[str(at("b"))] = BOB
    done = chain.run("apply", yes=True, lock_timeout=0)
    assert isinstance(done.error, LockHeld)
    assert (done.run.result, done.run.exit_code) == (Result.REFUSED, 6)
    assert chain.store.locks == {str(at("b")): BOB}
    assert chain.commands() == ["plan"]


@pytest.mark.parametrize(
    ("error", "result", "code"),
    [
        (PytgError("no"), Result.FAILED, 1),
        (OSError(28, "No space left on device"), Result.FAILED, 1),
        (Refused("no"), Result.REFUSED, 6),
        (Interrupted("no"), Result.INTERRUPTED, 130),
    ],
)
def test_an_error_ends_the_run_and_is_told(
    chain: World, error: Exception, result: Result, code: int
) -> None:
    def show(*_: object) -> None:
        raise error

    done = chain.run("plan", view=View(show=show))
    assert (done.run.result, done.run.exit_code) == (result, code)
    assert isinstance(done.error, PytgError)
    assert str(error) == str(done.error)
    assert load(latest(chain)).result is result
    assert done.run.processes == 2


def test_where_the_record_cannot_be_closed_its_end_is_told_all_the_same(
    chain: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def show(*_: object) -> None:
        monkeypatch.setattr("pytg.record.writer.write", no_room)
        raise Refused("no")

    done = chain.run("plan", view=View(show=show))
    assert (done.run.result, done.run.exit_code) == (Result.REFUSED, 6)
    assert str(done.error) == "no"
    monkeypatch.undo()
    assert mark_dead(load(latest(chain))).result is Result.INTERRUPTED  # nobody has it any more


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_that_nobody_expects_closes_the_record(chain: World, error: BaseException) -> None:
    def show(*_: object) -> None:
        raise error

    with pytest.raises(type(error)):
        chain.run("plan", view=View(show=show))
    found = load(latest(chain))
    assert (found.result, found.exit_code) == (Result.FAILED, 1)
    assert {unit.status for unit in found.units.values()} == {Status.CANCELLED}


def died(world: World) -> None:
    """A run that died after its Terraform had made the resource of `a`."""
    workdir = world.estate.root / COMPOSED / "0"
    workdir.mkdir(parents=True)
    (workdir / STATE).write_bytes(composed(at("a")))
    unit = world.estate.units[at("a")]
    locked = (Locked.of(unit, shape_of(world.estate, unit)),)
    gone = ProcessId(os.getpid(), 1.0, socket.gethostname())
    Journal("run-1", "dead-1", (str(at("a")),), locked, gone).write(workdir)


def test_what_a_dead_run_left_is_recovered_first(chain: World) -> None:
    died(chain)
    seen: list[Address] = []
    done = chain.run("plan", view=View(show=lambda *_: seen.extend(map(at, "a"))))
    assert events(done, Recovered) == [Recovered((at("a"),))]
    assert str(at("a")) in chain.store.states
    assert chain.store.locks == {}
    assert seen


def test_under_a_foreign_lock_nothing_is_recovered_and_no_run_begins(chain: World) -> None:
    died(chain)
    chain.store.locks[str(at("a"))] = BOB
    with pytest.raises(LockHeld):
        chain.run("plan")
    assert chain.store.states == {}
    assert chain.store.locks == {str(at("a")): BOB}
    assert not (chain.estate.root / RUNS).exists()
    assert chain.fake.calls() == []


def test_what_would_be_overwritten_is_asked_of_the_caller(chain: World) -> None:
    kind = "aws_s3_bucket_policy"
    chain.plans("a", resource=f"{kind}.this")
    change = {"actions": ["create"], "before": None, "after": {"bucket": "there"}}
    planned = {"address": inside("a", f"{kind}.this"), "type": kind, "name": "this"}
    document = {"format_version": "1.2", "resource_changes": [{**planned, "change": change}]}
    chain.fake.rule(command="show", events=[document])
    asked: list[tuple[Address, str, str]] = []

    def overwritten(unit: object, kind: str, bucket: str) -> str:
        asked.append((unit.address, kind, bucket))  # type: ignore[attr-defined]
        return "{}"

    done = chain.run("apply", yes=True, overwritten=overwritten)
    assert done.run.result is Result.REFUSED
    assert asked == [(at("a"), kind, "there")]
