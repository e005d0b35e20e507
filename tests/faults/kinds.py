"""The kinds of round: what befalls which run at which moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from faults import checks
from faults.damage import FOREIGN, Damaged, damage, made_foreign
from faults.estate import SELECTED
from faults.faults import (
    Fault,
    Lift,
    any_kill,
    any_signal,
    edit,
    full,
    full_and_killed,
    immutable,
    kill,
    remove,
    stop,
)
from faults.moments import APPLYING, ENDING, LOCKING, PLANNING, moments, wait_for
from faults.victim import Victim
from faults.world import Ended, World

PLAN = ("plan", *SELECTED)
APPLY = ("apply", *SELECTED, "--yes")
DESTROY = ("destroy", *SELECTED, "--yes")
SCENES = ("apply", "apply", "apply", "destroy", "plan")


def _scene(world: World) -> tuple[str, ...]:
    """The command that something will befall, on an estate where that has something to do."""
    scene = world.rng.choice(SCENES)
    there = bool(world.stored())
    if not there and (scene == "destroy" or world.rng.random() < 0.3):
        checks.succeeded(world.pytg(*APPLY))
        there = True
    if there and scene != "destroy" and world.rng.random() < 0.8:
        world.write(world.estate.edited())
    command = {"destroy": DESTROY, "plan": PLAN}.get(scene, APPLY)
    if scene != "plan" and world.rng.random() < 0.15:
        command = (*command, "--per-unit")
    _gates(world, command)
    return command


def _gates(world: World, command: tuple[str, ...]) -> None:
    """Some resources wait while they are made or destroyed, or each where it is made.

    Where all do, none is in a state at a kill: what is complete brings the others along.
    """
    names = sorted(world.estate.resources())
    if world.rng.random() < 0.4:
        world.gate(*(f"late + {name}" for name in names))
        return
    chosen = world.rng.sample(names, min(len(names), world.rng.randint(0, 3)))
    signs = ["-"] if command[0] == "destroy" else ["+", "-"]
    choice = world.rng.choice
    world.gate(*(f"{choice(['early', 'late'])} {choice(signs)} {name}" for name in chosen))


def _befall(world: World, fault: Fault, command: tuple[str, ...]) -> Ended:
    """Start `command`, let `fault` happen at some moment of it, and wait for its end."""
    names = [*PLANNING, *(() if command[0] == "plan" else (*LOCKING, *3 * APPLYING, *ENDING))]
    name = world.rng.choice(names)
    moment = moments(world)[name]
    victim = world.start(*command)
    lift: Lift = lambda: None  # noqa: E731 - nothing to take back
    try:
        lift = _at(world, victim, fault, name, moment)
        world.go()
        ended = world.end(victim)
    finally:
        lift()
    checks.behaved(ended, killed=ended.code < 0)
    return ended


def _at(world: World, victim: Victim, fault: Fault, name: str, moment: Callable[[], bool]) -> Lift:
    """What waits at a gate would keep the moments after it from coming."""
    if name not in APPLYING:
        world.go()
    elif name != "a resource waits" or not (world.side / "gates").read_text():
        return _passing(world, victim, fault, name, moment)
    if wait_for(world, name, moment, victim):
        return fault(world, victim)
    return lambda: None


def _passing(
    world: World, victim: Victim, fault: Fault, name: str, moment: Callable[[], bool]
) -> Lift:
    """`moment`, or the first resource that waits, if that comes first."""
    waits = moments(world)["a resource waits"]
    if wait_for(world, name, lambda: moment() or waits(), victim):
        return fault(world, victim)
    return lambda: None


def struck(*choose: Callable[[random.Random], Fault]) -> Callable[[World], None]:
    """A kind: one run is struck, or several, each the recovery of the one before."""

    def play_it(world: World) -> None:
        command = _scene(world)
        for number in range(world.rng.choice([1, 1, 2, 3])):
            if number:
                command = world.rng.choice([PLAN, command])
                _gates(world, command)
            _befall(world, world.rng.choice(choose)(world.rng), command)
            checks.no_secrets_told(world)

    return play_it


def always(fault: Fault) -> Callable[[random.Random], Fault]:
    return lambda _rng: fault


def _damaged(world: World) -> None:
    """A run is killed or ends; a file is damaged; a command meets it; it is put back."""
    command = _scene(world)
    if world.rng.random() < 0.7:
        _befall(world, any_kill(world.rng), command)
    else:
        world.go()
        checks.behaved(world.pytg(*command))
    found = damage(world)
    if found:
        _met(world, found)


def _met(world: World, found: Damaged) -> None:
    unit = world.rng.choice(world.estate.units)
    chosen = world.rng.choice(
        [PLAN, APPLY, ("output", unit.address), ("validate",), ("locks", *SELECTED)]
    )
    if found.state_of:
        chosen = PLAN
        world.excused.add(found.state_of)
    ended = world.pytg(*chosen)
    checks.behaved(ended)
    known = (PLAN, APPLY)
    if ended.code and chosen in known:
        assert found.named_in(ended), f"{ended} does not name {found.path}: {ended.err}"
    record = found.path.name == "run.json"  # each is looked at in the end
    if ended.code or found.state_of or record or chosen not in known:
        found.put_back()


def _damaged_meanwhile(world: World) -> None:
    command = _scene(world)
    kept: list[Damaged] = []

    def strike(_world: World, _victim: Victim) -> Lift:
        found = damage(world)
        kept.extend([found] if found else [])
        if found and found.state_of:
            world.excused.add(found.state_of)
        return lambda: None

    _befall(world, strike, command)
    for found in kept:
        _met(world, found)


def _secret(world: World) -> None:
    """Commands that show something are asked; a plan may be written out for people to read."""
    _scene(world)
    world.gate()
    checks.succeeded(world.pytg(*APPLY))
    world.write(world.estate.edited())
    unit = world.rng.choice(world.estate.units)
    commands = [
        ("output", unit.address),
        ("output", unit.address, "--json"),
        (*PLAN, "--json"),
        (*PLAN, "--per-unit"),
        (*PLAN, "--out", str(world.place / f"plans{world.started}")),
        ("explain", unit.address),
        ("graph",),
    ]
    for command in world.rng.sample(commands, 4):
        checks.succeeded(world.pytg(*command))
    checks.no_secrets(world)


def _foreign(world: World) -> None:
    """A run dies, somebody else writes a state: a recovery overwrites none of it."""
    _befall(world, kill("pytg", "terraform"), _scene(world))
    found = made_foreign(world)
    if found is None:
        return
    ended = world.pytg(*PLAN)
    checks.behaved(ended)
    assert FOREIGN in found.path.read_text(), f"{ended}: overwrote what somebody wrote: {ended.err}"
    if ended.code:
        assert found.path.parent.name in ended.err, f"{ended}: does not name the unit: {ended.err}"
        found.put_back()


def _race(world: World) -> None:
    """Several commands at once."""
    _scene(world)
    world.gate()
    unit = world.rng.choice(world.estate.units)
    commands = [
        PLAN,
        APPLY,
        DESTROY,
        (*APPLY, "--per-unit"),
        ("output", unit.address),
        ("unlock", unit.address, "6f1c8f3a-6d3c-6a2b-5d0e-0a8f3d2b7c55"),
        ("validate",),
        ("locks", *SELECTED),
        ("apply", "--module", unit.name, "--yes"),
    ]
    chosen = world.rng.sample(commands, world.rng.randint(2, 4))
    victims = [world.start(*command) for command in chosen]
    for victim in victims:
        checks.behaved(world.end(victim))


KINDS: Mapping[str, Callable[[World], None]] = {
    "kill": struck(any_kill),
    "signal": struck(any_signal),
    "kill again": struck(any_kill, any_signal),
    "stop": struck(always(stop)),
    "full disk": struck(always(full), always(full_and_killed)),
    "immutable": struck(always(immutable)),
    "damage": _damaged,
    "kill once more": struck(any_kill),
    "damage meanwhile": _damaged_meanwhile,
    "race": _race,
    "foreign": _foreign,
    "secret": _secret,
    "edit": struck(always(edit)),
    "removed": struck(always(remove(".pytg/composed")), always(remove(".pytg/runs"))),
}
