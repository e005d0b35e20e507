"""Which resources a Terraform that died was making: they may exist, and be in no state."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.compose.state_document import State, parse_state
from pytg.errors import PytgError
from pytg.model import Address, Unit
from pytg.record.run import Outcome, Status
from pytg.state.state_reader import StateReader
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import TEXT, Event, parse_line

_ENDS = frozenset({"apply_complete", "apply_errored"})
_READ = frozenset({"read", "open", "renew", "close"})  # data and ephemeral resources


@dataclass(slots=True)
class Begun:
    """What an apply has begun and what it has made, by its events as far as they were read.

    `open` are the addresses of what was begun and has not ended, `creating` of it what is
    created, and `provisioning` of that what exists and is being provisioned; `made` those of what
    was created, with the key and the value of its id where Terraform told it. Addresses are those
    of the root that is applied.
    """

    open: set[str] = field(default_factory=set)
    creating: set[str] = field(default_factory=set)
    provisioning: set[str] = field(default_factory=set)
    made: dict[str, tuple[str, str]] = field(default_factory=dict)
    started: bool = False  # whether there was any event at all
    odd: bool = False  # whether a line was no event: something may be missing

    def feed(self, event: Event) -> None:
        """Take in an event."""
        self.started = True
        if event.type == TEXT:
            self.odd = True
        if event.action in _READ:
            return
        if event.type == "apply_start":
            self.open.add(event.address)
            if event.action == "create":
                self.creating.add(event.address)
        elif event.type == "provision_start":
            self.provisioning |= {event.address} & self.creating
        elif event.type in _ENDS:
            for begun in (self.open, self.creating, self.provisioning):
                begun.discard(event.address)
            if event.type == "apply_complete" and event.action == "create":
                hook = event.raw.get("hook") or {}
                key, value = (str(hook.get(f"id_{part}") or "") for part in ("key", "value"))
                self.made[event.address] = key, value

    def missing(self, state: bytes | None, fresh: Collection[str] = ()) -> dict[str, str]:
        """What may exist and is not in `state`, the last whole one: ids by address.

        That is what was begun and has not ended, and what was made and is not recorded, also
        where another object is under its address. An id that is not known is empty. At addresses
        in `fresh` there was nothing before: what is there now was made by this apply.
        """
        whole = exact_json.loads(state) if state is not None else None
        there = recorded(whole)
        found = dict.fromkeys(self.open - self._landed(whole, fresh), "")
        for address, (key, value) in self.made.items():
            instances = there.get(address, ())
            held = {str(i[key]) for i in instances if key in i}
            if not instances or (value and held and value not in held):
                found[address] = value
        return dict(sorted(found.items()))

    def half_made(self, state: bytes | None, fresh: Collection[str] = ()) -> list[str]:
        """What `state` holds as if it were whole, and was still being provisioned.

        Terraform calls such a resource tainted only once it knows that its provisioner failed.
        """
        whole = exact_json.loads(state) if state is not None else None
        tainted = {address for address, one in _instances(whole) if one.get("status") == "tainted"}
        return sorted((self._landed(whole, fresh) & self.provisioning) - tainted)

    def _landed(self, state: State | None, fresh: Collection[str]) -> set[str]:
        """What is being created and is in `state` already: another resource had it written.

        Where there was something else before, that is known once this is kept as deposed.
        """
        current: set[str] = set()
        deposed: set[str] = set()
        for address, one in _instances(state):
            (deposed if "deposed" in one else current).add(address)
        return {a for a in self.creating & current if a in fresh or a in deposed}


def read_begun(events: Path) -> Begun:
    """What the apply that wrote the stream `events` had begun; without that file, nothing.

    The last line may be cut short: whoever wrote it died.
    """
    begun = Begun()
    try:
        *lines, last = events.read_text(errors="replace").split("\n")
    except OSError:
        return begun
    for event in map(parse_line, filter(str.strip, lines)):
        begun.feed(event)
    if (event := parse_line(last)).type != TEXT:
        begun.feed(event)
    return begun


def perhaps_made(
    missing: Mapping[str, str],
    planned: Mapping[Address, Iterable[str]],
    state: bytes | None,
    calls: Calls,
) -> dict[Address, dict[str, str]]:
    """`missing` by unit, and all of `planned` that is not in `state`.

    For an apply of which not every event is known: what it was to create may exist.
    """
    found = ids_by_unit(missing, calls)
    state_of = exact_json.loads(state) if state is not None else None
    there = ids_by_unit(dict.fromkeys(recorded(state_of), ""), calls)
    for unit, names in planned.items():
        more = {name: "" for name in names if name not in there.get(unit, {})}
        if more:
            found[unit] = more | found.get(unit, {})
    return found


def called(names: Mapping[Address, Iterable[str]], calls: Calls) -> frozenset[str]:
    """Addresses in the root of `calls` of what `names` has by unit, inside its module."""
    return frozenset(
        f"module.{call}.{name}"
        for call, unit in calls.units.items()
        for name in names.get(unit, ())
    )


def ids_by_unit(missing: Mapping[str, str], calls: Calls) -> dict[Address, dict[str, str]]:
    """Ids by unit and address inside its module; what is of no unit is left out."""
    found: dict[Address, dict[str, str]] = {}
    for address, value in missing.items():
        if owner := calls.unit_of(address):
            found.setdefault(owner[0], {})[owner[1]] = value
    return found


def lost(
    missing: Mapping[Address, Iterable[str]],
    completed: Completed,
    made: Mapping[Address, int],
) -> dict[Address, Outcome]:
    """Units with resources that may exist and are in no state, after an apply that failed.

    It was killed, or could not save its state, which ends with an exit code like any other. `made`
    is how many of its changes each unit made.
    """
    reason = completed.explain()
    return {
        unit: Outcome(
            Status.UNKNOWN, reason, unknown_resources=tuple(names), made=made.get(unit, 0)
        )
        for unit, names in missing.items()
    }


def stored(states: StateReader, unit: Unit) -> bytes | None:
    """The unit's state in its backend; None where there is none, or it cannot be read as one."""
    with contextlib.suppress(PytgError, ValueError):
        held = states.store(unit).read(unit.backend.key)
        if held is not None:
            parse_state(held.body)
            return held.body
    return None


