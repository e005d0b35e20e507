"""S3 Batch Replication: jobs that copy what was there before a rule.

A job takes object versions, not delete markers. Its copies go through the same queue as live
replication, so lag and pauses hold for them too.
"""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from moto.s3 import models

from pytg_sandbox.replication import Channel
from pytg_sandbox.s3_manifest import Facts, parse_filter
from pytg_sandbox.s3_rules import Rule, chosen
from pytg_sandbox.services import State
from pytg_sandbox.services.s3_replication import (
    find_bucket,
    replicate,
    rules_of,
    status_of,
    tags_of,
)

Outcome = tuple[models.FakeKey, bool, str]


class JobRefusedError(Exception):
    """A request that S3 refuses; the message says why."""


@dataclass
class Job:
    """One job. `request` is the CreateJob request, with the API's names."""

    account: str
    region: str
    request: dict[str, Any]
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "New"
    priority: int = 0
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    reason: str = ""
    total: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The job as ListJobs shows it."""
        operation = next(iter(self.request["Operation"]), "")
        return {**self._common(), "Operation": operation}

    def description(self) -> dict[str, Any]:
        """The job as DescribeJob shows it."""
        arn = f"arn:aws:s3:{self.region}:{self.account}:job/{self.identity}"
        return {
            **self._common(),
            "JobArn": arn,
            "Operation": self.request["Operation"],
            "ConfirmationRequired": bool(self.request.get("ConfirmationRequired")),
            "RoleArn": self.request.get("RoleArn"),
            "Report": self.request.get("Report"),
            "ManifestGenerator": self.request.get("ManifestGenerator"),
            "StatusUpdateReason": self.reason or None,
            "FailureReasons": self.failures,
        }

    def _common(self) -> dict[str, Any]:
        good = sum(1 for _, copied, _ in self.outcomes if copied)
        return {
            "JobId": self.identity,
            "Description": self.request.get("Description"),
            "Status": self.status,
            "Priority": self.priority,
            "CreationTime": self.created,
            "TerminationDate": self.ended,
            "ProgressSummary": {
                "TotalNumberOfTasks": self.total,
                "NumberOfTasksSucceeded": good,
                "NumberOfTasksFailed": len(self.outcomes) - good,
            },
        }


class BatchJobs:
    """All jobs, by account."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._jobs: dict[str, dict[str, Job]] = {}
        self._tokens: dict[tuple[str, str], str] = {}

    def forget(self) -> None:
        """Know no job any more."""
        self._jobs.clear()
        self._tokens.clear()

    def of(self, account: str) -> list[Job]:
        """The jobs of an account, youngest first."""
        return list(reversed(self._jobs.get(account, {}).values()))

    def get(self, account: str, identity: str) -> Job | None:
        """One job."""
        return self._jobs.get(account, {}).get(identity)

    def create(self, account: str, region: str, request: dict[str, Any]) -> Job:
        """Create a job; the same ClientRequestToken gives the same job again."""
        token = (account, str(request.get("ClientRequestToken")))
        if identity := self._tokens.get(token):
            return self._jobs[account][identity]
        if list(request["Operation"]) != ["S3ReplicateObject"]:
            raise NotImplementedError(f"the batch operation {next(iter(request['Operation']))}")
        if not (request.get("ManifestGenerator") or {}).get("S3JobManifestGenerator"):
            raise JobRefusedError("S3ReplicateObject needs an S3JobManifestGenerator here")
        job = Job(account, region, request, priority=int(request.get("Priority") or 0))
        self._jobs.setdefault(account, {})[job.identity] = job
        self._tokens[token] = job.identity
        if request.get("ConfirmationRequired"):
            job.status = "Suspended"
        else:
            self._start(job)
        return job

    def update_status(self, job: Job, wanted: str, reason: str) -> None:
        """Cancel a job, or confirm one that waits for it."""
        if job.status in {"Complete", "Failed", "Cancelled"}:
            raise JobRefusedError(f"the job is {job.status}")
        job.reason = reason
        if wanted == "Cancelled":
            _end(job, "Cancelled")
        elif job.status == "Suspended":
            self._start(job)

    def _start(self, job: Job) -> None:
        generator = job.request["ManifestGenerator"]["S3JobManifestGenerator"]
        bucket = find_bucket(generator["SourceBucket"].partition(":::")[2])
        rules = rules_of(bucket) if bucket else []
        if bucket is None or not rules:
            job.failures.append(
                {
                    "FailureCode": "ManifestGenerationFailed",
                    "FailureReason": "the source bucket has no replication configuration",
                }
            )
            _end(job, "Failed")
            return
        tasks = _manifest(bucket, rules, generator.get("Filter") or {})
        job.status, job.total = "Active", len(tasks)
        for key, targets in tasks:
            self._submit(job, bucket, key, targets)
        if not tasks:
            _end(job, "Complete")

    def _submit(
        self, job: Job, bucket: models.FakeBucket, key: models.FakeKey, rules: list[Rule]
    ) -> None:
        first = find_bucket(rules[0].target) if rules else None
        region = first.region_name if first else bucket.region_name

        def apply() -> None:
            with self._state.s3:
                if job.status == "Active":
                    job.outcomes.append(_copy(key, rules))
                    if len(job.outcomes) == job.total:
                        _report(job)
                        _end(job, "Complete")

        self._state.queue.submit(Channel("s3", bucket.region_name, region), apply)


