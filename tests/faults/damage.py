"""Files of `.pytg` that are damaged or gone, before a run or while it works."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faults.world import Ended, World
from pytg.recovery.composed_directory import COMPOSED

DAMAGE: Mapping[str, bytes | None] = {
    "removed": None,
    "empty": b"",
    "a list": b"[]",
    "an object": b"{}",
    "null": b"null",
    "bad bytes": b"\xff\xfe\x00\xff",
    "half": b"half",
    "one bad byte": b"bad",
}
FOREIGN = "foreign"
LEFT_ALONE = (".terraform", "plugins")


@dataclass(frozen=True)
class Damaged:
    """A file of which `before` was kept."""

    path: Path
    how: str
    before: bytes
    after: bytes | None

    def named_in(self, ended: Ended) -> bool:
        """Whether a command said which file that is."""
        return self.path.name in ended.err or self.path.parent.name in ended.err

    def put_back(self) -> None:
        """As a person would, from a backup; what pytg has meanwhile written or removed stays."""
        there = self.path.read_bytes() if self.path.exists() else None
        if there == self.after and (there is not None or self.path.parent.exists()):
            self.path.write_bytes(self.before)

    @property
    def state_of(self) -> str | None:
        """The unit whose own state it is."""
        own = "state" in self.path.parts and self.path.name == "terraform.tfstate"
        return self.path.parent.name if own else None

    @property
    def tells_in_flight(self) -> bool:
        """Whether it alone says what Terraform was at."""
        return self.path.name == "in-flight.json" or self.path.name.startswith("apply")


def damage(world: World) -> Damaged | None:
    """Damage a file of `.pytg`; None where there is none."""
    found = sorted(f for f in (world.root / ".pytg").rglob("*") if _may_be(f))
    if not found:
        return None
    weights = [3 if COMPOSED.name in f.parts or f.parent.name == ".pytg" else 1 for f in found]
    path = world.rng.choices(found, weights)[0]
    how = world.rng.choice(sorted(DAMAGE))
    before = path.read_bytes()
    after = _after(world, how, before)
    if after is None:
        path.unlink()
    else:
        path.write_bytes(after)
    world.step(f"damaged: {path.relative_to(world.root)}: {how}")
    return Damaged(path, how, before, after)


def made_foreign(world: World) -> Damaged | None:
    """Somebody imports a resource into a unit's state; None where there is no state."""
    found = sorted(world.whole_states().items())
    if not found:
        return None
    path, before = world.rng.choice(found)
    unit, state = path.parent.name, json.loads(before)
    instance = {"schema_version": 0, "attributes": {"id": FOREIGN}, "sensitive_attributes": []}
    state["resources"].append(
        {
            "module": f"module.{unit}",
            "mode": "managed",
            "type": "terraform_data",
            "name": FOREIGN,
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [instance],
        }
    )
    after = json.dumps(state | {"serial": state["serial"] + 1}).encode()
    path.write_bytes(after)
    world.step(f"imported: {unit}")
    return Damaged(path, "foreign", before, after)


def _may_be(file: Path) -> bool:
    return file.is_file() and not any(part in LEFT_ALONE for part in file.parts)


def _after(world: World, how: str, before: bytes) -> bytes | None:
    if how == "half":
        return before[: len(before) // 2]
    if how == "one bad byte":
        place = world.rng.randrange(len(before) + 1)
        return before[:place] + b"\xff" + before[place + 1 :]
    return DAMAGE[how]
