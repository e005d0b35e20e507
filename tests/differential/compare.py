"""Plans and states of the ways in one form, and how they may differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from differential.estates import MENDED, Estate, UnitName
from differential.values import Ref
from differential.ways import Part, Step, touched

# UUIDs, and what AWS calls roles; moments are all one.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|ARO[A-Z0-9]{17,18}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_FIELDS = ("actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive")
_INSTANCE = ("index_key", "status", "schema_version", "attributes", "sensitive_attributes")
_WAITS = "read_because_dependency_pending"
_REPLACED = (2, 2)  # actions of either plan
# At its turn a unit knows more: what could not be told apart before.
_TOLD = {"forget": "remove"}
_LESS = {"update": {"no-op"}, "replace": {"no-op", "update"}, "read": {"no-op", ""}}


def same_plans(one: Step, other: Step) -> Iterator[str]:
    """How two ways that know as much plan differently."""
    for unit in one.plans:
        left, right = _plan(one.plans[unit]), _plan(other.plans[unit])
        yield from _differences(f"plan of {unit.call}", left, right)


def at_its_turn(composed: Step, turn: Step) -> Iterator[str]:
    """Where a plan at the unit's turn does what the composed plan did not show."""
    for unit, part in composed.plans.items():
        many, alone = _plan(part), _plan(turn.plans[unit])
        for name in sorted({*many, *alone}):
            left, right = many.get(name, {}), alone.get(name, {})
            shown, done = _action(left), _action(right)
            if shown != done and done not in _LESS.get(shown, ()):
                yield f"{unit.call} {name}: {shown} was shown, {done} done"
            elif shown == done and not _covers(left, right):
                yield f"{unit.call} {name}: {_text(left)} was shown, {_text(right)} planned"


def as_alone(many: Step, alone: Step) -> Iterator[str]:
    """Where a plan among others differs from that of the unit alone: `at_its_turn`, and in order.

    What alone is destroyed before it is made anew is so among others; data waits in no unit that
    is there already because of what is only before it.
    """
    yield from at_its_turn(many, alone)
    for unit, part in many.plans.items():
        among, own = _plan(part), _plan(alone.plans[unit])
        for name, change in sorted(among.items()):
            other = own.get(name, {})
            actions = change["actions"], other.get("actions", [])
            if tuple(map(len, actions)) == _REPLACED and actions[0] != actions[1]:
                yield f"{unit.call} {name}: replaced by {actions[0]}, alone by {actions[1]}"
            if change["reason"] == _WAITS != other.get("reason") and not _is_new(part):
                yield f"{unit.call} {name}: read in the apply, alone in the plan"


def same_states(one: Step, other: Step) -> Iterator[str]:
    """How the states of two ways differ, over all units, identifiers by their places.

    Where nothing changes pytg writes no state: what was read and checked stands as it was.
    """
    quiet = {unit for unit in one.states if not (_written(one, unit) and _written(other, unit))}
    left, right = (
        _numbered({u.call: _state(p, quiet=u in quiet) for u, p in sorted(step.states.items())})
        for step in (one, other)
    )
    for unit in left:
        yield from _differences(f"state of {unit}", left[unit], right.get(unit, {}))


def waits(step: Step) -> bool:
    """Whether data is read in the apply only because something before it is."""
    documents = {id(part.document): part.document for part in step.plans.values()}.values()
    changes = (change for found in documents for change in found.get("resource_changes", ()))
    return any(c.get("action_reason") == _WAITS for c in changes)


def told_as_planned(step: Step) -> Iterator[str]:
    """Where pytg says something else of a plan than Terraform does."""
    for unit, said in step.told.items():
        if unit not in step.plans:
            yield f"{unit.call}: pytg says {said}, and planned nothing"
            continue
        plan = _plan(step.plans[unit])
        done = {name: _action(c) for name, c in plan.items() if not name.startswith("output ")}
        done = {name: _TOLD.get(a, a) for name, a in done.items() if a not in ("read", "no-op")}
        shown = {name: action for name, action in said.items() if action != "move"}
        if shown != done:
            yield f"{unit.call}: pytg says {shown}, the plan {done}"


def out_of_order(estate: Estate, log: Sequence[str]) -> Iterator[str]:
    """Where a provisioner ran before one of a module that its own is to come after."""
    for module in estate.modules:
        for before in module.after:
            if {module.scope, estate.module(before).scope} == {"region"} and estate.regions[1:]:
                continue  # of its own region only, which the log does not tell
            read = {p.value.module for p in module.parts if isinstance(p.value, Ref)}
            if before in read and "order_beside_value" not in MENDED:
                continue
            own = [at for at, line in enumerate(log) if line.startswith(f"{module.name} ")]
            others = [at for at, line in enumerate(log) if line.startswith(f"{before} ")]
            if own and others and min(own) < max(others):
                yield f"{module.name} ran before {before}, which it comes after: {list(log)}"


