"""What Terraform had begun when it died, from its events and the last whole state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytg.compose.changes import Calls
from pytg.errors import PytgError
from pytg.record.run import Status
from pytg.recovery.in_flight import Begun, ids_by_unit, lost, read_begun, stored
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import StateStore
from pytg.terraform.completed import Completed
from support.dead_apply import ONE, TWO, estate_at, states_in
from support.memory_store import MemoryStore, composed

A = f"module.{ONE.slug}.terraform_data.this"  # as `composed` has it


def event(kind: str, action: str, address: str, value: str = "") -> str:
    told = {"id_key": "id", "id_value": value} if value else {}
    hook = {"action": action, "resource": {"addr": address}} | told
    return json.dumps({"type": kind, "hook": hook})


def log_of(tmp_path: Path, *events: tuple[str, ...]) -> Path:
    """Terraform's events: type, action, address, and the id where it tells that."""
    file = tmp_path / "apply.jsonl"
    file.write_text("\n".join(event(*each) for each in events))
    return file


def resources_in_flight(log: Path, state: bytes | None) -> tuple[str, ...]:
    return tuple(read_begun(log).missing(state))


def state_with(**resource: Any) -> bytes:
    made = {"type": "x", "name": "a", "instances": [{}]} | resource
    return json.dumps({"resources": [made]}).encode()


def test_without_events_nothing_is_known(tmp_path: Path) -> None:
    assert resources_in_flight(tmp_path / "none", None) == ()


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_what_was_begun_and_has_not_ended(tmp_path: Path, action: str) -> None:
    log = log_of(tmp_path, ("apply_start", action, A))
    assert resources_in_flight(log, composed(ONE)) == (A,)


def state_of(*instances: dict[str, Any]) -> bytes:
    """A state with instances of `A`, as Terraform writes them."""
    document = json.loads(composed(ONE))
    (resource,) = document["resources"]
    resource["instances"] = [{"attributes": {"id": "x"}} | one for one in instances]
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("fresh", "instances", "missing"),
    [
        (True, [{}], False),
        (True, [], True),
        (True, [{"deposed": "00"}], True),  # it is the one before
        (False, [{}], True),  # it may be the one before
        (False, [{}, {"deposed": "00"}], False),  # that is kept beside it
    ],
)
@pytest.mark.parametrize("provisioned", [True, False])
def test_what_is_being_made_and_is_in_the_state_exists_in_a_state(
    tmp_path: Path,
    *,
    fresh: bool,
    instances: list[dict[str, Any]],
    missing: bool,
    provisioned: bool,
) -> None:
    """Another resource had the state written meanwhile."""
    events = [("apply_start", "create", A), ("provision_start", "", A)]
    begun = read_begun(log_of(tmp_path, *events[: 1 + provisioned]))
    known = {A} if fresh else set()
    state = state_of(*instances)
    assert (A in begun.missing(state, known)) is missing
    half = begun.half_made(state, known)
    assert half == ([A] if provisioned and not missing else [])
    tainted = state_of(*({"status": "tainted"} | one for one in instances))
    assert begun.half_made(tainted, known) == []


def test_a_provisioner_before_the_end_of_a_resource_makes_nothing(tmp_path: Path) -> None:
    events = [("apply_start", "delete", A), ("provision_start", "", A)]
    begun = read_begun(log_of(tmp_path, *events))
    assert begun.half_made(composed(ONE), {A}) == []


def test_what_is_only_read_does_not_exist_by_that(tmp_path: Path) -> None:
    assert resources_in_flight(log_of(tmp_path, ("apply_start", "read", A)), None) == ()


@pytest.mark.parametrize(
    ("end", "action", "state", "found"),
    [
        ("apply_complete", "create", composed(ONE), ()),
        ("apply_complete", "create", composed(), (A,)),  # made after the state was seen
        ("apply_complete", "create", None, (A,)),
        ("apply_complete", "update", composed(), ()),
        ("apply_errored", "create", composed(), ()),
        ("apply_progress", "create", composed(ONE), (A,)),
    ],
)
def test_what_has_ended_is_in_the_state_or_made_after_it(
    tmp_path: Path, end: str, action: str, state: bytes | None, found: tuple[str, ...]
) -> None:
    log = log_of(tmp_path, ("apply_start", action, A), (end, action, A))
    assert resources_in_flight(log, state) == found


