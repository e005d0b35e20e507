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

from differential.compare import destroyed_out_of_order, out_of_order
from differential.edits import edited, mended
from differential.ends import OK
from differential.estates import Estate, estates
from differential.history import History
from differential.leaving import held
from differential.plain_ways import Hand, UnitRoots
from differential.pytg_ways import PerUnit, Picked, Pieces, Pytg
from differential.ways import Way, project_states

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
    "picked": Picked,
}
SEQUELS = ("pieces", "picked")
# an upstream that failed has its old outputs for who is planned by itself: no way among these
FAILING: Ways = {name: way for name, way in WAYS.items() if name not in SEQUELS}
SHORT: Ways = {name: way for name, way in WAYS.items() if name != "picked"}
COMPOSED: Ways = {name: WAYS[name] for name in ("composed", "hand")}


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


@st.composite
def failing(draw: st.DrawFn, edits: int = 1) -> Scenario:
    """An estate and edits of it that may fail; at the end, the last one with all of it mended."""
    found = [draw(estates(faulty=True))]
    for serial in range(edits):
        found.append(draw(edited(found[-1], serial + 1)))
    return Scenario((*found, mended(found[-1])))


def outside(root: Path) -> Path:
    """A directory with the state that no unit owns."""
    directory = root / "outside"
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(OUTSIDE).replace('"value": 0', f'"value": {THIRD}')
    (directory / "one.tfstate").write_text(text)
    return directory


def play(
    scenario: Scenario, root: Path | None = None, *, ways: Ways = WAYS, destroy: bool = False
) -> None:
    """Apply each estate of `scenario` in all ways. Raises AssertionError with each difference.

    With `destroy` the last one is destroyed then, where nothing is held and nothing has failed.

    Without `root` it is done in a directory (below DIFFERENTIAL_KEEP) that stays when it fails.
    """
    kept = os.environ.get("DIFFERENTIAL_KEEP")
    place = root or Path(tempfile.mkdtemp(prefix="differential-", dir=kept))
    made = {name: kind(place / name, outside(place)) for name, kind in ways.items()}
    seen = dict.fromkeys(made, 0)
    history = History()
    before = scenario.estates[0]
    for number, estate in enumerate(scenario.estates):
        for way in made.values():
            way.leave(before, before.gone(estate), estate.destroyed)
        before = estate
        steps = {name: way.apply(estate) for name, way in made.items()}
        found = list(history.differences(estate, steps))
        for name, way in made.items():
            new = steps[name].log[seen[name] :]
            found += [f"{name}: {t}" for t in out_of_order(estate, new) if name != "hand"]
            again = way.changes(estate) if steps[name].whole.status == OK else []
            found += [f"{name}, again: {change}" for change in again]
            seen[name] = len(steps[name].log)
        assert not found, f"step {number} in {place}:\n" + "\n".join(found)
    well = all(step.whole.status == OK for step in steps.values())
    if destroy and well and not held(before):
        found = [text for name, way in made.items() for text in _undone(name, way, before)]
        assert not found, f"destroyed in {place}:\n" + "\n".join(found)
    if root is None:
        shutil.rmtree(place)


def _undone(name: str, way: Way, estate: Estate) -> Iterator[str]:
    """What is wrong with a destroy of all."""
    seen = len(way.log)
    way.destroy(estate)
    if name != "hand":
        yield from (f"{name}: {t}" for t in destroyed_out_of_order(estate, way.log[seen:]))
    for unit, part in project_states(way.root, estate).items():
        if left := part.document.get("resources"):
            yield f"{name}: {unit.call} still has {left}"
