"""Work on units in dependency order, as many at once as allowed, without level barriers."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

import networkx as nx

from pytg.errors import PytgError
from pytg.model import Address
from pytg.record.run import DONE, Outcome, Status

RUNNING_UNIT_BYTES = 800_000_000
UNITS_PER_CORE = 4
MOST_UNITS = 16


def default_parallelism(cores: int, memory_bytes: int) -> int:
    """How many units to run at once: 1 to 16.

    A running unit takes about 0.8 GB, most of it the provider, and mostly waits on AWS: so
    memory limits it rather than cores.
    """
    return max(1, min(MOST_UNITS, UNITS_PER_CORE * cores, memory_bytes // RUNNING_UNIT_BYTES))


def critical_path(graph: nx.DiGraph[Address]) -> dict[Address, int]:
    """How many units the longest way from each unit to the end has, itself included.

    Raises networkx.NetworkXUnfeasible for a graph with a cycle.
    """
    length: dict[Address, int] = {}
    for unit in reversed(list(nx.topological_sort(graph))):
        after = max((length[below] for below in graph.successors(unit)), default=0)
        length[unit] = after + 1
    return length


class Scheduler:
    """Call `work` once for each unit of `graph`, a unit after all that it needs (its ancestors).

    Edges go from upstream to downstream; a destroy passes `graph.reverse()`. A unit that fails,
    by its outcome or by an exception, skips what needs it and nothing else; with `fail_fast`
    nothing more starts. Nothing more starts either once `cancel` is set; what runs is waited for.

    `work` is called in threads, `parallelism` at most. `on_change` is called in the thread of
    `run`: `running` before a unit starts, later its final outcome, and for a skipped unit again
    when another unit that it needs fails. Where it raises OSError, as on a full disk, nothing
    more starts, what runs is waited for and told of, and `run` raises that in the end. Of units
    that could start, the one with the longest way from it to the end does.
    """

    def __init__(
        self,
        graph: nx.DiGraph[Address],
        work: Callable[[Address], Outcome],
        *,
        parallelism: int,
        on_change: Callable[[Address, Outcome], None] = lambda _unit, _outcome: None,
        cancel: threading.Event | None = None,
        fail_fast: bool = False,
    ) -> None:
        self._graph = graph
        self._work = work
        self._parallelism = parallelism
        self._on_change = on_change
        self._cancel = cancel or threading.Event()
        self._fail_fast = fail_fast
        self._way = critical_path(graph)
        self._waits_for = dict(graph.in_degree())
        self._ready: list[tuple[int, Address]] = []
        self._outcomes: dict[Address, Outcome] = {}
        self._stopped = ""
        self._untold: OSError | None = None

    def run(self) -> dict[Address, Outcome]:
        """Work until nothing more can start; return every unit's outcome, sorted by address.

        Raises OSError where `on_change` has.
        """
        for unit, count in self._waits_for.items():
            if count == 0:
                self._push(unit)
        running: dict[Future[Outcome], Address] = {}
        with ThreadPoolExecutor(self._parallelism, thread_name_prefix="unit") as pool:
            while True:
                self._start(pool, running)
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._finish(running.pop(future), _outcome(future))
        reason = self._stopped or "cancelled before it started"
        for unit in sorted(set(self._graph) - set(self._outcomes)):
            self._set(unit, Outcome(Status.CANCELLED, reason))
        if self._untold is not None:
            raise self._untold
        return dict(sorted(self._outcomes.items()))

    def _push(self, unit: Address) -> None:
        heapq.heappush(self._ready, (-self._way[unit], unit))

    def _start(self, pool: ThreadPoolExecutor, running: dict[Future[Outcome], Address]) -> None:
        while self._ready and len(running) < self._parallelism:
            if self._stopped or self._cancel.is_set():
                return
            _, unit = heapq.heappop(self._ready)
            self._tell(unit, Outcome(Status.RUNNING))
            if self._untold is not None:
                return
            running[pool.submit(self._work, unit)] = unit

    def _finish(self, unit: Address, outcome: Outcome) -> None:
        self._set(unit, outcome)
        if outcome.status in DONE:
            for below in self._graph.successors(unit):
                self._waits_for[below] -= 1
                if self._waits_for[below] == 0:
                    self._push(below)
        elif outcome.status is not Status.CANCELLED:
            self._skip_after(unit)
            if self._fail_fast and not self._stopped and outcome.status is not Status.SKIPPED:
                self._stopped = f"stopped by --fail-fast: {unit} {outcome.status}"

    def _skip_after(self, unit: Address) -> None:
        for below in sorted(nx.descendants(self._graph, unit)):
            skipped = self._outcomes.get(below, Outcome(Status.SKIPPED))
            blocked_by = tuple(sorted({*skipped.blocked_by, unit}))
            reason = f"needs {', '.join(map(str, blocked_by))}"
            self._set(below, replace(skipped, blocked_by=blocked_by, reason=reason))

    def _set(self, unit: Address, outcome: Outcome) -> None:
        self._outcomes[unit] = outcome
        self._tell(unit, outcome)

    def _tell(self, unit: Address, outcome: Outcome) -> None:
        try:
            self._on_change(unit, outcome)
        except OSError as error:
            self._untold = self._untold or error
            self._stopped = self._stopped or f"stopped: {error}"


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    text = str(error) if isinstance(error, PytgError) else f"{type(error).__name__}: {error}"
    return Outcome(Status.FAILED, text)
