"""Figures of the migration: 500 TB, 10 M documents. In lambda/: python -m simulation."""

from __future__ import annotations

import argparse
from random import Random

from simulation import cutover
from simulation import seed as seeding

TERABYTE = 10**12


def main() -> None:
    """Print a table of seeds and one of cutovers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers")
    parser.add_argument("--terabytes", type=int, default=500)
    parser.add_argument("--objects", type=int, default=10_000_000)
    parser.add_argument("--failing", type=float, default=0.001, help="share of objects a job")
    options = parser.parse_args()
    random = Random(options.seed)  # noqa: S311  # no secret
    parts = seeding.loads(
        random, prefixes=2000, objects=options.objects, size=options.terabytes * TERABYTE
    )
    print(f"seed of {options.terabytes} TB in {options.objects} objects")  # noqa: T201 - a command line
    for gbps in (1, 5, 10, 20, 40):
        made = seeding.run(random, parts, seeding.Line(gbps), failing=options.failing)
        print(  # noqa: T201 - a command line
            f"  {gbps:>3} Gbps: {made.days:6.1f} days, {made.waves} waves, {made.jobs} jobs, "
            f"at most {made.most_attempts} a wave, {made.left} objects left"
        )
    print("cutover and rollback under load, metadata fenced")  # noqa: T201 - a command line
    for rate in (10, 50, 200):
        load = cutover.Load(writes_per_second=rate)
        for name, chosen in (("with routes", load), ("metadata only", cutover.quick(load))):
            report = cutover.play(options.seed, chosen, seconds=1500, switch_at=[300, 900])
            print(  # noqa: T201 - a command line
                f"  {rate:>3} writes/s, {name:<13}: {report.accepted} accepted, "
                f"{report.lost} lost, {report.switches} switches, {report.crashes} crashes, "
                f"fence {report.fence_seconds:.0f} s, {report.refused} repeated; lag average "
                f"{report.lag.average_ms:.0f}, p99 {report.lag.p99_ms:.0f}, "
                f"maximum {report.lag.maximum_ms:.0f} ms"
            )


if __name__ == "__main__":
    main()
