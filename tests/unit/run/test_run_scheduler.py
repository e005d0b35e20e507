from __future__ import annotations

import threading
from collections.abc import Callable

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytg.errors import Refused
from pytg.model import Address
from pytg.record.run import Status
from pytg.run.scheduler import Outcome, Scheduler, critical_path, default_parallelism

Graph = nx.DiGraph
FINE = Outcome(Status.SUCCEEDED)
PATIENCE = 20  # seconds until a rendezvous that cannot happen fails the test


def unit(name: str) -> Address:
    return Address("a", "r", "e", name)


def graph_of(*edges: str, alone: str = "") -> Graph[Address]:
    graph: Graph[Address] = nx.DiGraph()
    graph.add_nodes_from(unit(name) for name in alone)
    graph.add_edges_from((unit(edge[0]), unit(edge[1])) for edge in edges)
    return graph


@st.composite
def graphs(draw: st.DrawFn) -> Graph[Address]:
    """Random acyclic graphs whose names say nothing about their order."""
    names = draw(st.permutations([unit(f"m{number}") for number in range(draw(st.integers(0, 9)))]))
    pairs = [(a, b) for index, a in enumerate(names) for b in names[index + 1 :]]
    graph: Graph[Address] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(pair for pair in pairs if draw(st.booleans()))
    return graph


class Journal:
    """Work that notes starts and ends, and that more of it never runs than allowed."""

    def __init__(
        self, at_once: int, fails: Callable[[Address], bool] = lambda _unit: False
    ) -> None:
        self.events: list[tuple[str, Address]] = []
        self.changes: list[tuple[Address, Status]] = []
        self._slots = threading.Semaphore(at_once)
        self._fails = fails

    def __call__(self, unit: Address) -> Outcome:
        assert self._slots.acquire(blocking=False), "more units at once than allowed"
        self.events.append(("start", unit))
        try:
            return Outcome(Status.FAILED, "no") if self._fails(unit) else FINE
        finally:
            self.events.append(("end", unit))
            self._slots.release()

    def on_change(self, unit: Address, outcome: Outcome) -> None:
        self.changes.append((unit, outcome.status))

    @property
    def started(self) -> list[Address]:
        return [unit for event, unit in self.events if event == "start"]


@given(graphs(), st.integers(1, 4))
@settings(deadline=None)
def test_every_unit_runs_once_and_after_all_that_it_needs(
    graph: Graph[Address], parallelism: int
) -> None:
    journal = Journal(parallelism)
    outcomes = Scheduler(graph, journal, parallelism=parallelism, on_change=journal.on_change).run()

    assert sorted(journal.started) == sorted(graph) == list(outcomes)
    assert set(outcomes.values()) <= {FINE}
    for above, below in nx.transitive_closure_dag(graph).edges:
        assert journal.events.index(("end", above)) < journal.events.index(("start", below))
    for address in graph:
        assert [status for unit, status in journal.changes if unit == address] == [
            Status.RUNNING,
            Status.SUCCEEDED,
        ]


@given(graphs(), st.integers(1, 4), st.sets(st.integers(0, 8)))
@settings(deadline=None)
def test_a_failure_skips_what_needs_it_and_nothing_else(
    graph: Graph[Address], parallelism: int, bad: set[int]
) -> None:
    failing = {unit(f"m{number}") for number in bad}
    journal = Journal(parallelism, failing.__contains__)
    outcomes = Scheduler(graph, journal, parallelism=parallelism, on_change=journal.on_change).run()

    failed = {unit for unit, outcome in outcomes.items() if outcome.status is Status.FAILED}
    reached = set().union(*(nx.descendants(graph, unit) for unit in failed))
    skipped = {unit for unit, outcome in outcomes.items() if outcome.status is Status.SKIPPED}
    assert failed == (failing & set(graph)) - reached
    assert skipped == reached
    assert sorted(journal.started) == sorted(set(graph) - reached)
    for address in skipped:
        blocked_by = outcomes[address].blocked_by
        assert set(blocked_by) == nx.ancestors(graph, address) & failed
        assert all(str(unit) in outcomes[address].reason for unit in blocked_by)
    assert dict(journal.changes) == {unit: outcome.status for unit, outcome in outcomes.items()}


@given(graphs())
@settings(deadline=None)
def test_one_at_a_time_the_order_is_always_the_same(graph: Graph[Address]) -> None:
    first, second = Journal(1), Journal(1)
    Scheduler(graph, first, parallelism=1).run()
    shuffled: Graph[Address] = nx.DiGraph()
    shuffled.add_nodes_from(sorted(graph))
    shuffled.add_edges_from(sorted(graph.edges))
    Scheduler(shuffled, second, parallelism=1).run()

    assert first.events == second.events


def test_independent_units_run_at_the_same_time() -> None:
    together = threading.Barrier(4)

    def work(_unit: Address) -> Outcome:
        together.wait(PATIENCE)
        return FINE

    outcomes = Scheduler(graph_of(alone="abcd"), work, parallelism=4).run()
    assert set(outcomes.values()) == {FINE}


