"""How units ended, from the events of an apply and the end of its process."""

from __future__ import annotations

import networkx as nx
import pytest

from pytg.compose.changes import Calls, ResourceAction, UnitChanges
from pytg.model import Address
from pytg.record.run import Outcome, Status
from pytg.run.blamed import Blamed, softened
from pytg.run.progress import Progress, raw_events
from pytg.terraform.completed import PANIC, Completed
from pytg.terraform.event_stream import Diagnostic, Event

ONE = Address("acc", "us-east-1", "dev", "one")
TWO = Address("acc", "us-east-1", "dev", "two")  # it has only an import
THREE = Address("acc", "us-east-1", "dev", "three")
RESOURCE = f"module.{ONE.slug}.terraform_data.this"


def outcomes(completed: Completed, *kinds: str) -> dict[Address, Status]:
    made = (ResourceAction("terraform_data.this", "create", "terraform_data"),)
    changes = {ONE: UnitChanges(ONE, create=1, resources=made), TWO: UnitChanges(TWO, imports=1)}
    progress = Progress(Calls({ONE.slug: ONE, TWO.slug: TWO}), changes)
    for kind in kinds:
        progress.feed(Event(kind, address=RESOURCE, action="create"))
    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_nodes_from([ONE, TWO])
    return {unit: outcome.status for unit, outcome in progress.outcomes(completed, graph).items()}


def ended(exit_code: int, *, interrupted: bool = False) -> Completed:
    return Completed("apply", exit_code, (), "", interrupted=interrupted)


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


def made(unit: Address, **counts: int) -> UnitChanges:
    """Changes of the unit, one resource each."""
    resources = tuple(
        ResourceAction(f"x.{action}{number}", action, "x")
        for action, count in counts.items()
        for number in range(count)
    )
    return UnitChanges(unit, resources=resources, **counts)  # type: ignore[arg-type]  # the counts are int


def progress_of(*changes: UnitChanges) -> Progress:
    return Progress(
        Calls({each.address.slug: each.address for each in changes}),
        {each.address: each for each in changes},
    )


def event(kind: str, unit: Address, name: str = "create0", action: str = "create") -> Event:
    return Event(kind, address=f"module.{unit.slug}.x.{name}", action=action)


def said(severity: str, summary: str, detail: str = "", unit: Address = ONE) -> Event:
    found = {"severity": severity, "summary": summary, "detail": detail}
    address = f"module.{unit.slug}.x.create0"
    return Event("diagnostic", raw={"diagnostic": {**found, "address": address}})


def ends(
    progress: Progress, completed: Completed, *edges: tuple[Address, Address]
) -> dict[str, Outcome]:
    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_nodes_from([ONE, TWO, THREE])
    graph.add_edges_from(edges)
    return {unit.module: each for unit, each in progress.outcomes(completed, graph).items()}


def test_a_change_counts_once_and_an_unchanged_unit_not_at_all() -> None:
    progress = progress_of(made(ONE, create=2, update=1, replace=1, delete=1), UnitChanges(TWO))
    assert progress.total == {ONE: 5}
    assert progress.done == {ONE: 0}


@pytest.mark.parametrize("order", [("delete", "create"), ("create", "delete")])
def test_a_replacement_is_done_once_terraform_has_done_both(order: tuple[str, str]) -> None:
    progress = progress_of(made(ONE, replace=1, update=1))
    done = []
    for action in order:
        progress.feed(event("apply_complete", ONE, "replace0", action=action))
        done.append(progress.done[ONE])
    assert done == [0, 1]
    progress.feed(event("apply_complete", ONE, "update0", action="update"))
    assert progress.complete(ONE)
    progress.feed(event("apply_complete", ONE, "odd", action="update"))
    assert progress.done == progress.total == {ONE: 2}


def test_an_event_says_whose_resource_it_is_about() -> None:
    progress = progress_of(made(ONE, create=1))
    for kind in ("apply_start", "apply_complete", "apply_errored"):
        assert progress.feed(event(kind, ONE)) == (ONE, "x.create0")
    for kind in ("apply_progress", "planned_change", "diagnostic"):
        assert progress.feed(event(kind, ONE)) is None
    assert progress.feed(event("apply_start", ONE, action="read")) is None
    assert progress.feed(event("apply_start", TWO)) is None
    assert progress.feed(Event("version")) is None


def test_only_what_is_complete_is_done() -> None:
    progress = progress_of(made(ONE, create=2), made(TWO, create=1))
    progress.feed(event("apply_start", ONE))
    assert (progress.begun, progress.done[ONE]) == ({ONE}, 0)
    assert not progress.complete(ONE)
    progress.feed(event("apply_complete", ONE))
    assert progress.done == {ONE: 1, TWO: 0}
    assert not progress.complete(ONE)
    progress.feed(event("apply_complete", ONE, "create1"))
    assert progress.complete(ONE)
    assert not progress.complete(TWO)
    assert progress.failed == {}


