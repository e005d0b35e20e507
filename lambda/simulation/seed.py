"""How long the seed takes: waves of batch replication over a line of some speed, with failures."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from docmig.waves import PrefixLoad, Progress, Wave, plan

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Line:
    """What limits a wave: bits a second, and objects a second."""

    gbps: float = 10.0
    objects_per_second: float = 1000.0

    def seconds(self, objects: int, size: int) -> float:
        return max(size * 8 / (self.gbps * 1e9), objects / self.objects_per_second)


@dataclass(frozen=True, slots=True)
class Seed:
    """`attempts`: jobs a wave, the first included. `left`: objects that no job copied."""

    waves: int
    jobs: int
    seconds: float
    objects: int
    size: int
    most_attempts: int
    left: int

    @property
    def days(self) -> float:
        return self.seconds / DAY


def loads(random: Random, *, prefixes: int, objects: int, size: int) -> list[PrefixLoad]:
    """Uneven prefixes that add up to `objects` and `size` (bytes) exactly."""
    weights = [random.paretovariate(1.5) for _ in range(prefixes)]
    counts, sizes = _shares(weights, objects), _shares(weights, size)
    return [
        PrefixLoad(f"{number:05d}/", count, share)
        for number, (count, share) in enumerate(zip(counts, sizes, strict=True))
    ]


def _shares(weights: list[float], total: int) -> list[int]:
    whole = sum(weights)
    parts = [int(total * weight / whole) for weight in weights]
    parts[-1] += total - sum(parts)
    return parts


def run(
    random: Random, parts: list[PrefixLoad], line: Line, *, failing: float, overhead: float = 900.0
) -> Seed:
    """One wave after the other; each repeated over its failed objects until it is clean.

    `failing`: share of objects that a job leaves out. `overhead`: seconds a job, for its manifest.
    """
    waves = plan(parts, most_objects=1_000_000, most_bytes=50 * 1024**4)
    seconds, jobs, most, done = 0.0, 0, 0, 0
    for wave in waves:
        attempts, took, copied = _wave(random, wave, line, failing, overhead)
        seconds, jobs, most, done = (
            seconds + took,
            jobs + attempts,
            max(most, attempts),
            done + copied,
        )
    objects = sum(wave.objects for wave in waves)
    size = sum(wave.size for wave in waves)
    return Seed(len(waves), jobs, seconds, objects, size, most, objects - done)


def _wave(
    random: Random, wave: Wave, line: Line, failing: float, overhead: float
) -> tuple[int, float, int]:
    left, attempts, seconds = wave.objects, 0, 0.0
    while attempts < 10:  # noqa: PLR2004  # then a person looks at it
        attempts += 1
        seconds += overhead + line.seconds(left, wave.size * left // wave.objects)
        failed = _binomial(random, left, failing)
        progress = Progress("Complete", left, left - failed, failed)
        left = failed
        if progress.clean:
            break
    return attempts, seconds, wave.objects - left


def _binomial(random: Random, number: int, share: float) -> int:
    mean, spread = number * share, (number * share * (1 - share)) ** 0.5
    return min(number, max(0, round(random.gauss(mean, spread))))
