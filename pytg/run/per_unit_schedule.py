"""`--per-unit` over many units: planned and applied in dependency order, side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping

import networkx as nx

from pytg.compose.changes import UnitChanges
from pytg.compose.stage import Stage
from pytg.errors import Interrupted, PytgError
from pytg.generate.unit import read_by
from pytg.model import Address
from pytg.record.run import Finding, Outcome, Status
from pytg.run.diagnosis import record, tell
from pytg.run.execution import Execution
from pytg.run.per_unit import plan_unit, run_unit
from pytg.run.plan_failure import PlanFailed
from pytg.run.roots import unit_root
from pytg.run.scheduler import Scheduler, default_parallelism
from pytg.run.stages import NOT_APPLIED, holds_nothing


def plan_per_unit(execution: Execution) -> dict[Address, UnitChanges]:
    """Plan every unit in its own root; a unit whose upstream was never applied is skipped."""
    found: dict[Address, UnitChanges] = {}
    showing = threading.Lock()

    def work(address: Address) -> Outcome:
        unit = execution.estate.units[address]
        if execution.drift and holds_nothing(execution.states.read([unit])[address]):
            found[address] = UnitChanges(address)
            return Outcome(Status.UNCHANGED, NOT_APPLIED)
        never = _never_applied(execution, address)
        if never:
            reason = f"planned once these are applied: {', '.join(map(str, never))}"
            return Outcome(Status.SKIPPED, reason)
        root = unit_root(execution, unit)
        with root.reserved():
            plan = plan_unit(root)
            if execution.drift:
                with showing:
                    execution.show(Stage((address,)), plan.changes, root.calls, plan.details)
        found.update(plan.changes)
        execution.planned(plan.changes)
        return Outcome(Status.SUCCEEDED if plan.touched else Status.UNCHANGED)

    independent: nx.DiGraph[Address] = nx.DiGraph()
    independent.add_nodes_from(execution.order)  # a plan waits for no other plan
    schedule(execution, independent, work)
    if not execution.drift:
        _name_outdated(execution, found)
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
    approved: Mapping[Address, UnitChanges] | None,
) -> dict[Address, UnitChanges]:
    """Plan and apply every unit of `graph` at its turn; see `run_unit` for `approved`."""
    found: dict[Address, UnitChanges] = {}

    def work(address: Address) -> Outcome:
        return run_unit(execution, execution.estate.units[address], approved, found)

    schedule(execution, graph, work)
    return found


def _never_applied(execution: Execution, address: Address) -> list[Address]:
    units = execution.estate.units
    held = execution.states.read(units[upstream] for upstream in read_by(units[address]))
    return [u for u, state in held.items() if state.state is None]


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
            summary, _, names = error.message.partition("\n")
            detail = "\n".join(filter(None, (names, error.hint)))
            record(execution, address, [Finding("error", summary, detail)])
            return Outcome(Status.FAILED, str(error))

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
