"""What the ways saw of one estate after another, and where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from differential.compare import (
    as_alone,
    at_its_turn,
    same_plans,
    same_states,
    told_as_planned,
    waits,
)
from differential.ends import OK, READ, End, ends_alike, same_ends, same_whole
from differential.estates import Estate
from differential.ways import Step

Steps = Mapping[str, Step]
Compare = Callable[[Step, Step], Iterator[str]]

ANYHOW = (
    ("per unit", "roots", same_plans),
    ("composed", "roots", as_alone),
    ("pieces", "roots", as_alone),
)
PAIRS = (("composed", "hand", same_plans), *ANYHOW)
STAGED = (("hand", "composed", at_its_turn), *ANYHOW)
WAITING = (("composed", "hand", at_its_turn), *ANYHOW)
# with the two in which each unit is planned alone at its turn
ENDS: Mapping[str, Callable[[End, End], Iterator[str]]] = {
    "composed": ends_alike,
    "per unit": same_ends,
}


class History:
    """The ways from the first estate on: a run that fails leaves states that need not be alike."""

    def __init__(self) -> None:
        self._apart: set[tuple[str, str]] = set()
        self._read: dict[str, int] = {}

    def differences(self, estate: Estate, steps: Steps) -> Iterator[str]:
        """Where the ways differ after `estate` was applied, or was not in all of them."""
        well = all(step.whole.status == OK for step in steps.values())
        pairs = self._after_success(steps) if well else self._after_failure(estate, steps)
        yield from pairs
        if "composed" in steps:
            yield from (f"composed: {text}" for text in told_as_planned(steps["composed"]))
        apart = () if well else combinations(steps, 2)
        if not well or self._apart:
            self._read = {name: len(step.log) for name, step in steps.items()}
        self._apart = {p for p in apart if any(same_states(steps[p[0]], steps[p[1]]))}
        self._apart |= {(other, one) for one, other in self._apart}

    def _after_success(self, steps: Steps) -> Iterator[str]:
        for one, other, compare in _pairs(steps):
            if {one, other} <= {*steps} and (one, other) not in self._apart:
                yield from self._pair(steps, one, other, compare)
        first, *others = steps
        for other in others:
            yield from self._pair(steps, first, other, same_states)
            left, right = self._new(first, steps), self._new(other, steps)
            if left != right and not self._apart and other != "picked":
                yield f"provisioners of {first} and {other}: {left} and {right}"
        if not self._apart:
            yield from self._ends(steps)

    def _after_failure(self, estate: Estate, steps: Steps) -> Iterator[str]:
        yield from self._ends(steps)
        for name in {*ENDS} & {*steps} if "roots" in steps else ():
            if (name, "roots") not in self._apart:
                yield from self._pair(steps, name, "roots", _same_where_alike)
        isolated = any(module.isolate for module in estate.modules)
        whole = {"composed", "hand"} <= {*steps} and not isolated and not self._apart
        if whole and steps["hand"].whole.phase != READ:  # without one module there is no root
            many, hand = steps["composed"], steps["hand"]
            found = same_whole(many.whole, hand.whole)
            yield from (f"composed and hand: {text}" for text in found)
            if many.whole.phase == "apply" and many.processes == 1:
                yield from self._pair(steps, "composed", "hand", same_states)

    def _ends(self, steps: Steps) -> Iterator[str]:
        for name, compare in ENDS.items():
            if {name, "roots"} <= {*steps} and (name, "roots") not in self._apart:
                for unit, alone in steps["roots"].ends.items():
                    found = compare(steps[name].ends[unit], alone)
                    yield from (f"{name} and roots: {unit.call}: {text}" for text in found)

    def _pair(self, steps: Steps, one: str, other: str, compare: Compare) -> Iterator[str]:
        found = compare(steps[one], steps[other])
        yield from (f"{one} and {other}: {text}" for text in found)

    def _new(self, name: str, steps: Steps) -> list[str]:
        new = steps[name].log[self._read.get(name, 0) :]
        return sorted(line for line in new if not line.startswith("- "))  # what went may do so now


def _pairs(steps: Steps) -> Sequence[tuple[str, str, Compare]]:
    """Who is held against whom.

    Where the composed run has stages or rounds, what is planned later knows more; where data of
    a new unit waits for what comes before, which the root made by hand does not say, it knows less.
    """
    if "composed" not in steps:
        return PAIRS
    staged, waiting = steps["composed"].processes > 1, waits(steps["composed"])
    if staged and waiting:
        return ANYHOW
    return STAGED if staged else WAITING if waiting else PAIRS


def _same_where_alike(one: Step, other: Step) -> Iterator[str]:
    """How the states differ of units that ended well in both, or failed in the same phase."""
    both = {u for u, end in one.ends.items() if _alike(end, other.ends[u])}
    left, right = (
        replace(step, states={u: part for u, part in step.states.items() if u in both})
        for step in (one, other)
    )
    return same_states(left, right)


def _alike(one: End, other: End) -> bool:
    return (one.status, one.phase) == (other.status, other.phase) and one.status != "skipped"
