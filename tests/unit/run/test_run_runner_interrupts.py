"""A run that a person, or `--fail-fast`, stops: who hears of it and how it ends."""

from __future__ import annotations

import signal
import threading
from datetime import datetime

import pytest
from run_words import at, hook, inside
from run_world import World, statuses

from pytg.errors import Interrupted
from pytg.record.run import Result, Status
from pytg.record.run_events import Event, UnitStarted
from pytg.recovery.journal import STATE
from pytg.run.runner import View
from support.memory_store import composed

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("handled")]


def test_who_is_asked_hears_of_a_ctrl_c(chain: World) -> None:
    chain.plans("a")

    def confirm(_question: str, cancel: threading.Event) -> bool:
        assert not cancel.is_set()
        signal.raise_signal(signal.SIGINT)
        assert cancel.wait(20)
        raise Interrupted("interrupted while asking")

    done = chain.run("apply", view=View(confirm=confirm))
    assert (done.run.result, done.run.exit_code) == (Result.INTERRUPTED, 130)


def test_ctrl_c_while_terraform_applies_interrupts_it_and_the_run(chain: World) -> None:
    chain.plans("a", "b")
    made = [hook("apply_start", inside("a")), hook("apply_complete", inside("a"))]
    state = {STATE: composed(at("a")).decode()}
    chain.fake.rule(command="apply", events=made, writes=state, wait_for=chain.root / "never")

    def press(_at: datetime, event: Event) -> None:
        if isinstance(event, UnitStarted):
            signal.raise_signal(signal.SIGINT)

    done = chain.run("apply", yes=True, view=View(subscribers=(press,)))
    assert (done.run.result, done.run.exit_code) == (Result.INTERRUPTED, 130)
    assert done.error is None
    assert statuses(done) == {
        "a": Status.SUCCEEDED,
        "b": Status.CANCELLED,
        "c": Status.UNCHANGED,
    }
    assert [call["exit"] for call in chain.fake.calls("apply")] == [1]
    assert chain.store.locks == {}


def test_ctrl_c_interrupts_a_run_that_was_done_all_the_same(chain: World) -> None:
    def show(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    seen = threading.Event()

    def ask(_question: str, cancel: threading.Event) -> bool:
        seen.set()
        return cancel.wait(20)

    chain.plans("a")
    done = chain.run("apply", view=View(show=show, confirm=ask))
    assert seen.is_set()
    assert (done.run.result, done.run.exit_code) == (Result.INTERRUPTED, 130)


def test_fail_fast_interrupts_terraform_and_not_the_run(chain: World) -> None:
    chain.plans("a", "b")
    failing = [hook("apply_start", inside("a")), hook("apply_errored", inside("a"))]
    chain.fake.rule(command="apply", events=failing, wait_for=chain.root / "never")
    done = chain.run("apply", yes=True, fail_fast=True)
    assert (done.run.result, done.run.exit_code, done.error) == (Result.FAILED, 1, None)
    assert statuses(done)["a"] is Status.FAILED
    assert [call["exit"] for call in chain.fake.calls("apply")] == [1]
