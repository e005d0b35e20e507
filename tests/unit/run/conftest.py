"""How a test of a run gets its world."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from run_world import World

from pytg.run.interrupts import SIGNALS

Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a world; its logs are closed at the end."""
    made: list[World] = []

    def world(**reads_and_more: Any) -> World:
        made.append(World(tmp_path, **reads_and_more))
        return made[-1]

    yield world
    for each in made:
        for log in each.opened:
            log.close()


@pytest.fixture
def chain(make: Make) -> World:
    """`a`, `b` that reads it, and `c` that reads that."""
    return make(reads={"a": (), "b": ("a",), "c": ("b",)})


@pytest.fixture
def handled() -> Iterator[None]:
    """Start from handlers that are not "ignore", whatever the tests were started with."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
