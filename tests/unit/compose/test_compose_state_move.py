"""Resources move inside a state, and nothing else changes; there and back is as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytg.compose.resource_address import ResourceAddress, Step
from pytg.compose.state_merge import empty_state
from pytg.compose.state_move import CannotMove, moved

P = 'provider["x"]'
parse = ResourceAddress.parse


def instance(name: str, *needs: str, **more: Any) -> dict[str, Any]:
    return {
        "attributes": {"id": name},
        **({"dependencies": sorted(needs)} if needs else {}),
        **more,
    }


def resource(address: str, *instances: dict[str, Any], provider: str = P) -> dict[str, Any]:
    at = parse(address)
    own = {"mode": at.mode, "type": at.type, "name": at.resource.name, "provider": provider}
    return {"module": at.module, **own, "instances": list(instances)}


def state(*resources: dict[str, Any], checks: Any = None) -> dict[str, Any]:
    return {**empty_state("l"), "resources": list(resources), "check_results": checks}


def held(document: dict[str, Any]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By address, the id and what it depends on."""
    return {
        str(ResourceAddress.of(r, i)): (i["attributes"]["id"], tuple(i.get("dependencies", ())))
        for r in document["resources"]
        for i in r["instances"]
    }


def move(document: dict[str, Any], what: str, to: str) -> dict[str, Any]:
    return moved(document, parse(what), parse(to))


@pytest.mark.parametrize(
    ("what", "to", "found"),
    [
        ("module.a.t.x", "module.b.t.x", ["module.b.t.x[0]", "module.b.t.x[1]"]),
        ("module.a.t.x[1]", "module.b.t.y", ["module.b.t.y"]),
        ("module.a.t.x[1]", 'module.b.t.y["k"]', ['module.b.t.y["k"]']),
        ("module.a.t.one", "module.b.t.one[0]", ["module.b.t.one[0]"]),
        ("module.a.module.p", "module.b.module.q", ["module.b.module.q[0].t.z"]),
        ("module.a.module.p[0]", "module.b.module.q", ["module.b.module.q.t.z"]),
        ("module.a.module.p[0]", 'module.b.module.q["k"]', ['module.b.module.q["k"].t.z']),
        ("module.a.module.p", "module.b.module.q[7]", ["module.b.module.q[7].t.z"]),
        ("module.a.module.p[0].t.z", "module.b.t.z", ["module.b.t.z"]),
    ],
)
def test_keys_stay_unless_one_is_named(what: str, to: str, found: list[str]) -> None:
    before = state(
        resource("module.a.t.x", instance("0", index_key=0), instance("1", index_key=1)),
        resource("module.a.t.one", instance("one")),
        resource("module.a.module.p[0].t.z", instance("z")),
        resource("module.ab.t.x", instance("other")),
    )
    after = held(move(before, what, to))
    assert [name for name in after if name.startswith("module.b.")] == found
    assert sorted(i for i, _ in after.values()) == ["0", "1", "one", "other", "z"]
    assert after["module.ab.t.x"] == ("other", ())


@pytest.mark.parametrize(
    ("what", "to", "why"),
    [
        ("module.a.t.x", "module.b.t.y[0]", "cannot both become"),
        ("module.a.t.gone", "module.b.t.y", "there is no"),
        ("module.a.t.x[2]", "module.b.t.y", "there is no"),
        ("module.a.t.x", "module.b.u.x", "different types"),
        ("module.a.t.x", "module.b.data.t.x", "different types"),
        ("module.a.t.x", "module.b", "one is a resource and one a module"),
        ("module.a.t.x[0]", "module.b.t.taken", "is another object"),
        ("module.a.t.x[0]", "module.b.t.far[0]", 'is of provider["y"]'),
    ],
)
def test_what_cannot_be_is_said(what: str, to: str, why: str) -> None:
    before = state(
        resource("module.a.t.x", instance("0", index_key=0), instance("1", index_key=1)),
        resource("module.b.t.taken", instance("taken")),
        resource("module.b.t.far", instance("far", index_key=1), provider='provider["y"]'),
    )
    with pytest.raises(CannotMove) as caught:
        move(before, what, to)
    assert why in str(caught.value)


