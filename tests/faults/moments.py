"""Moments of a run, as files show them: no clock decides when something happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from faults.victim import Victim
from faults.world import PATIENCE_S, POLL_S, World
from pytg.record.reader import RUNS
from pytg.recovery.composed_directory import COMPOSED

Moment = Callable[[], bool]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - names are enough, and it is asked all the time
    except OSError:
        return []


def moments(world: World) -> Mapping[str, Moment]:
    """By name, whether it has come; those of the run that is started next."""
    runs, roots = world.root / RUNS, world.root / COMPOSED
    before = set(_names(runs))
    told = len(world.told())

    def new(file: str, word: str) -> Moment:
        return lambda: any(
            word in _text(runs / name / file) for name in _names(runs) if name not in before
        )

    def composed(file: str, word: str) -> Moment:
        return lambda: any(word in _text(roots / name / file) for name in _names(roots))

    def tells(number: int) -> Moment:
        return lambda: len(world.told()) >= told + number

    return {
        "at once": lambda: True,
        "a record is there": new("run.json", "running"),
        "Terraform plans": new("processes.jsonl", '"plan"'),
        "it is planned": new("events.jsonl", "stage_planned"),
        "it takes locks": composed("journal.json", '"locking"'),
        "it applies": composed("journal.json", '"applying"'),
        "Terraform applies": new("processes.jsonl", '"apply"'),
        "a resource is begun": new("apply-1.jsonl", "apply_start"),
        "a resource is complete": new("apply-1.jsonl", "apply_complete"),
        "a resource waits": lambda: bool(_text(world.side / "waiting")),
        "one is told": tells(1),
        "some are told": tells(world.rng.randint(2, 8)),
        "a state is written": new("events.jsonl", "state_written"),
        "states are written": composed("journal.json", '"written"'),
        "it ends": new("events.jsonl", "run_finished"),
    }


PLANNING = ("at once", "a record is there", "Terraform plans", "it is planned")
LOCKING = ("it takes locks", "it applies", "Terraform applies")
APPLYING = (
    "a resource is begun",
    "a resource is complete",
    "a resource waits",
    "one is told",
    "some are told",
    "a state is written",
)
ENDING = ("states are written", "it ends")


def wait_for(world: World, name: str, moment: Moment, victim: Victim) -> bool:
    """Wait until it has come; False where the run was over before."""
    deadline = time.monotonic() + PATIENCE_S
    while not moment():
        if not victim.runs:
            world.step(f"over before: {name}")
            return False
        assert time.monotonic() < deadline, f"{name}: it did not come"
        time.sleep(POLL_S)
    world.step(f"when: {name}")
    return True
