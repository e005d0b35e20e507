"""A scenario, an estate and its edits, played in all ways."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from differential.compare import at_its_turn, out_of_order, same_plans, same_states, told_as_planned
from differential.edits import edited
from differential.estates import Estate, estates
from differential.pytg_ways import PerUnit, Pieces, Pytg
from differential.ways import Hand, Step, UnitRoots, Way

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


Ways = Mapping[str, type[Way]]
WAYS: Ways = {
    "composed": Pytg,
    "hand": Hand,
    "roots": UnitRoots,
    "per unit": PerUnit,
    "pieces": Pieces,
}
COMPOSED: Ways = {name: WAYS[name] for name in ("composed", "hand")}
ANYHOW = (
    ("per unit", "roots", same_plans),
    ("composed", "roots", at_its_turn),
    ("pieces", "roots", at_its_turn),
)
PAIRS = (("composed", "hand", same_plans), *ANYHOW)
STAGED = (("hand", "composed", at_its_turn), *ANYHOW)


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


def outside(root: Path) -> Path:
    """A directory with the state that no unit owns."""
    directory = root / "outside"
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(OUTSIDE).replace('"value": 0', f'"value": {THIRD}')
    (directory / "one.tfstate").write_text(text)
    return directory


def play(scenario: Scenario, root: Path | None = None, *, ways: Ways = WAYS) -> None:
    """Apply each estate of `scenario` in all ways. Raises AssertionError with each difference.

    Without `root` it is done in a directory (below DIFFERENTIAL_KEEP) that stays when it fails.
    """
    kept = os.environ.get("DIFFERENTIAL_KEEP")
    place = root or Path(tempfile.mkdtemp(prefix="differential-", dir=kept))
    made = {name: kind(place / name, outside(place)) for name, kind in ways.items()}
    seen = dict.fromkeys(made, 0)
    for number, estate in enumerate(scenario.estates):
        steps = {name: way.apply(estate) for name, way in made.items()}
        found = list(differences(steps))
        for name, way in made.items():
            new = steps[name].log[seen[name] :]
            found += [f"{name}: {t}" for t in out_of_order(estate, new) if name != "hand"]
            found += [f"{name}, again: {change}" for change in way.changes(estate)]
            seen[name] = len(steps[name].log)
        assert not found, f"step {number} in {place}:\n" + "\n".join(found)
    if root is None:
        shutil.rmtree(place)


def differences(steps: Mapping[str, Step]) -> Iterator[str]:
    """Where the ways differ after one estate was applied.

    Where the composed run has stages or rounds, what is planned in a later one knows more.
    """
    staged = steps["composed"].processes > 1 if "composed" in steps else False
    for one, other, compare in STAGED if staged else PAIRS:
        if one in steps and other in steps:
            found = compare(steps[one], steps[other])
            yield from (f"{one} and {other}: {text}" for text in found)
    first, *others = steps
    for other in others:
        found = same_states(steps[first], steps[other])
        yield from (f"{first} and {other}: {text}" for text in found)
    for name, step in steps.items():
        yield from (f"{name}: {text}" for text in told_as_planned(step) if name == "composed")
