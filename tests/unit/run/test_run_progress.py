"""How units ended, from the events of an apply and the end of its process."""

from __future__ import annotations

import networkx as nx
import pytest

from pytg.compose.changes import Calls, ResourceChange, UnitChanges
from pytg.model import Address
from pytg.record.run import Status
from pytg.run.progress import Progress
from pytg.terraform.event_stream import Event
from pytg.terraform.process import PANIC, Completed

ONE = Address("acc", "us-east-1", "dev", "one")
TWO = Address("acc", "us-east-1", "dev", "two")  # it has only an import
RESOURCE = f"module.{ONE.slug}.terraform_data.this"


def outcomes(completed: Completed, *kinds: str) -> dict[Address, Status]:
    made = (ResourceChange("terraform_data.this", "create", "terraform_data"),)
    changes = {ONE: UnitChanges(ONE, create=1, resources=made), TWO: UnitChanges(TWO, imports=1)}
    progress = Progress(Calls({ONE.slug: ONE, TWO.slug: TWO}), changes)
    for kind in kinds:
        progress.feed(Event(kind, address=RESOURCE, action="create"))
    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_nodes_from([ONE, TWO])
    return {unit: f.status for unit, f in progress.outcomes(completed, graph).items()}


def ended(exit_code: int, *, interrupted: bool = False) -> Completed:
    return Completed("apply", exit_code, (), 1.0, "", interrupted=interrupted)


@pytest.mark.parametrize("exit_code", [-9, PANIC])
def test_a_crash_between_two_resources_is_a_failure(exit_code: int) -> None:
    """Nobody asked for it: the run must not end as if all were well."""
    assert outcomes(ended(exit_code)) == {ONE: Status.FAILED, TWO: Status.FAILED}


def test_a_crash_with_a_resource_in_flight_leaves_the_unit_unknown() -> None:
    found = outcomes(ended(-9), "apply_start")
    assert found == {ONE: Status.UNKNOWN, TWO: Status.FAILED}


def test_what_was_made_before_an_interrupt_is_done_and_the_rest_cancelled() -> None:
    found = outcomes(ended(1, interrupted=True), "apply_start", "apply_complete")
    assert found == {ONE: Status.SUCCEEDED, TWO: Status.CANCELLED}


def test_all_is_done_when_terraform_says_so() -> None:
    found = outcomes(ended(0), "apply_start", "apply_complete")
    assert found == {ONE: Status.SUCCEEDED, TWO: Status.SUCCEEDED}
