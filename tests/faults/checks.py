"""What must hold after each command, after recovery, and at the end of a round."""

from __future__ import annotations

import json
import re
from pathlib import Path

from faults.estate import ENVIRONMENT
from faults.world import Ended, World, gone
from pytg.record.reader import load
from pytg.record.run import Result
from pytg.recovery.composed_directory import COMPOSED, DOCUMENTS, PLANS
from pytg.recovery.unrecorded import IN_FLIGHT
from pytg.state.backups import BACKUPS

DOCUMENTED = frozenset({0, 1, 2, 3, 4, 5, 6, 130})
UNEXPECTED = ("Traceback", "it is a bug in pytg", "panic:")
_NAMED = re.compile(rf"{ENVIRONMENT}/(\w+) (terraform_data\.\w+(?:\[\d+\])?)")


def behaved(ended: Ended, *, killed: bool = False) -> None:
    """It ended as documented, unless something `killed` it."""
    for word in UNEXPECTED:
        assert word not in ended.err, f"{ended}: {ended.err}"
    assert killed or ended.code in DOCUMENTED, f"{ended}: {ended.err}"


def succeeded(ended: Ended, code: int = 0) -> None:
    behaved(ended)
    assert ended.code == code, f"{ended}, not {code}: {ended.out[-2000:]}{ended.err}"


def learn_names(world: World) -> None:
    """Keep what has been named until now: what may exist and is in no state."""
    for ended in world.said:
        world.named |= {":".join(found) for found in _NAMED.findall(ended.err)}
    for record in set(world.records()) - world.runs:
        try:
            units = json.loads((record / "run.json").read_bytes())["units"]
            for address, unit in units.items():
                world.named |= {f"{_unit(address)}:{n}" for n in unit["unknown_resources"]}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
    try:
        remembered = json.loads((world.root / IN_FLIGHT).read_bytes())
        for address, names in remembered.items():
            world.named |= {f"{_unit(address)}:{name}" for name in names}
    except (OSError, ValueError, AttributeError):
        pass


def nothing_lost(world: World) -> None:
    """What exists is in a state or was named."""
    learn_names(world)
    stored = world.stored()
    lost = {
        name: identity
        for identity, name in world.exists().items()
        if identity not in stored
        and name not in world.named
        and name.partition(":")[0] not in world.excused
    }
    assert not lost, f"exist, are in no state and were not named: {lost}"


def recovers(world: World, *plan: str) -> None:
    """A plan works, and changes states only as far as a dead run left them; each has a backup."""
    if any("--per-unit" in ended.arguments for ended in world.said):
        gone(world.processes())  # a Terraform of a unit's own writes the state to its end
    before = world.whole_states()
    succeeded(world.pytg(*plan))
    nothing_lost(world)
    kept = {file.read_bytes() for file in (world.root / BACKUPS).rglob("*.tfstate")}
    for file, body in before.items():
        overwritten = file.read_bytes() != body and body not in kept
        assert not overwritten, f"{file.parent.name}: overwritten, and no backup is kept"


def applied(world: World) -> None:
    """Each resource of the configuration is in a state, once."""
    nothing_lost(world)
    stored = sorted(world.stored().values())
    assert stored == sorted(world.estate.resources()), f"in states: {stored}"


def destroyed(world: World) -> None:
    """No state holds anything."""
    nothing_lost(world)
    assert not world.stored(), f"still in states: {world.stored()}"


def left_nothing(world: World) -> None:
    """No process, journal, plan, lock or open record, and no secret outside of states."""
    left = gone(world.processes())
    assert not left, f"still there: {[p.cmdline() for p in left]}"
    journals = list((world.root / COMPOSED).glob("*/journal.json"))
    assert not journals, f"left: {journals}"
    plans = [f for name in (PLANS, DOCUMENTS) for f in (world.root / COMPOSED).glob(f"*/{name}")]
    assert not plans, f"plans, which hold secrets in clear, are left: {plans}"
    locks = world.pytg("locks", "--env", "dev", "--json")
    succeeded(locks)
    assert json.loads(locks.out) == {"locks": []}, locks.out
    for record in set(world.records()) - world.runs:
        assert load(record).result is not Result.RUNNING, f"{record}: still open"
    no_secrets(world)


def no_secrets_told(world: World) -> None:
    """No command has printed a sensitive value."""
    for ended in world.said:
        text = ended.out + ended.err
        assert not any(s in text for s in world.estate.secrets()), f"{ended} shows a secret"


def no_secrets(world: World) -> None:
    """No sensitive value outside of states; what holds one is its owner's alone."""
    no_secrets_told(world)
    secrets = [secret.encode() for secret in world.estate.secrets()]
    for file in world.changed_files():
        body = file.read_bytes()
        if any(secret in body for secret in secrets):
            name = file.relative_to(world.place)
            assert _is_state(file), f"{name} holds a secret"
            assert not file.stat().st_mode & 0o077, f"{name} is readable by others"


def _is_state(file: Path) -> bool:
    """A unit's state, what Terraform and pytg keep beside it, or a backup of one."""
    return not {"state", "backups"}.isdisjoint(file.parts) and ".tfstate" in file.name


def _unit(address: str) -> str:
    return address.rpartition("/")[2]