def _manifest(
    bucket: models.FakeBucket, rules: list[Rule], document: dict[str, Any]
) -> list[tuple[models.FakeKey, list[Rule]]]:
    wanted = parse_filter(document)
    found: list[tuple[models.FakeKey, list[Rule]]] = []
    for name in sorted(bucket.keys):
        for key in bucket.keys.getlist(name):
            if not isinstance(key, models.FakeKey):
                continue
            targets = chosen(rules, key.name, tags_of(key))
            facts = Facts(
                key=key.name,
                size=key.size,
                created=key.last_modified.replace(tzinfo=UTC),
                storage_class=str(key.storage_class),
                status=status_of(key),
                eligible=bool(targets),
            )
            if wanted.takes(facts):
                found.append((key, targets))
    return found


def _copy(key: models.FakeKey, rules: list[Rule]) -> Outcome:
    if key.disposed:
        return key, False, "SrcObjectNotFound"
    if not rules:
        return key, False, "SrcObjectNotEligible"
    copied = [replicate(key, rule) for rule in rules]
    if all(copied):
        return key, True, "Successful"
    return key, False, "DstBucketNotFound"


def _end(job: Job, status: str) -> None:
    job.status = status
    job.ended = datetime.now(UTC)


def _report(job: Job) -> None:
    """Write the completion report, Report_CSV_20180820, when the job asks for one."""
    report = job.request.get("Report") or {}
    bucket = find_bucket(str(report.get("Bucket", "")).partition(":::")[2])
    if not report.get("Enabled") or bucket is None:
        return
    prefix = f"{report['Prefix'].rstrip('/')}/" if report.get("Prefix") else ""
    folder = f"{prefix}job-{job.identity}"
    backend = models.s3_backends[bucket.account_id][bucket.partition]
    for good, name in ((True, "succeeded"), (False, "failed")):
        outcomes = [outcome for outcome in job.outcomes if outcome[1] == good]
        if outcomes and not (good and report.get("ReportScope") == "FailedTasksOnly"):
            body = _rows(outcomes).encode()
            backend.put_object(bucket.name, f"{folder}/results/{name}.csv", body)


def _rows(outcomes: list[Outcome]) -> str:
    """Bucket, key, version, task status, HTTP status, error code, message."""
    text = io.StringIO()
    writer = csv.writer(text)
    for key, good, code in outcomes:
        status = ["succeeded", 200, "", code] if good else ["failed", 400, code, ""]
        writer.writerow([key.bucket_name, quote(key.name), key.version_id, *status])
    return text.getvalue()
