from __future__ import annotations

import os
import signal
import threading
from itertools import pairwise

import networkx as nx
import pytest

from pytg.model import Address
from pytg.record.run import Status
from pytg.run.interrupts import FIRST, SECOND, SIGNALS, Interrupts, interrupts
from pytg.run.scheduler import Outcome, Scheduler

PATIENCE = 20
pytestmark = pytest.mark.usefixtures("handled")


def test_the_first_ctrl_c_requests_and_the_second_forces() -> None:
    said: list[str] = []
    with interrupts(said.append) as events:
        assert not events.requested.is_set()
        signal.raise_signal(signal.SIGINT)
        assert events.requested.wait(PATIENCE)
        assert not events.forced.is_set()
        signal.raise_signal(signal.SIGINT)
        assert events.forced.wait(PATIENCE)
        signal.raise_signal(signal.SIGINT)
    assert said == [FIRST, SECOND]


def test_the_first_ctrl_c_forces_nothing_where_the_run_stops_by_itself_already() -> None:
    said: list[str] = []
    with interrupts(said.append) as events:
        events.requested.set()  # as --fail-fast does
        signal.raise_signal(signal.SIGINT)
    assert not events.forced.is_set()
    assert said == [FIRST]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_requests_and_never_forces(number: signal.Signals) -> None:
    said: list[str] = []
    with interrupts(said.append) as events:
        for _ in range(3):
            signal.raise_signal(number)
    assert events.requested.is_set()
    assert not events.forced.is_set()
    assert said == [FIRST]


def test_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with interrupts():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert signal.set_wakeup_fd(-1) == -1


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interrupts() as events:
        signal.raise_signal(signal.SIGHUP)
    assert not events.requested.is_set()


def test_another_thread_gets_events_that_stay_unset() -> None:
    got: list[Interrupts] = []

    def work() -> None:
        with interrupts() as events:
            got.append(events)

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not got[0].requested.is_set()
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_the_scheduler_waits() -> None:
    units = [Address("a", "r", "e", name) for name in "abc"]
    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_edges_from(pairwise(units))

    with interrupts(lambda _text: None) as events:

        def work(_unit: Address) -> Outcome:
            os.kill(os.getpid(), signal.SIGINT)
            assert events.requested.wait(PATIENCE)
            return Outcome(Status.SUCCEEDED)

        outcomes = Scheduler(graph, work, parallelism=2, cancel=events.requested).run()

    statuses = [outcome.status for outcome in outcomes.values()]
    assert statuses == [Status.SUCCEEDED, Status.CANCELLED, Status.CANCELLED]
