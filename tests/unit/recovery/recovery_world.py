"""A dead composed apply of `one` and `two`, and its recovery."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from pytg.processes import ProcessId
from pytg.record.reader import RUNS
from pytg.recovery.composed import recover_composed
from pytg.recovery.recovery import Recovery
from pytg.state.state_store import LockInfo
from support.dead_apply import ONE, TWO, states_in
from support.memory_store import MemoryStore, composed

KEY = str(ONE)  # as `estate_of` has it
OWN = LockInfo("dead-1", "pytg apply", "alice@laptop", "now")
BOB = LockInfo("bob-1", "pytg apply", "bob@desktop", "now")
ELSEWHERE = ProcessId(1, 1.0, "elsewhere")


def recovered(root: Path, store: MemoryStore, *, concerned: bool = True) -> list[Recovery]:
    return recover_composed(
        root,
        states_in(store),
        lambda _: None,
        threading.Event(),
        concerns=lambda journal: concerned and journal.run_id == "run-1",
    )


def state(serial: int) -> bytes:
    """A unit's own, with nothing in it."""
    return json.dumps(json.loads(composed()) | {"serial": serial}).encode()


def events(root: Path, *begun: str) -> None:
    """What Terraform of `run-1` wrote: it began to create `begun`."""
    directory = root / RUNS / "run-1"
    directory.mkdir(parents=True, exist_ok=True)
    hooks = [{"action": "create", "resource": {"addr": address}} for address in begun]
    lines = [json.dumps({"type": "apply_start", "hook": hook}) for hook in hooks]
    (directory / "apply.jsonl").write_text("\n".join(lines))


def foreign(store: MemoryStore, *, more: bool) -> None:
    """The state of ONE holds what the dead run left, and maybe what somebody imported."""
    made = json.loads(composed(ONE).decode().replace(ONE.slug, "one"))
    if more:
        made["resources"] += json.loads(composed(TWO))["resources"]
        made["resources"][1] |= {"module": "module.one", "name": "imported"}
    store.states[KEY] = json.dumps(made | {"serial": 9, "outputs": {}}).encode()