def test_what_needs_it_follows_and_what_needs_what_stays_does_not() -> None:
    before = state(
        resource(
            "module.a.t.x",
            instance("0", "module.a.t.base", index_key=0),
            instance("1", index_key=1),
        ),
        resource("module.a.t.y", instance("y", "module.a.t.base", "module.a.t.x")),
        resource("module.a.t.base", instance("base")),
    )
    one = held(move(before, "module.a.t.x[0]", "module.a.t.z"))
    assert one["module.a.t.z"] == ("0", ("module.a.t.base",))
    assert one["module.a.t.y"][1] == ("module.a.t.base", "module.a.t.x", "module.a.t.z")
    every = held(move(before, "module.a.t.x", "module.a.t.z"))
    assert every["module.a.t.y"][1] == ("module.a.t.base", "module.a.t.z")
    base = held(move(before, "module.a.t.base", "module.a.t.root"))
    assert base["module.a.t.x[0]"][1] == ("module.a.t.root",)


def test_what_is_there_already_stays_and_is_not_doubled() -> None:
    newer = {**instance("0"), "attributes": {"id": "0", "more": 1}}
    before = state(resource("module.a.t.x", instance("0")), resource("module.b.t.x", newer))
    after = move(before, "module.a.t.x", "module.b.t.x")
    assert after["resources"] == [resource("module.b.t.x", newer)]


def test_a_deposed_object_goes_along() -> None:
    before = state(resource("module.a.t.x", instance("0"), instance("old", deposed="d")))
    (found,) = move(before, "module.a.t.x", "module.b.t.x")["resources"]
    assert [i.get("deposed") for i in found["instances"]] == [None, "d"]


def test_results_of_conditions_that_have_moved_are_left_to_the_next_plan() -> None:
    checks = [
        {"object_kind": "resource", "config_addr": address}
        for address in ("module.a.t.x", "module.a.t.y", "module.a.module.p.output.z")
    ]
    before = state(
        resource("module.a.t.x", instance("0")),
        resource("module.a.module.p.t.x", instance("1")),
        checks=checks,
    )
    assert move(before, "module.a.t.x", "module.b.t.x")["check_results"] == checks[1:]
    assert move(before, "module.a.module.p", "module.b.module.p")["check_results"] == checks[:2]


KEYS = st.none() | st.integers(0, 2) | st.sampled_from(["k", 'a"b', "x.y[0]"])
CALLS = st.lists(st.builds(Step, st.sampled_from("pq"), KEYS), max_size=2).map(tuple)
WHERE = st.builds(
    ResourceAddress, CALLS, st.just("managed"), st.sampled_from("tu"),
    st.builds(Step, st.sampled_from("xyz"), KEYS),
)  # fmt: skip


@given(st.lists(WHERE, unique=True, min_size=1, max_size=8), st.data())
def test_there_and_back_is_as_it_was(places: list[ResourceAddress], data: st.DataObject) -> None:
    document = state(
        *(
            resource(
                str(place.whole.below((Step("a"),))),
                instance(str(n), index_key=place.resource.key),
            )
            for n, place in enumerate(places)
        )
    )
    place = data.draw(st.sampled_from(places)).below((Step("a"),))
    what = data.draw(st.sampled_from([place, place.whole, ResourceAddress((Step("a"),))]))
    to = ResourceAddress((Step("b"), *what.modules[1:]), what.mode, what.type, what.resource)
    there = moved(document, what, to)
    assert sorted(i for i, _ in held(there).values()) == sorted(map(str, range(len(places))))
    assert held(moved(there, to, what)) == held(document)
