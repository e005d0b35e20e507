"""A scenario, an estate and its edits, played in all ways."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from differential.compare import at_its_turn, same_plans, same_states
from differential.edits import edited
from differential.estates import Estate, estates
from differential.ways import Hand, PerUnit, Pytg, Step, UnitRoots, Way

OUTSIDE = {
    "version": 4,
    "terraform_version": "1.11.0",
    "serial": 1,
    "lineage": "outside",
    "outputs": {
        "ami": {"value": "ami-1", "type": "string"},
        "third": {"value": 0, "type": "number"},
    },
    "resources": [],
    "check_results": None,
}
THIRD = "0.33333333333333333333333333333333333333333333333333"


@dataclass(frozen=True)
class Scenario:
    """An estate as it is first applied, and as it is after each edit."""

    estates: tuple[Estate, ...]


@st.composite
def scenarios(draw: st.DrawFn, edits: int = 1) -> Scenario:
    """An estate and `edits` edits of it."""
    found = [draw(estates())]
    for serial in range(edits):
        found.append(draw(edited(found[-1], serial + 1)))
    return Scenario(tuple(found))


def ways(root: Path) -> dict[str, Way]:
    """The four ways, each in a directory of its own below `root`."""
    outside = root / "outside"
    outside.mkdir(parents=True)
    text = json.dumps(OUTSIDE).replace('"value": 0', f'"value": {THIRD}')
    (outside / "one.tfstate").write_text(text)
    kinds: dict[str, type[Way]] = {
        "composed": Pytg,
        "per-unit": PerUnit,
        "roots": UnitRoots,
        "hand": Hand,
    }
    return {name: kind(root / name, outside) for name, kind in kinds.items()}


def play(scenario: Scenario, root: Path | None = None) -> None:
    """Apply each estate of `scenario` in all ways. Raises AssertionError with each difference."""
    place = root or Path(tempfile.mkdtemp(prefix="differential-"))
    made = ways(place)
    for number, estate in enumerate(scenario.estates):
        steps = {name: way.apply(estate) for name, way in made.items()}
        found = list(differences(steps))
        found += [f"{n}, again: {c}" for n, way in made.items() for c in way.changes(estate)]
        assert not found, f"step {number} in {place}:\n" + "\n".join(found)


def differences(steps: dict[str, Step]) -> Iterator[str]:
    """Where the ways differ after one estate was applied."""
    composed, turn = steps["composed"], steps["roots"]
    pairs = [
        ("composed and hand", same_plans(composed, steps["hand"])),
        ("per unit and unit roots", same_plans(steps["per-unit"], turn)),
        ("composed and unit roots", at_its_turn(composed, turn)),
        *((f"composed and {n}", same_states(composed, step)) for n, step in steps.items()),
    ]
    for names, found in pairs:
        yield from (f"{names}: {text}" for text in found)