def test_there_are_no_levels() -> None:
    """`z` is of the first level and meets `c`, of the third."""
    together = threading.Barrier(2)

    def work(address: Address) -> Outcome:
        if address.module in "zc":
            together.wait(PATIENCE)
        return FINE

    outcomes = Scheduler(graph_of("ab", "bc", alone="z"), work, parallelism=2).run()
    assert set(outcomes.values()) == {FINE}


def test_the_longest_way_goes_first() -> None:
    journal = Journal(1)
    Scheduler(graph_of("yz", alone="ab"), journal, parallelism=1).run()
    assert [unit.module for unit in journal.started] == ["y", "a", "b", "z"]


def test_critical_path_counts_the_units_to_the_end() -> None:
    graph = graph_of("ab", "bd", "ac")
    assert critical_path(graph) == {unit("a"): 3, unit("b"): 2, unit("c"): 1, unit("d"): 1}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (Refused("the lock is held"), "the lock is held"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_an_exception_is_a_failure(error: BaseException, reason: str) -> None:
    def work(_unit: Address) -> Outcome:
        raise error

    outcomes = Scheduler(graph_of("ab"), work, parallelism=1).run()
    assert outcomes[unit("a")] == Outcome(Status.FAILED, reason)
    assert outcomes[unit("b")].blocked_by == (unit("a"),)


def test_what_a_dead_process_left_unknown_blocks_too() -> None:
    gone = Outcome(Status.UNKNOWN, "killed", unknown_resources=("x.y",))
    outcomes = Scheduler(graph_of("ab"), lambda _unit: gone, parallelism=1).run()
    assert outcomes[unit("a")] == gone
    assert outcomes[unit("b")].status is Status.SKIPPED


def test_fail_fast_starts_nothing_more() -> None:
    journal = Journal(1, lambda address: address.module == "a")
    graph = graph_of("ab", alone="yz")
    outcomes = Scheduler(graph, journal, parallelism=1, fail_fast=True).run()

    assert journal.started == [unit("a")]
    assert {address.module: outcome.status for address, outcome in outcomes.items()} == {
        "a": Status.FAILED,
        "b": Status.SKIPPED,
        "y": Status.CANCELLED,
        "z": Status.CANCELLED,
    }
    assert "a/r/e/a failed" in outcomes[unit("z")].reason


def test_work_that_skips_is_no_failure() -> None:
    def work(address: Address) -> Outcome:
        return Outcome(Status.SKIPPED, "later") if address.module == "a" else FINE

    graph = graph_of("ab", alone="z")
    outcomes = Scheduler(graph, work, parallelism=1, fail_fast=True).run()
    assert outcomes[unit("a")] == Outcome(Status.SKIPPED, "later")
    assert outcomes[unit("b")].blocked_by == (unit("a"),)
    assert outcomes[unit("z")] == FINE


def test_cancel_waits_for_what_runs_and_starts_nothing_more() -> None:
    cancel, together = threading.Event(), threading.Barrier(2)
    started = []

    def work(address: Address) -> Outcome:
        started.append(address)
        together.wait(PATIENCE)
        cancel.set()
        return FINE

    graph = graph_of("ac", alone="bz")
    outcomes = Scheduler(graph, work, parallelism=2, cancel=cancel).run()

    assert sorted(started) == [unit("a"), unit("b")]
    assert outcomes[unit("a")] == outcomes[unit("b")] == FINE
    assert outcomes[unit("c")].status is outcomes[unit("z")].status is Status.CANCELLED


def test_what_needs_a_cancelled_unit_is_cancelled() -> None:
    stopped = Outcome(Status.CANCELLED, "stopped by Ctrl-C")
    outcomes = Scheduler(graph_of("ab"), lambda _unit: stopped, parallelism=1).run()
    assert outcomes[unit("a")] == stopped
    assert outcomes[unit("b")].status is Status.CANCELLED


def test_reversed_for_destroy() -> None:
    journal = Journal(2)
    Scheduler(graph_of("ab", "bc").reverse(), journal, parallelism=2).run()
    assert [unit.module for unit in journal.started] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("cores", "memory", "units"),
    [(2, 8_000_000_000, 8), (1, 500_000_000, 1), (64, 512_000_000_000, 16), (8, 4_000_000_000, 5)],
)
def test_default_parallelism(cores: int, memory: int, units: int) -> None:
    assert default_parallelism(cores, memory) == units


def test_where_nothing_can_be_told_nothing_more_starts_and_what_runs_is_told_of() -> None:
    """A full disk: what a unit that still runs comes to must not be lost."""
    began, told = threading.Event(), threading.Event()

    def work(address: Address) -> Outcome:
        if address == unit("b"):
            began.set()
            assert told.wait(PATIENCE)
        else:
            assert began.wait(PATIENCE)
        return FINE

    ended: list[Address] = []

    def on_change(address: Address, outcome: Outcome) -> None:
        if outcome.status is Status.SUCCEEDED:
            ended.append(address)
            told.set()
            raise OSError(28, "No space left on device")

    graph = graph_of("ac", alone="b")
    with pytest.raises(OSError, match="No space left"):
        Scheduler(graph, work, parallelism=2, on_change=on_change).run()
    assert ended == [unit("a"), unit("b")]
