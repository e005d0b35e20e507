"""Merge the units' Terraform states into one, and split it back: pure, and inverse to each other.

States are version 4 state documents as parsed JSON. What has to be rewritten between the two
kinds of root was measured with Terraform 1.11 (docs/decisions/0002-composed-apply.md).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytg.compose.lifecycle import own_lifecycles, without_keys
from pytg.compose.shape import Shape, output_of
from pytg.compose.state_document import STATE_VERSION, State
from pytg.errors import Refused

_NAMESPACE = uuid.UUID("6f0c2c52-6c0e-5d8e-9e0b-0b0f5a4a2f10")
_PROVIDER = re.compile(r'^(?P<base>provider\["(?P<source>[^"]+)"\])(?:\.(?P<alias>.+))?$')
_SENSITIVE = "sensitive_attributes"
# a unit's own module call has no instance key but the 0 of a counted one
_MODULE = re.compile(r"module\.(?P<call>[^.\[]+)(?:\[0\])?(?P<rest>[.\[].*)?", re.DOTALL)


def empty_state(lineage: str) -> State:
    """A state that holds nothing yet."""
    return {
        "version": STATE_VERSION,
        "terraform_version": "1.11.0",
        "serial": 0,
        "lineage": lineage,
        "outputs": {},
        "resources": [],
        "check_results": None,
    }


def is_empty(state: State | None) -> bool:
    """Whether the state records no managed resource."""
    return not any(r["mode"] == "managed" for r in (state or {}).get("resources", ()))


def holds_nothing(state: State | None) -> bool:
    """Whether a unit was never applied, or is destroyed. One that only reads data has outputs.

    Data alone is nothing: nobody reads it in a state, and a composed run writes none for it.
    """
    return is_empty(state) and not (state or {}).get("outputs")


def merge_states(states: Sequence[tuple[Shape, State | None]]) -> State:
    """One state for a composed root over the units' states; None is a unit without one.

    Lineage and serial are functions of the units': a plan goes stale as soon as one unit moves.
    What a unit's own root reads beside its call (`terraform_remote_state`) is left out. Raises
    Refused where a state holds managed resources outside of it: a composed root has no place
    for them.
    """
    present = [(shape, own_lifecycles(shape, s)) for shape, s in states if s is not None]
    _refuse_foreign(present)
    managed = {shape.slug: _managed(shape, state) for shape, state in present}
    upstream = {shape.slug: shape.upstream for shape, _ in states}
    merged = empty_state(_lineage(present))
    merged["serial"] = sum(state["serial"] for _, state in present)
    versions = [state["terraform_version"] for _, state in present]
    merged["terraform_version"] = max(versions, key=_version, default="1.11.0")
    checks: list[Any] = []
    for shape, state in present:
        needs = sorted(_reachable(shape.slug, upstream, managed))
        for resource in state["resources"]:
            if _call(resource.get("module")) == shape.module:
                merged["resources"].append(_compose_resource(shape, resource, needs))
        for name, output in state["outputs"].items():
            merged["outputs"][f"{shape.slug}__{name}"] = output
        checks += _rename_checks(state.get("check_results"), shape.module, shape.slug, shape.call)
    merged["check_results"] = checks or None
    return merged


def resources_outside_module(shape: Shape, state: State | None) -> list[str]:
    """The managed resources in a unit's state that its module did not make."""
    return sorted(
        ".".join(filter(None, (r.get("module"), r["type"], r["name"])))
        for r in (state or {}).get("resources", ())
        if r["mode"] == "managed" and _call(r.get("module")) != shape.module
    )


def _refuse_foreign(present: Sequence[tuple[Shape, State]]) -> None:
    found = [(s, name) for s, state in present for name in resources_outside_module(s, state)]
    if found:
        shape, name = found[0]
        raise Refused(
            "states hold resources that do not belong to their unit's module:\n"
            + "\n".join(f"    {name} in the state of {shape.address}" for shape, name in found),
            hint=f"one that the module declares moves there: `pytg tf {shape.address} -- state mv "
            f"{name} module.{shape.module}.{name}`; any other is taken out, and stays as it is: "
            f"`pytg tf {shape.address} -- state rm {name}`",
        )


def split_state(merged: State, shapes: Iterable[Shape]) -> dict[str, State]:
    """The units' parts of a composed state, by slug, with serial 0 and an empty lineage.

    `next_state` gives a part the serial and the lineage that make it the unit's next state.
    """
    by_slug = {shape.slug: shape for shape in shapes}
    version = {"terraform_version": merged["terraform_version"]}
    parts: dict[str, State] = {slug: empty_state("") | version for slug in by_slug}
    for resource in merged["resources"]:
        slug = _call(resource.get("module"))
        if slug in by_slug:
            parts[slug]["resources"].append(_own_resource(by_slug[slug], resource))
    for name, output in merged["outputs"].items():
        found = output_of(name, by_slug)
        if found:
            parts[found[0]]["outputs"][found[1]] = output
    for slug, shape in by_slug.items():
        checks = _rename_checks(merged.get("check_results"), slug, shape.module, shape.module)
        parts[slug]["check_results"] = checks or None
        parts[slug] = own_lifecycles(shape, parts[slug])
    return parts


