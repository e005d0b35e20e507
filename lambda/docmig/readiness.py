"""The checks before a cutover, and where the evidence of each lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docmig.gates import Check, Rule

DAY = 86_400.0
RULE_ID = "documents-to-peer"  # of the replication rules in modules/replication


@dataclass(frozen=True, slots=True)
class Metric:
    """A CloudWatch metric, read in `region`.

    `until_verified`: what it counted before the newest clean verification listed the documents of
    `region` was settled by that verification.
    """

    region: str
    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str]
    period: int = 60
    until_verified: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """1 while it is OK, 0 in every other state."""

    region: str
    name: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages, visible and in flight."""

    region: str
    url: str


@dataclass(frozen=True, slots=True)
class Verified:
    """An attribute of the newest finished verification."""

    attribute: str


@dataclass(frozen=True, slots=True)
class RunningJobs:
    """Batch jobs that have not ended."""

    region: str


@dataclass(frozen=True, slots=True)
class Locks:
    """State locks that somebody holds."""

    region: str
    table: str


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """1 for each recovery point, at the time it was made."""

    region: str
    resource_arn: str


@dataclass(frozen=True, slots=True)
class ActiveState:
    """1 while the control item says active and names `region`."""

    region: str


Probe = Metric | Alarm | Queue | Verified | RunningJobs | Locks | RecoveryPoint | ActiveState


@dataclass(frozen=True, slots=True)
class Names:
    """What the checks look at. Maps are by region."""

    environment: str
    namespace: str
    source: str
    target: str
    documents: Mapping[str, str]
    stream_consumers: Mapping[str, str]
    alarms: Mapping[str, str] = field(default_factory=dict)
    dead_letter_queues: tuple[Queue, ...] = ()
    recovery: tuple[RecoveryPoint, ...] = ()
    locks: Locks | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the checks; what is measured all the time must hold for `window_s` seconds."""

    window_s: float = 900.0
    lag_ms: float = 1000.0
    lag_points: int = 10
    pending_operations: float = 1000.0
    pending_growth: float = 0.0
    iterator_age_ms: float = 5000.0


def preflight(names: Names, limits: Limits) -> list[tuple[Check, Probe]]:
    """All checks of the cutover's gate, with names that stay the same between runs."""
    return [
        (Check("active-in-source", Rule.EQUAL, 1), ActiveState(names.source)),
        *_of_directions(names, limits),
        *_of_regions(names, limits),
        *_of_verification(),
        *_of_extras(names),
    ]


def _of_directions(names: Names, limits: Limits) -> Iterator[tuple[Check, Probe]]:
    window = limits.window_s
    for here, there in ((names.source, names.target), (names.target, names.source)):
        way = f"{here}-to-{there}"
        beat = {
            "environment": names.environment,
            "service": "heartbeat",
            "from_region": here,
            "to_region": there,
        }
        yield (
            Check(f"lag:{way}", Rule.AT_MOST, limits.lag_ms, window, limits.lag_points),
            Metric(here, names.namespace, "CrossRegionVisibleLagMs", "Maximum", beat),
        )
        rule = {
            "SourceBucket": names.documents[here],
            "DestinationBucket": names.documents[there],
            "RuleId": RULE_ID,
        }
        pending = Metric(there, "AWS/S3", "OperationsPendingReplication", "Maximum", rule)
        yield (
            Check(f"pending:{way}", Rule.AT_MOST, limits.pending_operations, window, max_age=600.0),
            pending,
        )
        yield (
            Check(
                f"pending-growth:{way}",
                Rule.NOT_GROWING,
                limits.pending_growth,
                window,
                max_age=600.0,
            ),
            pending,
        )
        failed = Metric(
            here, "AWS/S3", "OperationsFailedReplication", "Sum", rule, 300, until_verified=True
        )
        yield Check(f"failed:{way}", Rule.EQUAL, 0, window=DAY, max_age=600.0), failed


def _of_regions(names: Names, limits: Limits) -> Iterator[tuple[Check, Probe]]:
    for region in (names.source, names.target):
        function = {"FunctionName": names.stream_consumers[region]}
        yield (
            Check(f"iterator-age:{region}", Rule.AT_MOST, limits.iterator_age_ms, limits.window_s),
            Metric(region, "AWS/Lambda", "IteratorAge", "Maximum", function),
        )
        yield Check(f"jobs:{region}", Rule.EQUAL, 0), RunningJobs(region)
        yield (
            Check(f"alarms:{region}", Rule.EQUAL, 1),
            Alarm(region, names.alarms.get(region, "")),
        )


def _of_verification() -> Iterator[tuple[Check, Probe]]:
    for attribute, rule, limit in (
        ("mismatched", Rule.EQUAL, 0),
        ("checked", Rule.AT_LEAST, 1),
    ):
        check = Check(f"verification:{attribute}", rule, limit, window=DAY, max_age=DAY)
        yield check, Verified(attribute)


def _of_extras(names: Names) -> Iterator[tuple[Check, Probe]]:
    for queue in names.dead_letter_queues:
        name = queue.url.rpartition("/")[2]
        yield Check(f"dead-letters:{name}", Rule.EQUAL, 0), queue
    for point in names.recovery:
        check = Check(f"backup:{point.resource_arn}", Rule.AT_LEAST, 1, window=DAY, max_age=DAY)
        yield check, point
    if names.locks:
        yield Check("state-locks", Rule.EQUAL, 0), names.locks
