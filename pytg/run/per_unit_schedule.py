"""`--per-unit` over many units: planned and applied in dependency order, side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.compose.state_merge import holds_nothing
from pytg.errors import Interrupted, PytgError
from pytg.generate.unit import read_by
from pytg.model import Address, Unit
from pytg.record.run import BAD, Outcome, Status
from pytg.run.approved import Approved
from pytg.run.diagnosis import failed_on, tell
from pytg.run.execution import Execution
from pytg.run.passing import wait_to_try_again
from pytg.run.per_unit import plan_unit, run_unit
from pytg.run.plan_failure import PlanFailed
from pytg.run.policy import refusals, refuse
from pytg.run.roots import unit_root
from pytg.run.scheduler import Scheduler, default_parallelism
from pytg.run.stage_inputs import lacking_output
from pytg.run.stages import NOT_APPLIED


def plan_per_unit(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan every unit in its own root.

    One is skipped whose upstream was never applied, or has yet to give an output that it reads.
    """
    found: dict[Address, UnitChanges] = {}
    refused: list[str] = []
    showing = threading.Lock()

    def work(address: Address) -> Outcome:
        unit = execution.estate.units[address]
        if execution.drift and holds_nothing(execution.states.read([unit])[address].state):
            found[address] = UnitChanges(address)
            return Outcome(Status.UNCHANGED, NOT_APPLIED)
        to_come = _to_come(execution, unit, found)
        if to_come:
            reason = f"planned once these are applied: {', '.join(map(str, to_come))}"
            return Outcome(Status.SKIPPED, reason)
        root = unit_root(execution, unit)
        with root.reserved():
            plan = plan_unit(root)
            if execution.drift:
                with showing:
                    execution.show(Stage((address,)), plan.changes, root.calls, plan.details)
            else:
                refused.extend(refusals(execution, [plan]))
        found.update(plan.changes)
        execution.planned(plan.changes)
        return Outcome(Status.SUCCEEDED if plan.touched else Status.UNCHANGED)

    left = [unit for unit in execution.order if execution.status(unit) not in BAD]
    schedule(execution, _plans_to_wait_for(execution, left), work)
    if not execution.drift:
        _name_outdated(execution, found)
    refuse(refused)
    return found


def _name_outdated(execution: Execution, found: Mapping[Address, UnitChanges]) -> None:
    """Each unit was planned on the outputs that are stored: not on those to come."""
    changed = {unit for unit, changes in found.items() if changes.changed}
    late = sorted(u for u in found if nx.ancestors(execution.order, u) & changed)
    if late:
        text = (
            f"planned on what is applied now, while units that they need change: "
            f"{', '.join(map(str, late))}; without --per-unit the plan shows what that does to them"
        )
        execution.note(text)


def apply_per_unit(
    execution: Execution,
    graph: nx.DiGraph[Address],
    approved: Approved | None,
) -> dict[Address, UnitChanges]:
    """Plan and apply every unit of `graph` at its turn; see `run_unit` for `approved`."""
    found: dict[Address, UnitChanges] = {}

    def work(address: Address) -> Outcome:
        unit = execution.estate.units[address]
        tried = 1
        outcome = run_unit(execution, unit, approved, found)
        name = str(address)
        while execution.tries_again and wait_to_try_again(execution, name, tried, outcome.passing):
            tried += 1
            execution.begin(address)
            outcome = run_unit(execution, unit, approved, found, again=True)
        return replace(outcome, passing="")  # it has been tried often enough

    schedule(execution, graph, work)
    return found


def _plans_to_wait_for(execution: Execution, left: Sequence[Address]) -> nx.DiGraph[Address]:
    """A plan waits for no other one, but where that tells whether an output is to come."""
    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_nodes_from(left)
    units = execution.estate.units
    read = {upstream for address in left for upstream in read_by(units[address])}
    try:
        held = execution.states.read(units[upstream] for upstream in sorted(read))
    except PytgError:  # told of each unit at its turn
        return graph
    for address in left:
        known = {upstream: held[upstream] for upstream in read_by(units[address])}
        lacking = [up for up in lacking_output(units[address], known) if known[up].state]
        graph.add_edges_from((up, address) for up in lacking if up in graph)
    return graph


def _to_come(
    execution: Execution, unit: Unit, found: Mapping[Address, UnitChanges]
) -> list[Address]:
    """What has yet to be applied before `unit`, which reads it, can be planned."""
    units = execution.estate.units
    held = execution.states.read(units[upstream] for upstream in read_by(unit))
    lacking = set() if execution.drift else lacking_output(unit, held)
    changing = {upstream for upstream in lacking & found.keys() if found[upstream].changed}
    return [u for u, state in held.items() if state.state is None or u in changing]


def schedule(
    execution: Execution, graph: nx.DiGraph[Address], work: Callable[[Address], Outcome]
) -> None:
    """Do `work` on the units of `graph` in its order, side by side; an error fails its unit."""

    def guarded(address: Address) -> Outcome:
        try:
            return work(address)
        except Interrupted as error:
            return Outcome(Status.CANCELLED, error.message)
        except PlanFailed as error:
            if error.completed.interrupted or error.completed.killed:
                return Outcome(Status.CANCELLED, "interrupted while planning")
            tell(execution, error.said)
            return Outcome(Status.FAILED, error.message)
        except PytgError as error:
            return failed_on(execution, address, error)

    def on_change(address: Address, outcome: Outcome) -> None:
        if outcome.status is Status.RUNNING:
            execution.begin(address)
        else:
            execution.end({address: outcome})

    Scheduler(
        graph,
        guarded,
        parallelism=parallelism(execution),
        on_change=on_change,
        cancel=execution.cancel,
        fail_fast=execution.options.fail_fast,
    ).run()


def parallelism(execution: Execution) -> int:
    """How many units with a process of their own run at a time."""
    if execution.options.parallelism:
        return execution.options.parallelism
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return default_parallelism(os.cpu_count() or 1, memory)