def test_what_was_read_is_not_done() -> None:
    progress = progress_of(made(ONE, create=1))
    progress.feed(event("apply_complete", ONE, action="read"))
    assert progress.done == {ONE: 0}


def test_a_unit_without_changes_may_have_events_all_the_same() -> None:
    progress = progress_of(made(ONE, create=1), UnitChanges(TWO))
    assert progress.feed(event("apply_complete", TWO)) == (TWO, "x.create0")
    assert progress.done == {ONE: 0}


def test_a_unit_that_failed_is_not_complete_whatever_is_done() -> None:
    progress = progress_of(made(ONE, create=1))
    progress.feed(event("apply_complete", ONE))
    progress.feed(event("apply_errored", ONE, "create1"))
    assert not progress.complete(ONE)
    assert progress.failed == {ONE: "x.create1 failed"}


def test_the_reason_of_a_failure_is_terraform_s() -> None:
    progress = progress_of(made(ONE, create=1))
    progress.feed(event("apply_errored", ONE))
    progress.feed(said("error", "No", " It is too late.\n"))
    assert progress.failed == {ONE: "x.create0: No: It is too late."}
    for detail in ("", "No"):
        progress.feed(said("error", "No", detail))
        assert progress.failed == {ONE: "x.create0: No"}
    progress.feed(event("apply_errored", ONE))
    assert progress.failed == {ONE: "x.create0: No"}


def test_a_warning_and_an_error_of_nobody_are_no_failure() -> None:
    progress = progress_of(made(ONE, create=1))
    progress.feed(said("warning", "Old"))
    progress.feed(said("error", "No", unit=TWO))
    assert progress.failed == {}


def test_what_needs_a_failed_unit_was_skipped_as_far_as_it_was_not_done() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=1), made(THREE, create=1))
    progress.feed(event("apply_errored", ONE))
    progress.feed(event("apply_complete", THREE))
    found = ends(progress, ended(1), (ONE, TWO), (TWO, THREE))
    assert found["one"] == Outcome(Status.FAILED, "x.create0 failed")
    assert (found["two"].status, found["two"].blocked_by) == (Status.SKIPPED, (ONE,))
    assert found["two"].reason == f"not started, for it needs {ONE}"
    assert found["three"] == Outcome(Status.SUCCEEDED, made=1)


def test_a_unit_that_failed_after_another_is_a_failure_itself() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=1))
    progress.feed(event("apply_errored", ONE))
    progress.feed(event("apply_errored", TWO))
    found = ends(progress, ended(1, interrupted=True), (ONE, TWO))
    assert {each.status for each in found.values()} == {Status.FAILED}


def test_what_was_not_done_and_has_no_reason_failed() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=2))
    progress.feed(event("apply_complete", TWO))
    progress.feed(event("apply_start", TWO, "create1"))
    found = ends(progress, Completed("apply", 1, (), "the end"))
    assert found["two"].status is Status.FAILED
    assert found["two"].reason == "only 1 of 2 changes made: the end"
    assert found["two"].unknown_resources == ()


@pytest.mark.parametrize("how", [{"interrupted": True}, {"killed": True}])
def test_what_a_person_stopped_is_cancelled(how: dict[str, bool]) -> None:
    progress = progress_of(made(ONE, create=2), made(TWO, create=1))
    progress.feed(event("apply_complete", ONE))
    found = ends(progress, Completed("apply", 1, (), "", **how))
    assert found["one"].status is found["two"].status is Status.CANCELLED
    assert (found["one"].reason, found["one"].made) == ("only 1 of 2 changes made", 1)
    assert (found["two"].reason, found["two"].made) == ("not started", 0)


def test_what_was_in_flight_at_a_crash_is_unknown_before_anything_else() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=3))
    progress.feed(event("apply_errored", ONE))
    for name in ("create2", "create1", "create0"):
        progress.feed(event("apply_start", TWO, name))
    progress.feed(event("apply_complete", TWO, "create0"))
    found = ends(progress, Completed("apply", -9, (), "", killed=True), (ONE, TWO))
    assert found["two"].status is Status.UNKNOWN
    assert found["two"].unknown_resources == ("x.create1", "x.create2")
    assert found["one"].status is Status.FAILED


def test_what_ended_with_an_error_is_in_flight_no_more() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=1))
    progress.feed(event("apply_start", ONE))
    progress.feed(event("apply_errored", ONE))
    found = ends(progress, ended(-9))
    assert found["one"] == Outcome(Status.FAILED, "x.create0 failed")
    assert found["two"].unknown_resources == ()


def test_a_failure_of_nobody_is_that_of_all() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=1))
    progress.feed(event("apply_complete", ONE))
    progress.feed(event("apply_complete", TWO))
    found = ends(progress, Completed("apply", 1, (), "no room"))
    assert set(found.values()) == {Outcome(Status.FAILED, "no room", made=1)}