def next_state(previous: State | None, part: State) -> State | None:
    """`part` as the state that follows `previous`; None where nothing in it has changed."""
    if previous is None:
        if holds_nothing(part):
            return None
        return {**part, "serial": 1, "lineage": str(uuid.uuid4())}
    if _content(previous) == _content(part):
        return None
    return {**part, "serial": previous["serial"] + 1, "lineage": previous["lineage"]}


def same_content(one: State | None, other: State | None) -> bool:
    """Whether two states hold the same, whatever their serial and lineage."""
    return _content(one or empty_state("")) == _content(other or empty_state(""))


def _content(state: State) -> tuple[Any, ...]:
    resources = [r for r in state["resources"] if r.get("module")]
    key = [(r["module"], r["mode"], r["type"], r["name"]) for r in resources]
    pairs = sorted(zip(key, resources, strict=True), key=lambda pair: pair[0])
    ordered = [_settled(resource) for _, resource in pairs]
    checks = [c for c in state.get("check_results") or () if _call(c["config_addr"])]
    return ordered, state["outputs"], checks


def _settled(resource: State) -> State:
    """Without the chance in it: Terraform writes sensitive paths of an instance in any order."""
    if not any(len(i.get(_SENSITIVE) or ()) > 1 for i in resource["instances"]):
        return resource
    instances = [
        {**i, _SENSITIVE: sorted(i.get(_SENSITIVE) or (), key=repr)} for i in resource["instances"]
    ]
    return {**resource, "instances": instances}


def _lineage(present: Sequence[tuple[Shape, State]]) -> str:
    names = sorted(f"{shape.address}={state['lineage']}" for shape, state in present)
    return str(uuid.uuid5(_NAMESPACE, "\n".join(names)))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _call(module: str | None) -> str | None:
    """`module.a.module.b["k"]` is a call of `a`; the root module has no call."""
    match = _MODULE.fullmatch(module or "")
    return match["call"] if match else None


def _swap(address: str, old: str, new: str) -> str | None:
    """`address` with its outermost module call renamed; None when it is another one."""
    match = _MODULE.fullmatch(address)
    if not match or match["call"] != old:
        return None
    return f"module.{new}{match['rest'] or ''}"


def _managed(shape: Shape, state: State) -> list[str]:
    """Composed addresses (without instance keys) of the unit's managed resources."""
    addresses = set()
    for resource in state["resources"]:
        if resource["mode"] == "managed" and _call(resource.get("module")) == shape.module:
            address = _swap(without_keys(resource["module"]), shape.module, shape.slug)
            addresses.add(f"{address}.{resource['type']}.{resource['name']}")
    return sorted(addresses)


def _reachable(
    slug: str, upstream: Mapping[str, frozenset[str]], managed: Mapping[str, Sequence[str]]
) -> set[str]:
    """Resources of the nearest upstream units that have any: what must outlive this unit."""
    found: set[str] = set()
    seen: set[str] = set()
    queue = list(upstream.get(slug, ()))
    while queue:
        near = queue.pop()
        if near in seen:
            continue
        seen.add(near)
        if managed.get(near):
            found.update(managed[near])
        else:
            queue.extend(upstream.get(near, ()))
    return found


def _compose_resource(shape: Shape, resource: State, needs: Sequence[str]) -> State:
    extra = needs if resource["mode"] == "managed" else ()
    return {
        **resource,
        "module": _swap(resource["module"], shape.module, shape.call),
        "provider": _provider(resource["provider"], shape.provider, shape.own),
        "instances": [
            _with_dependencies(i, shape.module, shape.slug, extra) for i in resource["instances"]
        ],
    }


def _own_resource(shape: Shape, resource: State) -> State:
    return {
        **resource,
        "module": _swap(resource["module"], shape.slug, shape.module),
        "provider": _provider(resource["provider"], shape.provider, shape.aliases),
        "instances": [
            _with_dependencies(i, shape.slug, shape.module, ()) for i in resource["instances"]
        ],
    }


def _provider(address: str, source: str, aliases: Mapping[Any, str | None]) -> str:
    """`provider["source"].alias` with its alias renamed; other providers stay."""
    match = _PROVIDER.match(address)
    if not match or not source or match["alias"] not in aliases:
        return address
    if not f"/{match['source']}".endswith(f"/{source}"):
        return address
    alias = aliases[match["alias"]]
    return f"{match['base']}.{alias}" if alias else match["base"]


def _with_dependencies(instance: State, old: str, new: str, extra: Sequence[str]) -> State:
    own = (_swap(d, old, new) for d in instance.get("dependencies") or ())
    names = sorted({*(d for d in own if d is not None), *extra})
    rest = {key: value for key, value in instance.items() if key != "dependencies"}
    return {**rest, "dependencies": names} if names else rest


def _rename_checks(
    results: Sequence[State] | None, old: str, new: str, instance: str
) -> list[State]:
    """The check results below the module call `old`, renamed; their objects are in `instance`."""
    renamed = []
    for result in results or ():
        address = _swap(result["config_addr"], old, new)
        if address is not None:
            objects = [
                {**item, "object_addr": _swap(item["object_addr"], old, instance)}
                for item in result.get("objects") or ()
            ]
            renamed.append(
                {**result, "config_addr": address, "objects": objects or result.get("objects")}
            )
    return sorted(renamed, key=lambda r: (r["object_kind"], r["config_addr"]))
