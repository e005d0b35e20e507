"""Moves resources inside a merged state, so also from unit to unit: pure.

Merge the states of the units concerned, move, and split again: providers, dependencies and check
results are then those of the new place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytg.compose.resource_address import ResourceAddress, Step
from pytg.compose.state_document import State


class CannotMove(Exception):
    """Why the state cannot be made so."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """An instance that moves: where it was and where it will be."""

    was: ResourceAddress
    now: ResourceAddress
    resource: State
    instance: State


def moved(state: State, what: ResourceAddress, to: ResourceAddress) -> State:
    """`state` with what lies at `what` (a resource, an instance, a module) lying at `to`.

    What lies at `to` already and is the same object stays there: a move that was broken off is
    finished by doing it again. Raises CannotMove.
    """
    _check_kinds(what, to)
    rest, taken = _taken(state["resources"], what, to)
    if not taken:
        raise CannotMove(f"there is no {what}")
    _check_places(taken)
    left = _without_same(rest, taken)
    names = {str(each.was.configured): str(each.now.configured) for each in taken}
    there = {str(ResourceAddress.of(resource).configured) for resource in rest}
    resources = [_renamed(resource, names, keep=there) for resource in rest]
    for each in left:
        instance = _with_dependencies(each.instance, names, keep=())
        _add(resources, each.now, {**each.resource, "instances": [instance]})
    gone = (*(names.keys() - there), *([] if what.type else [f"{what.configured}."]))
    checks = [c for c in state.get("check_results") or () if not _is_of(c, gone)]
    return {**state, "resources": resources, "check_results": checks or None}


def _check_kinds(what: ResourceAddress, to: ResourceAddress) -> None:
    if (what.mode, what.type) == (to.mode, to.type):
        return
    if bool(what.type) != bool(to.type):
        raise CannotMove(f"of {what} and {to} one is a resource and one a module")
    raise CannotMove(f"{what} and {to} are of different types")


def _taken(
    resources: Iterable[State], what: ResourceAddress, to: ResourceAddress
) -> tuple[list[State], list[_Taken]]:
    """What stays, and the instances that move."""
    rest: list[State] = []
    taken: list[_Taken] = []
    for resource in resources:
        stays = []
        for instance in resource["instances"]:
            was = ResourceAddress.of(resource, instance)
            if what.covers(was):
                taken.append(_Taken(was, _placed(was, what, to), resource, instance))
            else:
                stays.append(instance)
        if stays or not resource["instances"]:
            rest.append({**resource, "instances": stays})
    return rest, taken


def _placed(was: ResourceAddress, what: ResourceAddress, to: ResourceAddress) -> ResourceAddress:
    """Where `was`, which `what` covers, will be."""
    if what.type:
        step = _keyed(was.resource, what.resource, to.resource)
        return replace(to, resource=step)
    *outer, last = to.modules
    depth = len(what.modules)
    step = _keyed(was.modules[depth - 1], what.modules[-1], last)
    return replace(was, modules=(*outer, step, *was.modules[depth:]))


def _keyed(was: Step, asked: Step, to: Step) -> Step:
    """Keys stay where none is named."""
    return Step(to.name, was.key) if asked.key is None and to.key is None else to


def _check_places(taken: Iterable[_Taken]) -> None:
    places: dict[ResourceAddress, ResourceAddress] = {}
    for each in taken:
        other = places.setdefault(each.now, each.was)
        if other != each.was:
            raise CannotMove(f"{other} and {each.was} cannot both become {each.now}")


def _without_same(rest: Iterable[State], taken: Iterable[_Taken]) -> list[_Taken]:
    """What is not at its new place yet. Raises CannotMove where another object lies there."""
    held = {
        (ResourceAddress.of(resource, instance), instance.get("deposed")): instance
        for resource in rest
        for instance in resource["instances"]
    }
    left = []
    for each in taken:
        there = held.get((each.now, each.instance.get("deposed")))
        if there is None:
            left.append(each)
        elif identity(there) != identity(each.instance):
            raise CannotMove(f"{each.now} is there already, and is another object")
    return left


def identity(instance: Mapping[str, Any]) -> Any:
    """What an object is known by: its id, else all of its attributes."""
    attributes = instance.get("attributes") or instance.get("attributes_flat") or {}
    return attributes.get("id") or attributes


def _renamed(resource: State, names: Mapping[str, str], keep: Iterable[str]) -> State:
    instances = [_with_dependencies(i, names, keep) for i in resource["instances"]]
    return {**resource, "instances": instances}


def _with_dependencies(instance: State, names: Mapping[str, str], keep: Iterable[str]) -> State:
    """`instance` with its dependencies renamed; those in `keep` are still there too."""
    old = instance.get("dependencies")
    if not old or names.keys().isdisjoint(old):
        return instance
    new = {names.get(name, name) for name in old} | {name for name in old if name in keep}
    return {**instance, "dependencies": sorted(new)}


def _add(resources: list[State], now: ResourceAddress, moving: State) -> None:
    """Put the one instance of `moving` to `resources`, as `now`."""
    (instance,) = moving["instances"]
    bare = {key: value for key, value in instance.items() if key != "index_key"}
    keyed = {} if now.resource.key is None else {"index_key": now.resource.key}
    found = next((r for r in resources if ResourceAddress.of(r) == now.whole), None)
    if found is None:
        named = {"module": now.module, "name": now.resource.name, "instances": []}
        found = {**moving, **named}
        resources.append(found)
    elif found["provider"] != moving["provider"]:
        raise CannotMove(
            f"{now.whole} is of {found['provider']}, and what would join it of {moving['provider']}"
        )
    found["instances"].append({**keyed, **bare})


def _is_of(check: Mapping[str, Any], gone: Iterable[str]) -> bool:
    """Whether it is the result of a condition of what has moved: the next plan has it anew."""
    address: str = check["config_addr"]
    return any(address.startswith(each) if each.endswith(".") else address == each for each in gone)
