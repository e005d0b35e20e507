"""Rounds from a seed: something befalls a run, and then a person goes on.

Several are played in one world, each on what the one before left. After each it is asked what was
lost and what was left behind; at the end of a world everything is taken down too.
"""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from faults import checks
from faults.estate import drawn
from faults.faults import Unsupported, mounted, unmounted
from faults.kinds import APPLY, DESTROY, KINDS, PLAN
from faults.remote import REMOTE, Remote
from faults.world import World

ROOM, PAGE = 1_500_000, 4_096  # bytes on the small disk beside what is there; of its blocks
SERIES = 8  # rounds in one world: making an estate and taking it down costs as much as a round


class Failed(AssertionError):
    """A round failed: the one of number `played` in its world."""

    def __init__(self, text: str, played: int) -> None:
        super().__init__(text)
        self.played = played


def play(seed: int, numbers: Sequence[int], place: Path, remote: Remote | None = None) -> World:
    """Play these rounds in one world, whose files are below `place`; its states may be `remote`.

    Raises Failed with the steps of the round that failed.
    """
    kinds = list((REMOTE if remote else KINDS).items())
    rng = _rng(seed, numbers[0])
    make = remote.world if remote else World
    return _played(
        make(place, drawn(rng), rng), seed, [(n, *kinds[n % len(kinds)]) for n in numbers]
    )


def _rng(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed} {number}")  # noqa: S311 - the same at each run, on purpose


def _played(
    world: World, seed: int, turns: Sequence[tuple[int, str, Callable[[World], None]]]
) -> World:
    world.write(world.estate)
    for turn, (number, name, kind) in enumerate(turns, 1):
        world.rng = _rng(seed, number)
        world.begin(name)
        try:
            with _disk(world, name):
                _one(world, kind)
                (_settle if turn == len(turns) else _go_on)(world)
        except AssertionError as error:
            steps = "\n".join(f"  {step}" for step in world.steps)
            played = " ".join(str(n) for n, _, _ in turns[:turn])
            text = f'FAULTS_SEED={seed} FAULTS_ROUND="{played}"\n{steps}\n{error}'
            raise Failed(text, turn) from None
        finally:
            world.go()
            for process in world.processes():
                with contextlib.suppress(Exception):
                    process.kill()
    return world


def _one(world: World, kind: Callable[[World], None]) -> None:
    """What befalls in a round; all commands end as documented."""
    try:
        kind(world)
    except Unsupported as error:
        world.step(f"skipped: {error}")
    for ended in world.said:
        checks.behaved(ended, killed=ended.code < 0)


@contextlib.contextmanager
def _disk(world: World, name: str) -> Iterator[None]:
    """The project of a round about a full disk lies on a small one, where that can be."""
    kept = world.root.with_name("kept")
    if name == "full disk":
        size = sum(-(-f.lstat().st_size // PAGE) * PAGE for f in world.root.rglob("*"))
        world.root.rename(kept)
        world.root.mkdir()
        if not mounted(world.root, size + ROOM):
            world.root.rmdir()
            kept.rename(world.root)
    if not kept.exists():
        yield
        return
    try:
        shutil.copytree(kept, world.root, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        shutil.rmtree(kept)
        shutil.copytree(world.root, kept, symlinks=True)
        unmounted(world.root)
        world.root.rmdir()
        kept.rename(world.root)


def _go_on(world: World) -> None:
    """What a person does then, in short: the estate is there for the next round, or it is gone.

    One command, most of the time, which recovers and goes on.
    """
    chance = world.rng.random
    alone = any("--per-unit" in ended.arguments for ended in world.said)
    if alone or chance() < 0.3:  # a record stays open while a Terraform of a unit's own works
        checks.recovers(world, *PLAN)
    if chance() < 0.8:
        checks.succeeded(world.pytg(*APPLY))
        checks.applied(world)
        if chance() < 0.2:
            checks.succeeded(world.pytg(*PLAN, "--detailed-exitcode"))
    else:
        checks.succeeded(world.pytg(*DESTROY))
        checks.destroyed(world)
    checks.left_nothing(world)


def _settle(world: World) -> None:
    """What a person does at the end: plan, apply, destroy. All works, and nothing was lost."""
    checks.recovers(world, *PLAN)
    if world.rng.random() < 0.7:
        checks.succeeded(world.pytg(*APPLY))
        checks.applied(world)
        checks.succeeded(world.pytg(*PLAN, "--detailed-exitcode"))
    checks.succeeded(world.pytg(*DESTROY))
    checks.destroyed(world)
    checks.succeeded(world.pytg(*PLAN, "--destroy", "--detailed-exitcode"))
    checks.left_nothing(world)


def rounds(
    seed: int,
    numbers: Sequence[int],
    place: Path,
    *,
    together: int = SERIES,
    remote: Remote | None = None,
) -> Iterator[str]:
    """Play many rounds, so many in one world; what failed of each.

    After one that failed there is another world. The files of those that did not are removed.
    """
    waiting = list(numbers)
    while waiting:
        turn, waiting = waiting[:together], waiting[together:]
        where = place / f"{seed}-{turn[0]}"
        shutil.rmtree(where, ignore_errors=True)
        try:
            play(seed, turn, where, remote)
        except Failed as failed:
            yield str(failed)
            waiting = [*turn[failed.played :], *waiting]
        else:
            shutil.rmtree(where)
