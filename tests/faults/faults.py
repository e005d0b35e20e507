"""What befalls a run: kills, signals, a stop, a full disk, what cannot be written, an edit.

Each is called at its moment with the run, and returns what takes it back, once the run has ended.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from faults.victim import Victim
from faults.world import World
from pytg.recovery.composed_directory import COMPOSED
from pytg.recovery.journal import STATE

Lift = Callable[[], None]
Fault = Callable[[World, Victim], Lift]
LITTLE = 2_048  # bytes: less than a state


def _nothing() -> None:
    pass


def kill(*whom: str) -> Fault:
    """SIGKILL to `pytg` and to `terraform`, in a random order; its provisioners may outlive it."""

    def strike(world: World, victim: Victim) -> Lift:
        found = {"pytg": [victim.pid], "terraform": [p.pid for p in world.terraforms()]}
        names = world.rng.sample(whom, len(whom))
        for name in names:
            for pid in found[name]:
                _send(pid, signal.SIGKILL)
        world.step(f"kill -9: {', '.join(f'{n} {len(found[n])}' for n in names)}")
        return _nothing

    return strike


def signals(*numbers: signal.Signals) -> Fault:
    """The signals to pytg, as from a terminal or from a machine that shuts down."""

    def strike(world: World, victim: Victim) -> Lift:
        for number in numbers:
            _send(victim.pid, number)
        world.step(f"signals: {', '.join(n.name for n in numbers)}")
        return _nothing

    return strike


def stop(world: World, victim: Victim) -> Lift:
    """One of pytg and Terraform stands still while another pytg looks, and goes on."""
    pids = world.rng.choice([[victim.pid], [p.pid for p in world.terraforms()]])
    for pid in pids:
        _send(pid, signal.SIGSTOP)
    world.step(f"SIGSTOP to {len(pids)}")
    try:
        unit = world.rng.choice(world.estate.units)
        world.pytg(*world.rng.choice([("output", unit.address), ("validate",), ("locks",)]))
        world.pytg("plan", "--env", "dev", "--lock-timeout", "0")
    finally:
        for pid in pids:
            _send(pid, signal.SIGCONT)
    return _nothing


def full(world: World, victim: Victim) -> Lift:
    """The disk that the project lies on has no room.

    Where none can be mounted, no process can write a file of more than a little.
    """
    if os.path.ismount(world.root):
        filler = world.root / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(world.rng.choice([1, 512, 4_096])))
        world.step("the disk is full")
        return lambda: filler.unlink(missing_ok=True)
    if not hasattr(resource, "prlimit"):
        return _nothing
    for pid in [victim.pid, *(p.pid for p in world.terraforms())]:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (LITTLE, resource.RLIM_INFINITY))
    world.step(f"no file of more than {LITTLE} bytes can be written")
    return _nothing


def full_and_killed(world: World, victim: Victim) -> Lift:
    """The disk is full; a resource or two later both are killed."""
    lift, told = full(world, victim), len(world.told())
    world.go()
    with contextlib.suppress(psutil.Error):
        for _ in range(20):
            if len(world.told()) > told:
                break
            psutil.Process(victim.pid).wait(0.1)
    kill("pytg", "terraform")(world, victim)
    return lift


def immutable(world: World, _victim: Victim | None) -> Lift:
    """One file or directory of `.pytg` can no longer be written."""
    found = sorted(p for p in _written(world) if p.exists())
    if not found:
        return _nothing
    applied = [p for p in found if COMPOSED.name in p.parts and p.name == STATE]
    path = world.rng.choice(world.rng.choice([applied or found, found]))
    lift = read_only(path)
    world.step(f"cannot be written: {path.relative_to(world.root)}")
    return lift


def read_only(path: Path) -> Lift:
    """Root is stopped by no mode, only by the attribute. Raises Unsupported."""
    if os.getuid():
        mode = path.stat().st_mode
        path.chmod(0o500 if path.is_dir() else 0o400)
        return lambda: path.chmod(mode)
    if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        raise Unsupported("no file can be made immutable here")

    def lift() -> None:
        subprocess.run(["chattr", "-i", path], check=False, capture_output=True)

    return lift


class Unsupported(Exception):
    """Not to be had on this machine."""


def _written(world: World) -> list[Path]:
    own = world.root / ".pytg"
    composed = [*(world.root / COMPOSED).glob("*"), *(world.root / COMPOSED).glob("*/*.tfstate")]
    states = [*own.glob("state/*/*/*/*"), *own.glob("state/*/*/*/*/*.tfstate")]
    return [own / "runs", own, *own.glob("runs/*"), *composed, *composed, *states]


def edit(world: World, _victim: Victim) -> Lift:
    """Somebody edits the configuration, rightly or wrongly, and takes it back afterwards."""
    name, change = world.rng.choice(sorted(_EDITS.items()))
    change(world)
    world.step(f"edit: {name}")
    return lambda: world.write(world.estate)


def _break(path: str, text: str) -> Callable[[World], None]:
    return lambda world: _append(
        world.root / path.format(world.rng.choice(world.estate.units).name), text
    )


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def _without_last(world: World) -> None:
    config = world.root / "config.yaml"
    last = world.estate.units[-1].name
    if not any(unit.up == last for unit in world.estate.units):
        config.write_text(config.read_text().partition(f"  {last}:\n")[0])


def _next_edition(world: World) -> None:
    world.estate.edited().write(world.root)


_EDITS: Mapping[str, Callable[[World], None]] = {
    "no YAML": _break("config.yaml", "\n{: ["),
    "an unknown key": _break("live/acc/us-east-1/dev/env.yaml", "nonsense: 1\n"),
    "no HCL": _break("modules/{}/main.tf", "\nresource {\n"),
    "one more output": _break("modules/{}/main.tf", '\noutput "more" {\n  value = "x"\n}\n'),
    "a unit less": _without_last,
    "another edition": _next_edition,
}


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        os.kill(pid, number)


def remove(path: str) -> Fault:
    """A directory of `.pytg` goes."""

    def strike(world: World, _victim: Victim) -> Lift:
        shutil.rmtree(world.root / path, ignore_errors=True)
        world.step(f"removed: {path}")
        return _nothing

    return strike


def mounted(path: Path, size: int) -> bool:
    """Whether a file system of `size` bytes could be mounted at `path`."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if sys.platform != "linux" or os.getuid():
        return False
    return not subprocess.run(command, check=False, capture_output=True).returncode


def unmounted(path: Path) -> None:
    """Undo `mounted`."""
    if os.path.ismount(path):
        subprocess.run(["umount", "-l", path], check=False, capture_output=True)


INTERRUPTS: tuple[tuple[signal.Signals, ...], ...] = (
    (signal.SIGINT,),
    (signal.SIGTERM,),
    (signal.SIGHUP,),
    (signal.SIGINT, signal.SIGINT),
    (signal.SIGTERM, signal.SIGINT),
    (signal.SIGHUP, signal.SIGTERM, signal.SIGINT),
)


def any_kill(rng: random.Random) -> Fault:
    both = ("pytg", "terraform")
    return kill(*rng.choice([("pytg",), ("terraform",), both, both]))


def any_signal(rng: random.Random) -> Fault:
    return signals(*rng.choice(INTERRUPTS))
