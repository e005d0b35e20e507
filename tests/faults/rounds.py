"""One round from a seed: something befalls a run, and then a person goes on."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from faults import checks
from faults.estate import drawn
from faults.faults import Unsupported, mounted, unmounted
from faults.kinds import APPLY, DESTROY, KINDS, PLAN
from faults.remote import REMOTE
from faults.world import World

SMALL = "1500k"


def play(seed: int, number: int, place: Path) -> World:
    """Play the round; its files are below `place`. Raises AssertionError with its steps."""
    rng = _rng(seed, number)
    name = list(KINDS)[number % len(KINDS)]
    return _played(World(place, drawn(rng), rng), seed, number, name, KINDS[name])


def play_remote(seed: int, number: int, world: World) -> World:
    """The same in a world whose states lie on the embedded AWS."""
    name = list(REMOTE)[number % len(REMOTE)]
    return _played(world, seed, number, name, REMOTE[name])


def _rng(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed} {number}")  # noqa: S311 - the same at each run, on purpose


def _played(
    world: World, seed: int, number: int, name: str, kind: Callable[[World], None]
) -> World:
    world.step(name)
    try:
        with _disk(world, name):
            world.estate.write(world.root)
            kind(world)
            _settle(world)
    except Unsupported as error:
        world.step(f"skipped: {error}")
    except AssertionError as error:
        steps = "\n".join(f"  {step}" for step in world.steps)
        raise AssertionError(
            f"FAULTS_SEED={seed} FAULTS_ROUND={number}\n{steps}\n{error}"
        ) from None
    finally:
        world.go()
        for process in world.processes():
            with contextlib.suppress(Exception):
                process.kill()
    return world


@contextlib.contextmanager
def _disk(world: World, name: str) -> Iterator[None]:
    """The project of a round about a full disk lies on a small one, where that can be."""
    if name == "full disk":
        mounted(world.root, SMALL)
    try:
        yield
    finally:
        unmounted(world.root)


def _settle(world: World) -> None:
    """What a person does then: plan, apply, destroy. All works, and nothing was lost."""
    for ended in world.said:
        checks.behaved(ended, killed=ended.code < 0)
    checks.succeeded(world.pytg(*PLAN))
    checks.nothing_lost(world)
    if world.rng.random() < 0.7:
        checks.succeeded(world.pytg(*APPLY))
        checks.applied(world)
        checks.succeeded(world.pytg(*PLAN, "--detailed-exitcode"))
    checks.succeeded(world.pytg(*DESTROY))
    checks.destroyed(world)
    checks.succeeded(world.pytg(*PLAN, "--destroy", "--detailed-exitcode"))
    checks.left_nothing(world)


def rounds(seed: int, numbers: Iterable[int], place: Path) -> Iterator[str]:
    """Play many rounds; what failed of each. The files of those that did not are removed."""
    for number in numbers:
        where = place / f"{seed}-{number}"
        shutil.rmtree(where, ignore_errors=True)
        try:
            play(seed, number, where)
        except AssertionError as error:
            yield str(error)
        else:
            shutil.rmtree(where)
