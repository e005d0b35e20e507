"""Composed, per unit, plain Terraform in unit roots and on one root made by hand: the same.

A short part of what `make differential` does: the same examples at every run, so that a failure is
one of the change at hand. DIFFERENTIAL_EXAMPLES and DIFFERENTIAL_SEED ask for more and for others.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from differential.guards import GUARDS, ROOTS, noticed
from differential.play import COMPOSED, FAILING, SHORT, WAYS, Scenario, failing, play, scenarios
from differential.sample import failures, sample

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("DIFFERENTIAL_EXAMPLES", "0"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "0"))
# kinds of part that fail: by themselves, by what they read, and by what only the apply shows
GROUPS = (
    ("validated", "no_file", "exits"),
    ("two", "no_index", "afterwards"),
    ("judged", "before", "late"),
    ("negative", "twice", "no_attribute"),
    ("strict", "no_data", "numbered"),
    ("held", "watched", "redundant"),
    ("garbled", "exits", "before"),
)
EDITS = 2 if EXAMPLES else 1
# a failing example is a whole estate: shrinking it costs hours, and its files are kept
CHOSEN = settings(
    deadline=None,
    database=None,
    derandomize=not EXAMPLES,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_feature_at_once_in_every_way(tmp_path: Path) -> None:
    play(Scenario(sample()), tmp_path, ways=SHORT)


@seed(SEED)
@settings(CHOSEN, max_examples=EXAMPLES or 2)
@given(scenarios(EDITS))
def test_one_plan_is_that_of_a_root_made_by_hand(scenario: Scenario) -> None:
    play(scenario, ways=COMPOSED)


@seed(SEED + 1)
@settings(CHOSEN, max_examples=EXAMPLES or 1)
@given(scenarios(EDITS))
def test_all_ways_agree(scenario: Scenario) -> None:
    play(scenario, ways=WAYS if EXAMPLES else SHORT, destroy=bool(EXAMPLES))


@pytest.mark.skipif(not EXAMPLES, reason="what fails by chance: make differential")
@seed(SEED + 2)
@settings(CHOSEN, max_examples=EXAMPLES or 1)
@given(failing(EDITS))
def test_failures_are_the_same_in_every_way(scenario: Scenario) -> None:
    play(scenario, ways=FAILING, destroy=True)


@pytest.mark.parametrize("kinds", GROUPS if EXAMPLES else GROUPS[:1], ids=",".join)
def test_what_fails_is_told_and_blamed_alike(kinds: tuple[str, ...], tmp_path: Path) -> None:
    ways = FAILING if EXAMPLES else ROOTS
    play(Scenario(failures(*kinds)), tmp_path, ways=ways, destroy=bool(EXAMPLES))


@pytest.mark.parametrize(
    "name",
    [
        "a split state keeps the composed addresses",
        "numbers pass through a float",
        "values from outside lose their types",
    ],
)
def test_a_guard_that_is_out_is_noticed(name: str, tmp_path: Path) -> None:
    assert noticed(name, tmp_path)


def test_with_every_guard_in_there_is_nothing_to_notice(tmp_path: Path) -> None:
    """What shows that a guard is out agrees while it is in."""
    shown = [kind for _, found, _ in GUARDS.values() for kind in found]
    kinds = tuple(sorted({kind for kind in shown if isinstance(kind, str)}))
    play(Scenario(sample(kinds)), tmp_path, ways=COMPOSED)
