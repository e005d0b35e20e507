"""The simulator, small: the figures it prints come from the decisions that run in production."""

from __future__ import annotations

from random import Random

import pytest

from simulation import cutover, seed

TERABYTE = 10**12


def parts(random: Random) -> list[seed.PrefixLoad]:
    return seed.loads(random, prefixes=500, objects=10_000_000, size=500 * TERABYTE)


def test_the_seed_copies_everything_and_takes_at_least_what_the_line_needs() -> None:
    random = Random(1)  # noqa: S311  # no secret
    loads = parts(random)
    assert sum(load.objects for load in loads) == 10_000_000
    assert sum(load.size for load in loads) == 500 * TERABYTE
    made = seed.run(random, loads, seed.Line(gbps=1), failing=0.001)
    assert made.left == 0
    assert 46.2 < made.days < 48
    assert made.most_attempts > 1


def test_many_small_objects_take_what_the_object_rate_needs() -> None:
    line = seed.Line(gbps=100, objects_per_second=10)
    assert line.seconds(1000, 1) == 100


@pytest.mark.parametrize("number", range(4))
def test_a_cutover_and_a_rollback_under_load_lose_nothing(number: int) -> None:
    load = cutover.Load(writes_per_second=20, keys=50, tail_share=0.01)
    report = cutover.play(number, load, seconds=900, switch_at=[60, 500])
    assert report.switches == 2
    assert report.accepted > 1000
    assert report.refused > 0
    assert report.lost == 0
    assert report.fence_seconds > load.route_seconds


def test_without_routes_the_fence_is_shorter() -> None:
    load = cutover.Load(writes_per_second=5)
    slow = cutover.play(1, load, seconds=600, switch_at=[60])
    fast = cutover.play(1, cutover.quick(load), seconds=600, switch_at=[60])
    assert fast.fence_seconds < slow.fence_seconds
    assert fast.lost == slow.lost == 0
