"""Batch replication of existing objects: which prefixes in which wave, and the job of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docmig import keys

MOST_PREFIXES = 100  # of one job: keeps a wave readable
FIRST_TIME = ("NONE", "FAILED")
RETRY = ("FAILED",)


@dataclass(frozen=True, slots=True, order=True)
class PrefixLoad:
    """What lies below a prefix."""

    prefix: str
    objects: int
    size: int


@dataclass(frozen=True, slots=True)
class Wave:
    """Prefixes that one job copies."""

    number: int
    loads: tuple[PrefixLoad, ...]

    @property
    def prefixes(self) -> tuple[str, ...]:
        return tuple(load.prefix for load in self.loads)

    @property
    def objects(self) -> int:
        return sum(load.objects for load in self.loads)

    @property
    def size(self) -> int:
        return sum(load.size for load in self.loads)

    def as_dict(self) -> dict[str, Any]:
        return {
            "wave": self.number,
            "prefixes": list(self.prefixes),
            "objects": self.objects,
            "bytes": self.size,
        }


def plan(loads: Iterable[PrefixLoad], *, most_objects: int, most_bytes: int) -> tuple[Wave, ...]:
    """Every prefix in exactly one wave, in order; a prefix above the bounds has one of its own.

    Raises ValueError where one prefix contains another: its objects would be copied twice.
    """
    ordered = sorted(load for load in loads if load.objects)
    for first, second in itertools.pairwise(ordered):
        if second.prefix.startswith(first.prefix):
            raise ValueError(f"prefix {first.prefix!r} contains {second.prefix!r}")
    waves: list[Wave] = []
    current: list[PrefixLoad] = []
    for load in ordered:
        if current and not _fits([*current, load], most_objects, most_bytes):
            waves.append(Wave(len(waves) + 1, tuple(current)))
            current = []
        current.append(load)
    if current:
        waves.append(Wave(len(waves) + 1, tuple(current)))
    return tuple(waves)


def _fits(loads: Sequence[PrefixLoad], most_objects: int, most_bytes: int) -> bool:
    return (
        len(loads) <= MOST_PREFIXES
        and sum(load.objects for load in loads) <= most_objects
        and sum(load.size for load in loads) <= most_bytes
    )


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Where a job runs and reports. ARNs; `partition` and account are in them."""

    account_id: str
    documents_arn: str
    ops_arn: str
    role_arn: str


def job_request(
    place: JobPlace,
    *,
    migration_id: str,
    wave: int,
    prefixes: Sequence[str],
    statuses: Sequence[str] = FIRST_TIME,
    created_before: datetime | None = None,
    priority: int = 10,
    report_all: bool = False,
    attempt: int = 1,
) -> dict[str, Any]:
    """Arguments of CreateJob. The token depends on nothing else, so a repeat starts no second job.

    `attempt`: 2 and more after a job that has ended in vain.

    Statuses NONE and FAILED only: a job over COMPLETED or REPLICA would copy everything again.
    """
    if not prefixes:
        raise ValueError("a wave names its prefixes: without one the job takes the whole bucket")
    again = (f"attempt-{attempt}",) if attempt > 1 else ()
    moment = created_before.isoformat() if created_before else ""
    token = keys.token(
        migration_id, place.documents_arn, str(wave), *prefixes, *statuses, moment, *again
    )
    folder = f"batch/{migration_id}/wave-{wave:05d}"
    constraint: dict[str, Any] = {
        "EligibleForReplication": True,
        "ObjectReplicationStatuses": list(statuses),
        "KeyNameConstraint": {"MatchAnyPrefix": list(prefixes)},
    }
    if created_before:
        constraint["CreatedBefore"] = created_before
    return {
        "AccountId": place.account_id,
        "ConfirmationRequired": False,
        "Operation": {"S3ReplicateObject": {}},
        "Priority": priority,
        "RoleArn": place.role_arn,
        "ClientRequestToken": token,
        "Description": f"{migration_id}: wave {wave}",
        "ManifestGenerator": {
            "S3JobManifestGenerator": {
                "ExpectedBucketOwner": place.account_id,
                "SourceBucket": place.documents_arn,
                "EnableManifestOutput": True,
                "ManifestOutputLocation": {
                    "ExpectedManifestBucketOwner": place.account_id,
                    "Bucket": place.ops_arn,
                    "ManifestPrefix": f"{folder}/manifest",
                    "ManifestFormat": "S3InventoryReport_CSV_20211130",
                },
                "Filter": constraint,
            }
        },
        "Report": {
            "Enabled": True,
            "Bucket": place.ops_arn,
            "Prefix": f"{folder}/report",
            "Format": "Report_CSV_20180820",
            "ReportScope": "AllTasks" if report_all else "FailedTasksOnly",
        },
    }


def status_of(job: Mapping[str, Any]) -> str:
    """A job's status; one that found nothing to copy is `Complete`, which S3 calls a failure."""
    reasons = [str(reason.get("FailureReason", "")) for reason in job.get("FailureReasons") or ()]
    if job["Status"] == "Failed" and any("no keys matching" in text.lower() for text in reasons):
        return "Complete"
    return str(job["Status"])


@dataclass(frozen=True, slots=True)
class Progress:
    """Of a job, as DescribeJob tells it."""

    status: str
    total: int
    succeeded: int
    failed: int

    @property
    def ended(self) -> bool:
        return self.status in ("Complete", "Cancelled", "Failed")

    @property
    def in_vain(self) -> bool:
        """It will copy nothing more, and did not get through its manifest."""
        return self.status in ("Cancelled", "Failed")

    @property
    def clean(self) -> bool:
        """Complete, and no object was left out."""
        return self.status == "Complete" and not self.failed and self.succeeded == self.total
