"""Which resources a Terraform that died was making: they may exist, and be in no state."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.errors import PytgError
from pytg.model import Address, Unit
from pytg.record.run import Outcome, Status
from pytg.state.state_reader import StateReader
from pytg.terraform.completed import Completed
from pytg.terraform.event_stream import parse_line

_ENDS = frozenset({"apply_complete", "apply_errored"})


def resources_in_flight(events: Path, state: bytes | None) -> tuple[str, ...]:
    """Addresses of resources that may exist and are in no state.

    Those begun and not ended, and those whose creation ended after the last whole `state` was
    seen. Addresses are those of the composed root.
    """
    begun: dict[str, str] = {}
    created: set[str] = set()
    try:
        lines = events.read_text(errors="replace").splitlines()
    except OSError:
        return ()
    for event in map(parse_line, lines):
        if event.action == "read":
            continue
        if event.type == "apply_start":
            begun[event.address] = event.action
        elif event.type in _ENDS:
            begun.pop(event.address, None)
            if event.type == "apply_complete" and event.action == "create":
                created.add(event.address)
            elif event.type == "apply_complete" and event.action == "delete":
                created.discard(event.address)
    return tuple(sorted({*begun, *(created - _recorded(state))}))


def lost(
    events: Path, calls: Calls, completed: Completed, state: bytes | None
) -> dict[Address, Outcome]:
    """Units with resources that may exist and are not in `state`, after an apply that failed.

    It was killed, or could not save its state, which ends with an exit code like any other.
    """
    found = calls.by_unit(resources_in_flight(events, state))
    reason = completed.explain()
    return {
        unit: Outcome(Status.UNKNOWN, reason, unknown_resources=tuple(names))
        for unit, names in found.items()
    }


def stored(states: StateReader, unit: Unit) -> bytes | None:
    """The unit's state in its backend; None where there is none, or it cannot be read."""
    with contextlib.suppress(PytgError):
        held = states.store(unit).read(unit.backend.key)
        return held.body if held else None
    return None


def _recorded(state: bytes | None) -> set[str]:
    if state is None:
        return set()
    return {
        _address(resource, instance)
        for resource in exact_json.loads(state)["resources"]
        for instance in resource["instances"]
    }


def _address(resource: dict[str, str], instance: dict[str, object]) -> str:
    module = f"{resource['module']}." if resource.get("module") else ""
    key = instance.get("index_key")
    index = "" if key is None else f"[{_quoted(key) if isinstance(key, str) else key}]"
    return f"{module}{resource['type']}.{resource['name']}{index}"


def _quoted(key: str) -> str:
    """An instance key as Terraform writes it in an address."""
    return json.dumps(key, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
