"""Which states a move writes, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from run_words import state_of

from pytg.compose.resource_address import ResourceAddress
from pytg.errors import PytgError, Refused, UsageError
from pytg.generate.aws import STATES
from pytg.model import Account, Address, Backend, Estate, Provider, TerraformSettings
from pytg.run.state_moves import Move, make_moves
from pytg.run.state_places import find_place, renames, state_places
from pytg.state.local_store import LocalStore
from pytg.state.state_reader import StateLocation, StateReader, UnitState
from support.estate_in_memory import estate_of, unit_at
from support.memory_store import MemoryStore

AWS = 'provider["registry.terraform.io/hashicorp/aws"]'
HERE, THERE = "acc/us-east-1/dev/app", "acc/eu-west-1/dev/app"
OTHER, FOREIGN = "acc/us-east-1/dev/web", "far/us-east-1/dev/app"
THIS = ResourceAddress.parse("terraform_data.this")


def estate() -> Estate:
    units = [
        replace(unit_at(name), region=name.split("/")[1], peer_region=peer)
        for name, peer in (
            (HERE, "eu-west-1"),
            (THERE, "us-east-1"),
            (OTHER, None),
            (FOREIGN, None),
        )
    ]
    units = [replace(u, backend=Backend("local", f"{u.address}/terraform.tfstate")) for u in units]
    aws = Provider("aws", "hashicorp/aws", "~> 5.0")
    accounts = {"acc": Account("acc", "1"), "far": Account("far", "2")}
    settings = TerraformSettings("terraform", ">= 1.11", {"aws": aws})
    return replace(estate_of(units), terraform=settings, accounts=accounts)


def held(**states: bytes | None) -> dict[Address, UnitState]:
    names = {"here": HERE, "there": THERE, "other": OTHER, "foreign": FOREIGN, "gone": GONE}
    return {
        Address.parse(names[name]): UnitState(json.loads(body) if body else None, None)
        for name, body in states.items()
    }


GONE = "acc/us-east-1/old/app"


def with_provider(body: bytes, provider: str) -> bytes:
    document = json.loads(body)
    document["resources"][0]["provider"] = provider
    return json.dumps(document).encode()


def move(source: str, target: str, what: ResourceAddress | None = None) -> Move:
    return Move(Address.parse(source), Address.parse(target), what, what)


def made(moves: list[Move], **states: bytes | None) -> list[tuple[str, dict[str, Any]]]:
    found = make_moves(estate(), moves, held(**states))
    return [(str(unit), state) for unit, state in found.states]


def test_a_resource_goes_with_serial_and_lineage_of_its_new_place() -> None:
    there = state_of("web", "terraform_data.old", serial=7)
    (first, target), (second, source) = made(
        [move(HERE, OTHER, THIS)],
        here=state_of("app", "terraform_data.this", outputs={"o": "v"}, serial=3),
        other=there,
    )
    assert (first, second) == (OTHER, HERE)  # where it goes to is written before it is left
    assert (target["serial"], target["lineage"]) == (8, "web")
    assert (source["serial"], source["lineage"]) == (4, "app")
    assert [(r["module"], r["name"]) for r in target["resources"]] == [
        ("module.web", "old"),
        ("module.web", "this"),
    ]
    assert source["resources"] == []
    assert source["outputs"] == {"o": {"value": "v", "type": "string"}}


@pytest.mark.parametrize("target", [OTHER, THERE])
def test_a_whole_unit_takes_its_outputs_along_and_leaves_nothing(target: str) -> None:
    name = {OTHER: "other", THERE: "there"}[target]
    body = state_of("app", "terraform_data.this", outputs={"o": "v"}, serial=3)
    (first, new), (second, old) = made([move(HERE, target)], here=body, **{name: None})
    assert (first, second) == (target, HERE)
    assert new["outputs"] == {"o": {"value": "v", "type": "string"}}
    assert new["resources"][0]["module"] == f"module.{target.rpartition('/')[2]}"
    assert new["serial"] == 1
    assert new["lineage"] != "app"
    assert (old["serial"], old["lineage"]) == (4, "app")
    assert (old["resources"], old["outputs"]) == ([], {})


def test_a_whole_unit_that_was_written_there_only_leaves_its_old_place() -> None:
    body = state_of("app", "terraform_data.this")
    ((first, _),) = made([move(HERE, THERE)], here=body, there=body)
    assert first == HERE


@pytest.mark.parametrize("alias", ["", ".peer"])
def test_a_provider_is_that_of_the_same_region(alias: str) -> None:
    body = with_provider(state_of("app", "terraform_data.this"), f"{AWS}{alias}")
    ((_, new), _) = made([move(HERE, THERE, THIS)], here=body, there=None)
    assert new["resources"][0]["provider"] == f"{AWS}{'' if alias else '.peer'}"


@pytest.mark.parametrize(
    ("moves", "states", "why"),
    [
        (move(HERE, OTHER, THIS), {"peer": True, "other": None}, "is in eu-west-1, where"),
        (move(HERE, OTHER), {"peer": True, "other": None}, "is in eu-west-1, where"),
        (move(HERE, FOREIGN), {"aws": True, "foreign": None}, "different accounts: 1 and 2"),
        (move(HERE, OTHER), {"other": state_of("web", "a.b")}, "holds resources already"),
        (move(OTHER, HERE), {"other": None}, "holds no resource"),
        (move(HERE, OTHER, ResourceAddress.parse("a.b")), {"other": None}, f"no {HERE}:a.b"),
    ],
)
def test_what_cannot_be_is_refused(moves: Move, states: dict[str, Any], why: str) -> None:
    body = state_of("app", "terraform_data.this")
    if states.pop("peer", False):
        body = with_provider(body, f"{AWS}.peer")
    if states.pop("aws", False):
        body = with_provider(body, AWS)
    with pytest.raises(Refused) as caught:
        made([moves], here=body, **states)
    assert why in str(caught.value)


def test_what_the_new_module_does_not_declare_is_told() -> None:
    states = held(here=state_of("app", "terraform_data.this"), other=None)
    assert len(make_moves(estate(), [move(HERE, OTHER)], states).warnings) == 1
    known = estate()
    units = dict(known.units)
    unit = units[Address.parse(OTHER)]
    parts = frozenset({"terraform_data.this"})
    units[unit.address] = replace(unit, module=replace(unit.module, parts=parts))
    declared = replace(known, units=units)
    assert make_moves(declared, [move(HERE, OTHER)], states).warnings == []


def reader(store: MemoryStore, local: LocalStore | None = None) -> StateReader:
    def store_of(unit: StateLocation) -> Any:
        return local if local is not None and not unit.backend.bucket else store

    return StateReader(store_of)


def put(store: MemoryStore, *addresses: str) -> None:
    for address in addresses:
        body = state_of(address.rpartition("/")[2], "terraform_data.this")
        store.states[f"{address}/terraform.tfstate"] = body


def test_states_of_units_that_left_are_found_too() -> None:
    store = MemoryStore()
    put(store, GONE, HERE)
    store.states["notes/terraform.tfstate"] = b"{}"
    found = state_places(estate(), reader(store))
    assert {str(a) for a in found} == {GONE, HERE, THERE, OTHER, FOREIGN}
    assert find_place(found, GONE).backend.key == f"{GONE}/terraform.tfstate"
    with pytest.raises(UsageError) as caught:
        find_place(found, "acc/us-east-1/old/ap")
    assert GONE in caught.value.hint


def test_renames_fill_in_what_a_star_stands_for() -> None:
    store = MemoryStore()
    put(store, GONE, "acc/eu-west-1/old/app")
    states = reader(store)
    places = state_places(estate(), states)
    pairs = renames(places, estate(), states, "acc/*/old/*", "acc/*/dev/*")
    assert [(str(a), str(b)) for a, b in pairs] == [("acc/eu-west-1/old/app", THERE), (GONE, HERE)]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("acc/us-east-1/old/ap", HERE, "holds a resource"),
        ("acc/us-east-1/old/*", "acc/us-east-1/new/*", "no unit acc/us-east-1/new/app"),
        (GONE, "acc/*/dev/app", "where"),
        ("acc/us-east-1/old", HERE, "is no address"),
    ],
)
def test_a_rename_that_names_nothing_is_said(old: str, new: str, why: str) -> None:
    store = MemoryStore()
    put(store, GONE)
    states = reader(store)
    with pytest.raises(PytgError) as caught:
        renames(state_places(estate(), states), estate(), states, old, new)
    assert why in str(caught.value)


def test_a_state_in_two_backends_must_be_one(tmp_path: Any) -> None:
    known = estate()
    units = {
        a: replace(u, backend=Backend("s3", u.backend.key, "bucket"))
        for a, u in known.units.items()
    }
    known = replace(known, units=units)
    store, local = MemoryStore(), LocalStore(tmp_path / STATES)
    put(store, GONE)
    key = f"{GONE}/terraform.tfstate"
    local.write(key, state_of("app"))
    states = reader(store, local)
    assert find_place(state_places(known, states), GONE).backend.bucket == "bucket"
    local.write(key, state_of("app", "terraform_data.this"))
    with pytest.raises(Refused, match="in two backends"):
        state_places(known, states)
    store.states.clear()
    assert find_place(state_places(known, states), GONE).backend == Backend("local", key)