def destroyed_out_of_order(estate: Estate, log: Sequence[str]) -> Iterator[str]:
    """Where a destroy began with a module before it was done with one that needs that."""
    for module in estate.modules:
        read = {p.value.module for p in module.parts if isinstance(p.value, Ref)}
        for before in sorted({*module.after, *read}):
            if {module.scope, estate.module(before).scope} == {"region"} and estate.regions[1:]:
                continue  # the log does not tell of which region
            own = [at for at, line in enumerate(log) if line.startswith(f"- {module.name} ")]
            others = [at for at, line in enumerate(log) if line.startswith(f"- {before} ")]
            if own and others and max(own) > min(others):
                yield f"{before} was destroyed before {module.name}, which needs it: {list(log)}"


def _is_new(part: Part) -> bool:
    """Whether the unit had made nothing when it was planned."""
    changes = part.document.get("resource_changes", ())
    own = (c["change"] for c in changes if c["address"].startswith(part.prefix))
    return all(change["before"] is None for change in own)


def _plan(part: Part) -> dict[str, Any]:
    """By address in the unit and `output <name>`, what Terraform's plan says of it."""
    found: dict[str, Any] = {}
    for change in part.document.get("resource_changes", ()):
        if change["address"].startswith(part.prefix):
            inside = change["address"].removeprefix(part.prefix)
            found[inside] = _fields(change["change"], change)
    for name, change in part.document.get("output_changes", {}).items():
        if name.startswith(part.own):
            found[f"output {name.removeprefix(part.own)}"] = _fields(change, {})
    text = _MOMENT.sub("MOMENT", _ID.sub("ID", _text(found)))
    made: dict[str, Any] = json.loads(text)
    # what a plan leaves alone it may name or not
    return {n: c for n, c in made.items() if c["actions"] != ["no-op"]}


def _fields(change: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: change.get(name) for name in _FIELDS}
    moved = whole.get("previous_address", "")
    extra = {"importing": change.get("importing"), "replace": change.get("replace_paths")}
    return found | extra | {"moved": bool(moved), "reason": whole.get("action_reason")}


def _written(step: Step, unit: UnitName) -> bool:
    return unit in step.plans and bool(touched(step.plans[unit].document, step.plans[unit]))


def _state(part: Part, *, quiet: bool) -> dict[str, Any]:
    """Resources by address in the unit, outputs, and unless `quiet` data and results of checks."""
    found: dict[str, Any] = {}
    for resource in part.document.get("resources", ()):
        module = resource.get("module", "")
        if quiet and resource["mode"] == "data":
            continue
        if module == part.prefix or module.startswith((f"{part.prefix}.", f"{part.prefix}[")):
            inside = ".".join(
                (module.removeprefix(part.prefix), resource["mode"], resource["type"])
            )
            instances = [_instance(i, part.prefix) for i in resource["instances"]]
            found[f"{inside}.{resource['name']}"] = [resource["provider"], *instances]
    for name, output in part.document.get("outputs", {}).items():
        if name.startswith(part.own):
            found[f"output {name.removeprefix(part.own)}"] = output
    for check in (not quiet and part.document.get("check_results")) or ():
        address = check["config_addr"]
        if address.startswith(f"{part.prefix}."):
            found[f"check {address.removeprefix(part.prefix)}"] = check["status"]
    return found


def _instance(instance: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    needs = (d.removeprefix(prefix) for d in instance.get("dependencies", ()) if _in(d, prefix))
    first = instance.get("create_before_destroy", False)
    paths = sorted(instance.get("sensitive_attributes") or (), key=repr)  # in any order
    found = {n: instance.get(n) for n in _INSTANCE} | {"sensitive_attributes": paths}
    return found | {"needs": sorted(needs), "first": first}


def _in(address: str, prefix: str) -> bool:
    return address.startswith((f"{prefix}.", f"{prefix}["))


def _numbered(states: Mapping[str, Any]) -> dict[str, Any]:
    """Identifiers by the order of their places."""
    seen: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return seen.setdefault(match[0], f"ID{len(seen)}")

    ordered = {unit: dict(sorted(state.items())) for unit, state in states.items()}
    text = _MOMENT.sub("MOMENT", _ID.sub(number, _text(ordered)))
    found: dict[str, Any] = json.loads(text)
    return found


def _differences(what: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*one, *other}):
        left, right = _text(one.get(name)), _text(other.get(name))
        if left != right:
            yield f"{what}, {name}:\n    {left}\n    {right}"


def _action(change: Mapping[str, Any]) -> str:
    actions = change.get("actions") or ["no-op"]
    return "replace" if len(actions) > 1 else str(actions[0])


def _covers(shown: Mapping[str, Any], planned: Mapping[str, Any]) -> bool:
    """Whether every value that was shown as known is planned."""
    return _within(shown.get("after"), shown.get("after_unknown"), planned.get("after"))


def _within(value: Any, unknown: Any, planned: Any) -> bool:
    if unknown is True:
        return True
    if isinstance(value, Mapping) and isinstance(planned, Mapping):
        masks = unknown if isinstance(unknown, Mapping) else {}
        return all(_within(v, masks.get(k), planned.get(k)) for k, v in value.items())
    if isinstance(value, list) and isinstance(planned, list) and unknown:
        return True  # elements of what is partly unknown may be in any number
    return _text(value) == _text(planned)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
