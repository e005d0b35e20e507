"""Rounds of crashes, damage and races in which nothing is lost.

A short part of what `make faults` does: the same rounds at every run, so that a failure is one of
the change at hand. FAULTS_ROUNDS and FAULTS_SEED ask for more and for others, FAULTS_ROUND for
those of one world, such as "16 17 18".
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.guards import noticed
from faults.rounds import SERIES, rounds

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "40"))
SEED = int(os.environ.get("FAULTS_SEED", "0"))
THESE = [int(number) for number in os.environ.get("FAULTS_ROUND", "").split()]
KEEP = os.environ.get("FAULTS_KEEP")
PARTS = 2  # one a core: rounds wait for each other's files as little as for a clock
SHOWN = 5


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost(part: int, tmp_path: Path) -> None:
    where = Path(KEEP) if KEEP else tmp_path
    if THESE:
        failed = list(rounds(SEED, THESE, where, together=len(THESE)) if part == 0 else ())
    else:
        numbers = [n for n in range(ROUNDS) if n // SERIES % PARTS == part]
        failed = list(rounds(SEED, numbers, where))
    assert not failed, f"{len(failed)} rounds failed\n" + "\n\n".join(failed[:SHOWN])


def test_a_guard_that_is_out_is_noticed(tmp_path: Path) -> None:
    found = noticed("locks are not released", tmp_path)
    assert '"locks": [' in found, found
