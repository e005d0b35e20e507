"""A state backend in memory, whose locks outlive whoever took them; and states to put there."""

from __future__ import annotations

import json
from typing import Any

from pytg.errors import Refused
from pytg.model import Address
from pytg.state.state_store import KeptVersion, LockInfo, StoredState, lock_held


def composed(*units: Address) -> bytes:
    """A composed state that holds one resource of each of `units`."""
    resources: list[dict[str, Any]] = [
        {
            "module": f"module.{unit.slug}",
            "mode": "managed",
            "type": "terraform_data",
            "name": "this",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{"attributes": {"id": unit.module}, "dependencies": ["x.y"]}],
        }
        for unit in units
    ]
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x"}
    more = {"outputs": {}, "resources": resources, "check_results": None}
    return json.dumps({**state, **more}).encode()


class MemoryStore:
    """A StateStore; `there` says whether bucket and table exist."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = there
        self.states: dict[str, bytes] = {}
        self.locks: dict[str, LockInfo] = {}
        self.kept: dict[str, list[tuple[KeptVersion, bytes]]] = {}

    def exists(self) -> bool:
        return self.there

    def read(self, key: str) -> StoredState | None:
        body = self.states.get(key)
        return StoredState.of(body, key) if body else None

    def raw(self, key: str) -> bytes | None:
        return self.states.get(key)

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.states if key.startswith(prefix))

    def versions(self, key: str) -> list[KeptVersion]:
        return [kept for kept, _ in self.kept.get(key, ())]

    def read_version(self, key: str, version: KeptVersion) -> bytes:
        return dict(self.kept[key])[version]

    def write(self, key: str, body: bytes) -> str:
        self._require()
        self.states[key] = body
        return StoredState.of(body, key).version

    def delete(self, key: str) -> None:
        self.states.pop(key, None)

    def digest_repair(self, key: str) -> bool:
        return key == ""

    def lock(self, key: str, info: LockInfo) -> None:
        self._require()
        holder = self.locks.setdefault(key, info)
        if holder.id != info.id:
            raise lock_held(key, holder)

    def unlock(self, key: str, lock_id: str) -> None:
        holder = self.locks.get(key)
        if holder is not None and holder.id != lock_id:
            raise Refused(f"the lock of {key} is held by {holder}")
        self.locks.pop(key, None)

    def holder(self, key: str) -> LockInfo | None:
        return self.locks.get(key)

    def _require(self) -> None:
        if not self.there:
            raise Refused("there is no such bucket")
