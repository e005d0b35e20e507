"""How a record is processed: once, with its correlation id in the log, and never lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from docmig import failures
from docmig.aws.bus import Bus
from docmig.aws.objects import OpsBucket
from docmig.aws.powertools import Context, Instruments, Once, partial_batch
from docmig.dead_letters import DeadLetter
from docmig.failures import Outlook, PermanentError, Reason
from docmig.migration_events import MigrationEvent, Source


@dataclass(frozen=True, slots=True)
class Task:
    """What a record asks for. `run` may be called again after it failed."""

    idempotency_key: str
    correlation_id: str
    happened_at: datetime
    run: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RecordProcessor:
    """Runs the tasks of a batch. Permanent failures become dead letters, others are sent again."""

    tools: Instruments
    once: Once
    ops: OpsBucket
    bus: Bus

    def queue(
        self,
        event: dict[str, Any],
        context: Context,
        prepare: Callable[[dict[str, Any]], Task | None],
    ) -> dict[str, Any]:
        """A batch of SQS messages; `prepare` gets each body."""

        def work(record: dict[str, Any]) -> None:
            message_id = str(record["messageId"])
            self._process(
                record, message_id, _sent_at(record), context, lambda: prepare(_json_body(record))
            )

        return self._batch(event, context, work, stream=False)

    def stream(
        self,
        event: dict[str, Any],
        context: Context,
        prepare: Callable[[dict[str, Any]], Task | None],
    ) -> dict[str, Any]:
        """A batch of DynamoDB stream records; `prepare` gets each."""

        def work(record: dict[str, Any]) -> None:
            change = record.get("dynamodb", {})
            at = change.get("ApproximateCreationDateTime", 0)
            happened_at = datetime.fromtimestamp(float(at), UTC)
            event_id = str(record.get("eventID", change.get("SequenceNumber", "")))
            self._process(record, event_id, happened_at, context, lambda: prepare(record))

        return self._batch(event, context, work, stream=True)

    def one(self, record: dict[str, Any], task: Task, context: Context) -> bool:
        """A record that is in no batch; False: it is a dead letter. Raises what is transient."""
        return self._process(record, task.correlation_id, task.happened_at, context, lambda: task)

    def _batch(
        self,
        event: dict[str, Any],
        context: Context,
        work: Callable[[dict[str, Any]], None],
        *,
        stream: bool,
    ) -> dict[str, Any]:
        self.tools.invocation(context)
        try:
            answer = partial_batch(event, context, stream=stream, work=work)
            self.tools.count("RecordsReceived", len(event["Records"]))
            self.tools.count("RecordsReturned", len(answer["batchItemFailures"]))
            return answer
        finally:
            self.tools.logger.set_correlation_id(None)
            self.tools.metrics.flush_metrics()

    def _process(
        self,
        record: dict[str, Any],
        fallback: str,
        happened_at: datetime,
        context: Context,
        prepare: Callable[[], Task | None],
    ) -> bool:
        log = self.tools.logger
        log.set_correlation_id(fallback)
        task: Task | None = None
        try:
            task = prepare()
            if task is None:
                return True
            log.set_correlation_id(task.correlation_id)
            result = self.once.run(task.idempotency_key, context, task.run)
            log.info("record processed", extra={"result": result})
        except (PermanentError, ClientError) as error:
            reasons = _permanent_reasons(error)
            if not reasons:
                log.warning("record returned", exc_info=True)
                raise
            self._bury(record, task or Task(fallback, fallback, happened_at, dict), reasons)
            return False
        except Exception:
            log.warning("record returned", exc_info=True)
            raise
        return True

    def _bury(self, record: dict[str, Any], task: Task, reasons: tuple[Reason, ...]) -> None:
        letter = DeadLetter(
            function=self.tools.purpose,
            region=self.tools.settings.aws_region,
            idempotency_key=task.idempotency_key,
            correlation_id=task.correlation_id,
            happened_at=task.happened_at,
            reasons=reasons,
            record=record,
        )
        self.ops.put_json(letter.object_key, letter.body())
        explained = [reason.as_dict() for reason in reasons]
        self.bus.send(
            MigrationEvent(
                source=Source.SYNC,
                detail_type="DocumentSyncFailed",
                correlation_id=task.correlation_id,
                idempotency_key=task.idempotency_key,
                occurred_at=task.happened_at,
                data={
                    "function": self.tools.purpose,
                    "reasons": explained,
                    "dead_letter": f"s3://{self.ops.bucket}/{letter.object_key}",
                },
            )
        )
        self.tools.count("SyncFailed")
        self.tools.logger.error(
            "dead letter", extra={"reasons": explained, "object": letter.object_key}
        )


def _permanent_reasons(error: PermanentError | ClientError) -> tuple[Reason, ...]:
    if isinstance(error, PermanentError):
        return error.reasons
    code = failures.error_code(error.response)
    if failures.outlook_of(code) is not Outlook.PERMANENT:
        return ()
    return (Reason(f"aws-{code}", error.operation_name, str(error)),)


def _json_body(record: Mapping[str, Any]) -> dict[str, Any]:
    try:
        body = json.loads(record["body"])
    except ValueError as error:
        raise PermanentError.of("malformed-json", f"the message is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise PermanentError.of("malformed-json", "the message is no JSON object")
    return body


def _sent_at(record: Mapping[str, Any]) -> datetime:
    sent = record.get("attributes", {}).get("SentTimestamp", "0")
    return datetime.fromtimestamp(int(sent) / 1000, UTC)