def test_what_was_replaced_is_there_though_the_one_before_it_was_deleted(tmp_path: Path) -> None:
    """With `create_before_destroy` the deletion comes last, under the same address."""
    log = log_of(tmp_path, ("apply_complete", "create", A, "new"), ("apply_complete", "delete", A))
    assert read_begun(log).missing(None) == {A: "new"}


@pytest.mark.parametrize(
    ("value", "attributes", "found"),
    [
        ("i-1", [{"id": "i-1"}], {}),
        ("i-1", [{"id": "i-0"}], {"x.a": "i-1"}),  # the state has the object that it replaced
        ("i-1", [{"id": "i-0"}, {"id": "i-1"}], {}),  # and the new one
        ("i-1", [{"name": "n"}], {}),  # nothing to compare
        ("i-1", [None], {}),
        ("", [{"id": "i-0"}], {}),
        ("7", [{"id": 7}], {}),
    ],
)
def test_another_object_under_the_same_address_is_not_the_one_that_was_made(
    tmp_path: Path, value: str, attributes: list[Any], found: dict[str, str]
) -> None:
    state = state_with(instances=[{"attributes": each} for each in attributes])
    log = log_of(tmp_path, ("apply_complete", "create", "x.a", value))
    assert read_begun(log).missing(state) == found


def test_what_a_dying_process_cut_short_counts_for_nothing(tmp_path: Path) -> None:
    log = log_of(tmp_path, ("apply_start", "create", "x.a"), ("apply_start", "create", "x.b"))
    begun = read_begun(log)
    assert (begun.open, begun.odd, begun.started) == ({"x.a", "x.b"}, False, True)
    log.write_bytes(log.read_bytes()[:-9])
    begun = read_begun(log)
    assert (begun.open, begun.odd) == ({"x.a"}, False)


@pytest.mark.parametrize("line", ["[]", "{}", "null", "\udcff", "panic: at the disco"])
def test_a_line_that_is_no_event_is_noticed(tmp_path: Path, line: str) -> None:
    log = log_of(tmp_path, ("apply_start", "create", "x.a"), ("apply_start", "create", "x.b"))
    text = log.read_text().replace("\n", f"\n{line}\n\n")
    log.write_bytes(text.encode(errors="surrogateescape"))
    begun = read_begun(log)
    assert (begun.open, begun.odd) == ({"x.a", "x.b"}, True)


@pytest.mark.parametrize("action", ["read", "open", "renew", "close"])
def test_what_is_only_read_is_not_made(tmp_path: Path, action: str) -> None:
    log = log_of(tmp_path, ("apply_start", action, A), ("apply_complete", action, A))
    assert read_begun(log) == Begun(started=True)


@pytest.mark.parametrize(
    ("address", "state"),
    [
        ("x.a", state_with()),
        ("x.a[0]", state_with(instances=[{"index_key": 0}])),
        ('x.a["k"]', state_with(instances=[{"index_key": "k"}])),
        ("module.m.x.a", state_with(module="module.m")),
        ('x.a["é \\" $${b}"]', state_with(instances=[{"index_key": 'é " ${b}'}])),
    ],
)
def test_addresses_are_those_of_the_state(tmp_path: Path, address: str, state: bytes) -> None:
    log = log_of(tmp_path, *(("apply_complete", "create", a) for a in (address, "x.other")))
    assert resources_in_flight(log, state) == ("x.other",)


def test_what_is_lost_makes_its_unit_unknown() -> None:
    calls = Calls({ONE.slug: ONE, TWO.slug: TWO})
    missing = ids_by_unit({A: "i-1", "module.other.x.a": ""}, calls)
    assert missing == {ONE: {"terraform_data.this": "i-1"}}
    outcomes = lost(missing, Completed("apply", -9, (), ""), {})
    assert list(outcomes) == [ONE]
    assert outcomes[ONE].status is Status.UNKNOWN
    assert outcomes[ONE].unknown_resources == ("terraform_data.this",)
    assert outcomes[ONE].reason


def test_a_stored_state_is_read_where_it_can_be(tmp_path: Path) -> None:
    unit, store = estate_at(tmp_path).units[ONE], MemoryStore()
    assert stored(states_in(store), unit) is None
    store.states[str(ONE)] = composed(ONE)
    assert stored(states_in(store), unit) == composed(ONE)

    def unreachable(_unit: StateLocation) -> StateStore:
        raise PytgError("no network")

    assert stored(StateReader(unreachable), unit) is None