def blamed(*units: Address, sure: bool = True, severity: str = "error") -> Blamed:
    return Blamed(Diagnostic(severity, "No", "so"), units, sure=sure, file="m.tf", line=3)


def ends_with(progress: Progress, *said: Blamed) -> dict[str, Outcome]:
    graph: nx.DiGraph[Address] = nx.DiGraph([(ONE, THREE)])
    graph.add_node(TWO)
    outcomes = progress.outcomes(ended(1), graph, said)
    return {unit.module: each for unit, each in outcomes.items()}


def test_a_unit_whose_condition_did_not_hold_failed_whatever_is_done() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=1), made(THREE, create=1))
    for unit in (ONE, TWO):
        progress.feed(event("apply_complete", unit))
    found = ends_with(progress, blamed(ONE), blamed(TWO, severity="warning"))
    assert found["one"] == Outcome(Status.FAILED, "No (m.tf:3)\nso", made=1)
    assert found["two"] == Outcome(Status.SUCCEEDED, made=1)
    assert (found["three"].status, found["three"].blocked_by) == (Status.SKIPPED, (ONE,))


def test_an_error_is_also_of_a_unit_that_does_not_change() -> None:
    progress = progress_of(made(ONE, create=1), UnitChanges(TWO))
    progress.feed(event("apply_complete", ONE))
    found = ends_with(progress, blamed(TWO))
    assert {name: each.status for name, each in found.items()} == {
        "one": Status.SUCCEEDED,
        "two": Status.FAILED,
    }


def test_of_several_that_may_have_failed_it_is_what_is_not_done() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=1))
    progress.feed(event("apply_complete", ONE))
    found = ends_with(progress, blamed(ONE, TWO, sure=False))
    assert found["one"] == Outcome(Status.SUCCEEDED, made=1)
    assert found["two"] == Outcome(Status.FAILED, f"No (m.tf:3)\nso\nin one of {ONE}, {TWO}")


def test_a_unit_with_only_an_import_is_done_unless_something_stood_in_its_way() -> None:
    only = UnitChanges(TWO, imports=1)
    progress = progress_of(made(ONE, create=1), only)
    progress.feed(event("apply_errored", ONE))
    assert ends(progress, ended(1))["two"].status is Status.SUCCEEDED
    assert ends(progress, ended(1), (ONE, TWO))["two"].status is Status.SKIPPED
    assert ends(progress, ended(1, interrupted=True))["two"].status is Status.CANCELLED
    assert ends(progress, ended(-9))["two"].status is Status.FAILED


def test_raw_events_leave_out_what_is_no_json() -> None:
    assert raw_events([Event("text", "x"), Event("version", raw={"type": "version"})]) == [
        {"type": "version"}
    ]


@pytest.mark.parametrize("fail_fast", [True, False])
def test_what_was_stopped_is_cancelled_and_so_is_what_needs_it(*, fail_fast: bool) -> None:
    """A provisioner ends with "signal: killed": of that unit nobody knows a fault."""
    units = [made(unit, create=1) for unit in (ONE, TWO, THREE)]
    progress = progress_of(*units)
    if fail_fast:
        progress.feed(event("apply_errored", ONE))
    progress.stop(fail_fast=fail_fast)
    progress.feed(event("apply_errored", TWO))
    killed = Diagnostic("error", "local-exec provisioner error", "signal: killed")
    told = [Blamed(killed, (TWO,)), *([Blamed(Diagnostic("error", "No"), (ONE,))] * fail_fast)]
    graph: nx.DiGraph[Address] = nx.DiGraph([(TWO, THREE)])
    graph.add_node(ONE)
    found = progress.outcomes(ended(1, interrupted=True), graph, told)
    why = f"stopped by --fail-fast: {ONE} failed; " if fail_fast else ""
    stopped = Outcome(Status.CANCELLED, f"{why}not started")
    assert (found[TWO], found[THREE]) == (stopped, stopped)
    assert found[ONE].status is (Status.FAILED if fail_fast else Status.CANCELLED)
    severities = [one.diagnostic.severity for one in softened(told, progress.stopped)]
    assert severities == ["warning", *(["error"] * fail_fast)]


def test_what_fails_of_itself_while_it_is_stopped_failed() -> None:
    progress = progress_of(made(ONE, create=1), made(TWO, create=1))
    progress.feed(event("apply_errored", ONE))
    progress.stop(fail_fast=True)
    progress.feed(event("apply_errored", TWO))
    told = [Blamed(Diagnostic("error", text), (TWO,)) for text in ("signal: killed", "denied")]
    graph: nx.DiGraph[Address] = nx.DiGraph()
    graph.add_nodes_from([ONE, TWO])
    found = progress.outcomes(ended(1, interrupted=True), graph, told)
    assert found[TWO].status is Status.FAILED
