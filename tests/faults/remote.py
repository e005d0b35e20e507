"""Kinds of round whose states lie on the embedded AWS: it fails, hangs, or runs are killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

from faults.faults import Lift, any_kill
from faults.kinds import always, struck
from faults.victim import Victim
from faults.world import World
from pytg_sandbox.control import Sandbox

REGION = "us-east-1"


def _sandbox(world: World) -> Sandbox:
    return Sandbox(Path(world.environ["PYTG_SANDBOX_DIR"]))


def outage(world: World, _victim: Victim) -> Lift:
    """Every call fails until the run has ended."""
    _sandbox(world).outage(REGION, on=True)
    world.step("AWS fails")
    return lambda: _sandbox(world).outage(REGION, on=False)


def hang(world: World, victim: Victim) -> Lift:
    """No call is answered while Terraform works on to its end."""
    with _standing_still(world):
        world.go()
        world.step("AWS hangs")
        with contextlib.suppress(psutil.TimeoutExpired):
            psutil.wait_procs(world.terraforms(), timeout=2)
            psutil.Process(victim.pid).wait(1)
    return lambda: None


@contextlib.contextmanager
def _standing_still(world: World) -> Iterator[None]:
    server = _sandbox(world).status()
    assert server is not None, "the embedded AWS does not run"
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


REMOTE: Mapping[str, Callable[[World], None]] = {
    "AWS fails": struck(always(outage)),
    "AWS hangs": struck(always(hang)),
    "kill": struck(any_kill),
    "fails and kill": struck(always(outage), any_kill),
}
