"""What Terraform had begun when it died, from its events and the last whole state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytg.compose.changes import Calls
from pytg.errors import PytgError
from pytg.record.run import Status
from pytg.recovery.in_flight import lost, resources_in_flight, stored
from pytg.state.state_reader import StateLocation, StateReader
from pytg.state.state_store import StateStore
from pytg.terraform.completed import Completed
from support.dead_apply import ONE, TWO, estate_at, states_in
from support.memory_store import MemoryStore, composed

A = f"module.{ONE.slug}.terraform_data.this"  # as `composed` has it


def log_of(tmp_path: Path, *events: tuple[str, str, str]) -> Path:
    """Terraform's events: type, action and address."""
    file = tmp_path / "apply.jsonl"
    lines = [
        json.dumps({"type": kind, "hook": {"action": action, "resource": {"addr": address}}})
        for kind, action, address in events
    ]
    file.write_text("\n".join(lines))
    return file


def state_with(**resource: Any) -> bytes:
    made = {"type": "x", "name": "a", "instances": [{}]} | resource
    return json.dumps({"resources": [made]}).encode()


def test_without_events_nothing_is_known(tmp_path: Path) -> None:
    assert resources_in_flight(tmp_path / "none", None) == ()


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_what_was_begun_and_has_not_ended(tmp_path: Path, action: str) -> None:
    log = log_of(tmp_path, ("apply_start", action, A))
    assert resources_in_flight(log, composed(ONE)) == (A,)


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


@pytest.mark.parametrize(("end", "found"), [("apply_complete", ()), ("apply_errored", (A,))])
def test_what_was_made_and_removed_again_is_gone(
    tmp_path: Path, end: str, found: tuple[str, ...]
) -> None:
    log = log_of(tmp_path, ("apply_complete", "create", A), (end, "delete", A))
    assert resources_in_flight(log, None) == found


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


def test_what_is_lost_makes_its_unit_unknown(tmp_path: Path) -> None:
    log = log_of(tmp_path, ("apply_start", "create", A))
    calls = Calls({ONE.slug: ONE, TWO.slug: TWO})
    outcomes = lost(log, calls, Completed("apply", -9, (), ""), None)
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