def recorded(state: State | None, *, managed: bool = False) -> dict[str, list[dict[str, Any]]]:
    """The attributes of every instance in the state, of deposed ones too, by address.

    `managed`: of what is only read there is nothing.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for address, instance in _instances(state, managed=managed):
        attributes = instance.get("attributes")
        found.setdefault(address, []).append(attributes if isinstance(attributes, dict) else {})
    return found


def _instances(
    state: State | None, *, managed: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in (state or {}).get("resources", ()):
        if not managed or resource["mode"] == "managed":
            for instance in resource["instances"]:
                yield _address(resource, instance), instance


def only_in(state: State, other: State | None, calls: Calls) -> dict[str, str]:
    """Managed objects of a unit's `state` that `other` lacks: ids by address inside its module."""
    there = recorded(other)
    found: dict[str, str] = {}
    for address, instances in recorded(state, managed=True).items():
        owner, held = calls.unit_of(address), {str(i.get("id")) for i in there.get(address, ())}
        value = str(instances[-1].get("id") or "")
        if owner and value not in held:
            found[owner[1]] = value
    return found


def _address(resource: dict[str, str], instance: dict[str, object]) -> str:
    module = f"{resource['module']}." if resource.get("module") else ""
    key = instance.get("index_key")
    index = "" if key is None else f"[{_quoted(key) if isinstance(key, str) else key}]"
    return f"{module}{resource['type']}.{resource['name']}{index}"


def _quoted(key: str) -> str:
    """An instance key as Terraform writes it in an address."""
    return json.dumps(key, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
