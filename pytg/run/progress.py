"""Turns the events of one `terraform apply` into the progress of units."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import networkx as nx

from pytg.compose.changes import ACTIONS, Calls, UnitChanges
from pytg.model import Address
from pytg.record.run import Outcome, Status
from pytg.record.words import counted, named
from pytg.run.blamed import Blamed
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import Event

# how an operation says that it was stopped: a provisioner's program, a provider, Terraform
_STOPPED = re.compile(
    r"signal: (killed|interrupt|terminated)|context canceled|RequestCanceled|operation was canceled"
    r"|execution halted"
)


class Progress:
    """Which units have begun, which are done, and what is in flight.

    `total` and `done` count changes as the plan does: a resource that is replaced is one, though
    Terraform deletes one and creates another. `stopped` are units that did not fail, but were
    stopped at work.
    """

    def __init__(self, calls: Calls, changes: Mapping[Address, UnitChanges]) -> None:
        self._calls = calls
        self._changes = changes
        self.total = {unit: sum(c.counts.values()) for unit, c in changes.items() if c.changed}
        self._planned: Counter[tuple[Address, str]] = Counter()
        self._steps: Counter[tuple[Address, str]] = Counter()  # of Terraform, yet to be done
        for unit, each in ((unit, each) for unit, c in changes.items() for each in c.resources):
            if each.action in ACTIONS:
                self._planned[unit, each.address] += 1
                self._steps[unit, each.address] += 1 + (each.action == "replace")
        self.done = dict.fromkeys(self.total, 0)
        self.begun: set[Address] = set()
        self.failed: dict[Address, str] = {}
        self.stopped: frozenset[Address] = frozenset()
        self._before: frozenset[Address] | None = None  # what had failed when it was stopped
        self._why = ""  # it was stopped, where that was no person
        self._in_flight: dict[str, Address] = {}

    def feed(self, event: Event) -> tuple[Address, str] | None:
        """Take in an event. Returns the unit and the resource inside it that it is about."""
        self._diagnose(event)
        found = self._calls.unit_of(event.address)
        if not found or event.action == "read":
            return None
        unit, inside = found
        if event.type == "apply_start":
            self.begun.add(unit)
            self._in_flight[event.address] = unit
        elif event.type in {"apply_complete", "apply_errored"}:
            self._in_flight.pop(event.address, None)
            if event.type == "apply_complete" and unit in self.done:
                self._step(unit, inside)
            if event.type == "apply_errored":
                self.failed.setdefault(unit, f"{inside} failed")
        else:
            return None
        return unit, inside

    def _step(self, unit: Address, inside: str) -> None:
        """Terraform has done one thing to a resource; it may have been the last."""
        if self._steps[unit, inside] > 0:
            self._steps[unit, inside] -= 1
            if not self._steps[unit, inside]:
                self.done[unit] += self._planned[unit, inside]

    def stop(self, *, fail_fast: bool = False) -> None:
        """Terraform is being interrupted: what ends from now on may have been stopped by that.

        `fail_fast`: because of what failed.
        """
        if self._before is None:
            self._before = frozenset(self.failed)
            if fail_fast:
                self._why = f"stopped by --fail-fast: {named(sorted(self._before))} failed; "

    def landed(self, addresses: Iterable[str]) -> None:
        """What had not ended is in the state all the same: nobody has to look for it."""
        for address in addresses:
            self._in_flight.pop(address, None)

    def complete(self, unit: Address) -> bool:
        """Whether all that was planned for the unit has been done."""
        return unit not in self.failed and self.done.get(unit, 0) >= self.total.get(unit, 0)

    def outcomes(
        self,
        completed: Completed,
        graph: nx.DiGraph[Address],
        said: Sequence[Blamed] = (),
    ) -> dict[Address, Outcome]:
        """How every changed unit ended, once the process has; and those that an error is of.

        `said` is what Terraform said, led back to units.
        """
        for one in (one for one in said if one.diagnostic.severity == "error"):
            for unit in one.units if one.sure else self._unfinished(one.units, graph):
                self.failed.setdefault(unit, str(one))
        self._tell_stopped_apart(said)
        units = [*self.total, *sorted(self.failed.keys() - self.total.keys())]
        found = {
            unit: replace(self._outcome(unit, completed, graph), made=self.done.get(unit, 0))
            for unit in units
        }
        blamed = any(outcome.status is not Status.SUCCEEDED for outcome in found.values())
        if completed.ok or blamed:
            return found
        why = completed.explain()  # it failed, and no unit can be named
        return {u: replace(each, status=Status.FAILED, reason=why) for u, each in found.items()}

    def _outcome(self, unit: Address, completed: Completed, graph: nx.DiGraph[Address]) -> Outcome:
        blocking = sorted(nx.ancestors(graph, unit) & self.failed.keys())
        stopped = completed.interrupted or completed.killed
        # without changes of its own: nothing says whether its outputs or imports were written
        total = self.total.get(unit, 0)
        silent = not total and (blocking or stopped or completed.crashed)
        if completed.ok or (self.complete(unit) and not silent):
            return Outcome(Status.SUCCEEDED)
        made = self._made(unit)
        if unit in self.failed:
            return Outcome(Status.FAILED, self.failed[unit])
        flying = sorted(self._inside(a) for a, u in self._in_flight.items() if u == unit)
        if flying and completed.crashed:
            reason = f"{completed.explain()}; {made}"
            return Outcome(Status.UNKNOWN, reason, unknown_resources=tuple(flying))
        if blocking:
            reason = f"{made}, for it needs {named(blocking)}"
            return Outcome(Status.SKIPPED, reason, tuple(blocking))
        if stopped:
            return Outcome(Status.CANCELLED, f"{self._why}{made}")
        return Outcome(Status.FAILED, f"{made}: {completed.explain()}")

    def _made(self, unit: Address) -> str:
        """How far it came, in words."""
        done, total = self.done.get(unit, 0), self.total.get(unit, 0)
        if done:
            return f"only {done} of {counted(total, 'change')} made"
        return "none of its changes made" if unit in self.begun else "not started"

    def _tell_stopped_apart(self, said: Sequence[Blamed]) -> None:
        """Take out of what failed what was only stopped."""
        if self._before is None:
            return
        told: dict[Address, list[str]] = defaultdict(list)
        for one in (one for one in said if one.diagnostic.severity == "error"):
            for unit in one.units:
                told[unit].append(str(one))
        self.stopped = frozenset(
            unit
            for unit in self.failed.keys() - self._before
            if all(map(_STOPPED.search, told[unit] or [self.failed[unit]]))
        )
        for unit in self.stopped:
            del self.failed[unit]

    def _unfinished(
        self, units: Collection[Address], graph: nx.DiGraph[Address]
    ) -> Collection[Address]:
        """Those of `units` that may have failed: what is done has not, or all have."""
        failed = self.failed.keys()
        blocked = {unit for unit in units if nx.ancestors(graph, unit) & failed}
        open_ = [u for u in units if u not in blocked and not self.complete(u)]
        return open_ or units

    def _inside(self, address: str) -> str:
        found = self._calls.unit_of(address)
        return found[1] if found else address

    def _diagnose(self, event: Event) -> None:
        diagnostic = event.diagnostic
        if diagnostic is None or diagnostic.severity != "error":
            return
        found = self._calls.unit_of(diagnostic.address)
        if found:
            unit, inside = found
            text = self._calls.plain(diagnostic.detail.strip()) or diagnostic.summary
            self.failed[unit] = f"{inside}: {diagnostic.summary}" + (
                f": {text}" if text != diagnostic.summary else ""
            )


def raw_events(events: Iterable[Event]) -> list[Mapping[str, Any]]:
    """The events as Terraform wrote them."""
    return [event.raw for event in events if event.raw]
