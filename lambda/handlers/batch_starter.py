"""Copies existing objects: plans waves, starts their jobs, and tells how they go."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from docmig import failures, keys, waves
from docmig.aws import clients
from docmig.aws.bus import Bus
from docmig.aws.powertools import Context, instruments
from docmig.failures import Outlook
from docmig.migration_events import MigrationEvent, Source
from docmig.object_events import parse_time, timestamp
from docmig.settings import Settings, read
from docmig.waves import JobPlace, PrefixLoad, Progress

PURPOSE = "batch-starter"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings(Settings):
    account_id: str
    documents_bucket: str
    ops_bucket: str
    batch_role_arn: str
    checkpoints_table: str
    partition: str = "aws"
    event_bus: str = ""


class BatchStarter:
    def __init__(self, settings: BatchSettings) -> None:
        self.settings = settings
        self.tools = instruments(PURPOSE, settings)
        self.bus = Bus(settings.event_bus, settings.aws_region, settings.environment)
        self.place = JobPlace(
            account_id=settings.account_id,
            documents_arn=f"arn:{settings.partition}:s3:::{settings.documents_bucket}",
            ops_arn=f"arn:{settings.partition}:s3:::{settings.ops_bucket}",
            role_arn=settings.batch_role_arn,
        )

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "plan": self.plan,
            "start": self.start,
            "status": self.status,
            "cancel": self.cancel,
        }
        action = str(event.get("action", ""))
        if action not in actions:
            raise ValueError(f"unknown action {action!r}; known: {', '.join(sorted(actions))}")
        return actions[action](event)

    def plan(self, event: Mapping[str, Any]) -> dict[str, Any]:
        loads = [
            PrefixLoad(str(load["prefix"]), int(load["objects"]), int(load["bytes"]))
            for load in event["loads"]
        ]
        planned = waves.plan(
            loads,
            most_objects=int(event.get("most_objects", 1_000_000)),
            most_bytes=int(event.get("most_bytes", 50 * 1024**4)),
        )
        return {"waves": [wave.as_dict() for wave in planned]}

    def start(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Start a wave's job; the job that was started before, if there is one."""
        migration_id, wave = str(event["migration_id"]), int(event["wave"])
        retry = str(event.get("mode", "seed")) == "retry"
        phase = "retry" if retry else "seed"
        key = keys.step(migration_id, phase, wave)
        known = self._checkpoint(key)
        if known and not self._is_over(known["job_id"], unclean=retry):
            return known
        attempt = int(known["attempt"]) + 1 if known else 1
        created_before = event.get("created_before")
        request = waves.job_request(
            self.place,
            migration_id=migration_id,
            wave=wave,
            prefixes=[str(prefix) for prefix in event["prefixes"]],
            statuses=waves.RETRY if retry else waves.FIRST_TIME,
            created_before=parse_time(str(created_before)) if created_before else None,
            report_all=bool(event.get("report_all", False)),
            attempt=attempt,
        )
        job_id = self._control.create_job(**request)["JobId"]
        started = {
            "job_id": job_id,
            "wave": wave,
            "status": "started",
            "started_at": timestamp(datetime.now(UTC)),
            "token": request["ClientRequestToken"],
            "attempt": attempt,
        }
        self._keep(key, started, known["job_id"] if known else "")
        self.tools.count("JobsStarted")
        self._tell(migration_id, job_id, "New")
        return self._checkpoint(key) or started

    def _is_over(self, job_id: str, *, unclean: bool) -> bool:
        """Whether that job has ended in vain, so that another may be started.

        `unclean`: also one that was complete with failures; a first job is not repeated for those.
        """
        try:
            progress = self._progress(job_id)
        except ClientError as error:
            # S3 forgets a job 90 days after its end.
            if failures.error_code(error.response) in ("NoSuchJob", "NoSuchJobException"):
                return True
            raise
        return progress.in_vain or (unclean and progress.ended and not progress.clean)

    def _progress(self, job_id: str) -> Progress:
        account = self.settings.account_id
        job: Any = self._control.describe_job(AccountId=account, JobId=job_id)["Job"]
        summary = job.get("ProgressSummary", {})
        return Progress(
            status=waves.status_of(job),
            total=int(summary.get("TotalNumberOfTasks", 0)),
            succeeded=int(summary.get("NumberOfTasksSucceeded", 0)),
            failed=int(summary.get("NumberOfTasksFailed", 0)),
        )

    def status(self, event: Mapping[str, Any]) -> dict[str, Any]:
        job_id = str(event["job_id"])
        progress = self._progress(job_id)
        if progress.ended:
            self._tell(str(event.get("migration_id", "")), job_id, progress.status)
        return {
            "job_id": job_id,
            "status": progress.status,
            "total": progress.total,
            "succeeded": progress.succeeded,
            "failed": progress.failed,
            "ended": progress.ended,
            "clean": progress.clean,
        }

    def cancel(self, event: Mapping[str, Any]) -> dict[str, Any]:
        job_id = str(event["job_id"])
        answer = self._control.update_job_status(
            AccountId=self.settings.account_id,
            JobId=job_id,
            RequestedJobStatus="Cancelled",
            StatusUpdateReason=str(event.get("reason", "cancelled"))[:256],
        )
        return {"job_id": job_id, "status": answer.get("Status", "Cancelling")}

    @property
    def _control(self) -> Any:
        return clients.s3control(self.settings.aws_region)

    @property
    def _table(self) -> Any:
        return clients.table(self.settings.checkpoints_table, self.settings.aws_region)

    def _checkpoint(self, key: keys.ItemKey) -> dict[str, Any] | None:
        item = self._table.get_item(Key=key.as_dict(), ConsistentRead=True).get("Item")
        if item is None or "job_id" not in item:
            return None
        names = ("job_id", "status", "started_at", "token")
        numbers = {"wave": int(item["wave"]), "attempt": int(item.get("attempt", 1))}
        return {**{name: str(item[name]) for name in names}, **numbers}

    def _keep(self, key: keys.ItemKey, started: Mapping[str, Any], before: str) -> None:
        """Unless another execution was first: by the token it started the same job."""
        try:
            self._table.put_item(
                Item={**key.as_dict(), "origin_region": self.settings.aws_region, **started},
                ConditionExpression="attribute_not_exists(job_id) OR job_id = :before",
                ExpressionAttributeValues={":before": before},
            )
        except ClientError as error:
            if failures.outlook_of(failures.error_code(error.response)) is not Outlook.DUPLICATE:
                raise

    def _tell(self, migration_id: str, job_id: str, status: str) -> None:
        self.bus.send(
            MigrationEvent(
                source=Source.REPLICATION,
                detail_type="BatchJobStatus",
                correlation_id=migration_id or job_id,
                idempotency_key=f"{job_id}#{status}",
                occurred_at=datetime.now(UTC),
                data={"job_id": job_id, "status": status},
            )
        )


@cache
def application() -> BatchStarter:
    return BatchStarter(read(BatchSettings, os.environ))


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """`{"action": "plan" | "start" | "status" | "cancel", ...}`."""
    app = application()
    with app.tools.measured(context, event):
        return app.run(event)
