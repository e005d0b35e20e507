"""States whose unit has left the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from run_words import RESOURCE, at, state_of
from run_world import World

from pytg.generate.aws import STATES
from pytg.model import Address
from pytg.record.run import Outcome, Result, Status
from pytg.record.writer import RunRecord
from pytg.run.orphans import Orphans, orphans, told
from support.memory_store import MemoryStore

Make = Callable[..., World]
KEY = "{}/terraform.tfstate"


def put(world: World, address: Address | str, *resources: str) -> None:
    world.store.states[KEY.format(address)] = state_of("gone", *resources)


def test_what_holds_resources_and_is_not_configured_is_found_in_order(chain: World) -> None:
    for name in ("zone", "gone"):
        put(chain, at(name), RESOURCE)
    assert orphans(chain.execution()).held == (at("gone"), at("zone"))


def test_what_is_configured_is_none_whether_or_not_it_is_selected(chain: World) -> None:
    put(chain, at("b"), RESOURCE)
    assert orphans(chain.execution("a")).held == ()


def test_an_empty_state_is_none(chain: World) -> None:
    put(chain, at("gone"))
    assert orphans(chain.execution()).held == ()


@pytest.mark.parametrize(
    "address", ["acc/us-east-1/prod/gone", "other/us-east-1/dev/gone", "acc/us-east-1/dev-a1/gone"]
)
def test_what_lies_in_another_environment_is_none(chain: World, address: str) -> None:
    put(chain, address, RESOURCE)
    assert orphans(chain.execution()).held == ()


def test_another_region_of_the_environment_is_looked_into(chain: World) -> None:
    put(chain, "acc/eu-west-1/dev/gone", RESOURCE)
    assert orphans(chain.execution()).held == (Address("acc", "eu-west-1", "dev", "gone"),)


@pytest.mark.parametrize("key", ["acc/notes.txt", "acc/us-east-1/dev/gone/more/terraform.tfstate"])
def test_what_is_no_unit_s_state_is_left_alone(chain: World, key: str) -> None:
    chain.store.states[key] = state_of("gone", RESOURCE)
    assert orphans(chain.execution()).held == ()


def test_every_backend_of_the_selection_is_looked_into(make: Make) -> None:
    world = make(reads={"a": (), "b": ()})
    own = MemoryStore()
    world.stores["b"] = own
    own.states[KEY.format(at("gone"))] = state_of("gone", RESOURCE)
    assert orphans(world.execution("a")).held == ()
    assert orphans(world.execution()).held == (at("gone"),)


def test_a_backend_that_is_not_there_holds_nothing(chain: World) -> None:
    put(chain, at("gone"), RESOURCE)
    chain.store.there = False
    assert orphans(chain.execution()).held == ()


@pytest.mark.parametrize("command", ["plan", "plan-all"])
@pytest.mark.parametrize("environment", ["dev", "old", "dev-a1"])
def test_a_damaged_state_is_named_and_stops_nothing(
    chain: World, command: str, environment: str
) -> None:
    name = "a" if environment == "dev-a1" else "gone"
    unit = Address("acc", "us-east-1", environment, name)
    chain.store.states[KEY.format(unit)] = b"{}"
    put(chain, at("zone"), RESOURCE)
    found = orphans(chain.execution(command=command))
    assert found.held == (at("zone"),)
    if command == "plan" and environment != "dev":
        assert found.unread == ()
        return
    ((where, why),) = found.unread
    assert where == unit
    assert KEY.format(unit) in why
    assert list(told(found))[-1].startswith(f"{unit} is not configured and may hold")


ALL = {"command": "plan-all"}


@pytest.mark.parametrize(
    "address",
    [
        "acc/us-east-1/prod/gone",
        "other/us-east-1/dev/a",
        "acc/eu-west-1/dev/a",
        "acc/us-east-1/qa/a",
    ],
)
def test_everything_that_left_is_found_by_a_run_of_all(chain: World, address: str) -> None:
    put(chain, address, RESOURCE)
    assert orphans(chain.execution(**ALL)) == Orphans((Address.parse(address),))


def test_a_run_of_a_part_looks_near_only(chain: World) -> None:
    put(chain, "acc/us-east-1/prod/gone", RESOURCE)
    assert orphans(chain.execution("a", **ALL)) == Orphans()


def test_another_suffix_is_no_orphan_and_is_named(chain: World) -> None:
    for name in "ab":
        put(chain, f"acc/us-east-1/dev-a1/{name}", RESOURCE)
    put(chain, "acc/us-east-1/dev-a1/gone", RESOURCE)
    put(chain, "acc/us-east-1/dev-a2/a")
    found = orphans(chain.execution(**ALL))
    assert found.held == (Address("acc", "us-east-1", "dev-a1", "gone"),)
    assert found.suffixed == ("acc/dev-a1",)
    assert [text for text in told(found) if "--suffix" in text]


def test_what_lies_in_the_project_is_looked_into(chain: World) -> None:
    gone = Address("acc", "us-east-1", "old", "backend")
    path = chain.estate.root / STATES / KEY.format(gone)
    path.parent.mkdir(parents=True)
    path.write_bytes(state_of("backend", RESOURCE))
    assert orphans(chain.execution(**ALL)).held == (gone,)


def test_what_left_with_its_backend_is_known_from_past_runs(chain: World) -> None:
    """`kept` has a state that is empty, `undone` was destroyed, `never` did not begin."""
    names = ("kept", "lost", "undone", "half", "never")
    units = [Address("acc", "us-east-1", "old", name) for name in names]
    kept, lost, undone, half, never = units
    ends = {half: Outcome(Status.FAILED), never: Outcome(Status.FAILED)}
    for command, of in (("apply", units), ("destroy-all", [undone])):
        record = RunRecord.create(
            chain.estate.root,
            command=command,
            args=(),
            selection="",
            units=of,
            terraform_binary="terraform",
            terraform_version="1.11.4",
            mode="composed",
            clock=lambda command=command: datetime(2025, 1, len(command), tzinfo=UTC),
        )
        for unit in {*of} - {never}:
            record.begin(unit)
        record.end({unit: ends.get(unit, Outcome(Status.SUCCEEDED)) for unit in of})
        record.finish(Result.SUCCEEDED, 0)
    put(chain, kept)
    found = orphans(chain.execution(**ALL))
    assert [unit for unit, _ in found.lost] == [half, lost]
    for text, (unit, run) in zip(told(found), found.lost, strict=True):
        assert str(unit) in text
        assert run in text
    assert found.units == (half, lost)


def test_a_record_that_cannot_be_read_is_passed_over(chain: World) -> None:
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"command": 1, "units": {}}')):
        directory = chain.estate.root / ".pytg/runs" / name
        directory.mkdir(parents=True)
        (directory / "run.json").write_text(text)
    assert orphans(chain.execution(**ALL)) == Orphans()


def test_those_of_one_directory_are_named_together() -> None:
    units = tuple(Address("acc", "us-east-1", "old", name) for name in ("a", "b"))
    other = Address("acc", "us-east-1", "qa", "c")
    assert list(told(Orphans((*units, other)))) == [
        (
            "acc/us-east-1/old: 2 units are no longer configured and still hold resources: "
            "bring them back to destroy: a, b"
        ),
        f"{other} is no longer configured and still holds resources: bring it back to destroy",
    ]


def test_a_renamed_account_is_told_though_only_a_part_is_asked_for(chain: World) -> None:
    chain.store.states[KEY.format("before/us-east-1/dev/a")] = state_of("a", RESOURCE)
    parts = frozenset({RESOURCE})
    units = {
        address: replace(unit, module=replace(unit.module, parts=parts))
        for address, unit in chain.estate.units.items()
    }
    chain.estate = replace(chain.estate, units=units)
    found = orphans(chain.execution("a"))
    assert found.held == ()
    (text,) = found.renamed
    assert f"`pytg state mv before/us-east-1/dev/a {at('a')}`" in text
