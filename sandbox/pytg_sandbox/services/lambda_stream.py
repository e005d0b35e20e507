"""Lambda functions fed from DynamoDB streams."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from moto.awslambda.models import EventSourceMapping
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard, Table
from moto.s3.models import s3_backends

from pytg_sandbox.emf import Metric
from pytg_sandbox.lambda_workers import Throttled
from pytg_sandbox.services import State
from pytg_sandbox.services.lambda_filters import wanted
from pytg_sandbox.services.lambda_functions import Functions
from pytg_sandbox.services.lambda_queue import reported
from pytg_sandbox.services.metrics import publish

# A mapping without limit retries until a record is a day old; here, this often.
RETRIES_WITHOUT_LIMIT = 20
PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
Records = Sequence[dict[str, Any]]


def table_of(stream_arn: str) -> Table | None:
    """The table that has this very stream; None when it is gone."""
    _, _, _, region, account, resource = stream_arn.split(":", 5)
    _, name, _, label = resource.split("/", 3)
    table = dynamodb_backends[account][region].tables.get(name)
    return table if table and table.stream_shard and table.latest_stream_label == label else None


class StreamPoller:
    """One mapping. Its records are handled in order, one batch at a time."""

    def __init__(self, state: State, functions: Functions, mapping: EventSourceMapping) -> None:
        self._state = state
        self._functions = functions
        self._mapping = mapping
        self._lock = threading.Lock()
        self._running = False
        shard = self._shard()
        latest = mapping.starting_position == "LATEST"
        self._position = len(shard.items) if shard and latest else 0

    def begin(self) -> bool:
        """Whether there is something to `run`; then it counts as running."""
        shard = self._shard()
        with self._lock:
            if shard is None or self._running or self._position >= len(shard.items):
                return False
            self._running = True
            return True

    def run(self) -> None:
        """Hand batches to the function until there is no more."""
        try:
            while self._mapping.enabled and (records := self._next()):
                criteria: Any = self._mapping.filter_criteria
                passed = [record for record in records if wanted(criteria, record)]
                if passed and not self._handle(passed):
                    return
                self._position += len(records)
        finally:
            with self._lock:
                self._running = False

    def _next(self) -> Records:
        shard = self._shard()
        if shard is None:
            return []
        found = shard.items[self._position : self._position + self._mapping.batch_size]
        return [_record(item.to_json(), self._mapping.event_source_arn) for item in found]

    def _handle(self, records: Records, attempt: int = 1) -> bool:
        """Invoke until it works or is given up; False when the mapping was turned off."""
        while self._is_on():
            left = self._invoke(records)
            if not left:
                return True
            if len(left) < len(records):
                attempt = 1  # progress: what is left is a batch of its own
            records = left
            if self._mapping.bisect_on_error and len(records) > 1:
                half = len(records) // 2
                return self._handle(records[:half], attempt) and self._handle(
                    records[half:], attempt
                )
            if attempt > self._retries():
                self._give_up(records, attempt)
                return True
            time.sleep(min(PAUSE_SECONDS * attempt, LONGEST_PAUSE_SECONDS))
            attempt += 1
        return False

    def _invoke(self, records: Records) -> Records:
        """The records from the first that the function did not handle."""
        arn = self._mapping.function_arn
        self._publish_age(records)
        try:
            function = self._functions.find(arn)
            outcome = self._functions.invoke(function, arn, json.dumps({"Records": records}))
        except Throttled:
            return records
        if outcome.failed:
            return records
        if "ReportBatchItemFailures" not in (self._mapping.function_response_types or []):
            return []
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        failed = reported(outcome.payload, set(numbers))
        return records[min(numbers.index(number) for number in failed) :] if failed else []

    def _is_on(self) -> bool:
        return self._mapping.enabled and self._shard() is not None

    def _retries(self) -> int:
        given: Any = self._mapping.max_retry_attempts
        return RETRIES_WITHOUT_LIMIT if given in {None, -1} else int(given)

    def _give_up(self, records: Records, attempts: int) -> None:
        destinations: Any = self._mapping.destination_config or {}
        target = (destinations.get("OnFailure") or {}).get("Destination")
        if not target:
            return
        document = self._failure_record(records, attempts)
        if ":s3:" in target:
            document["payload"] = json.dumps({"Records": records})
            self._store(target.rpartition(":::")[2], document)
        else:
            self._state.send(target, json.dumps(document))

    def _failure_record(self, records: Records, attempts: int) -> dict[str, Any]:
        # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
        shard = self._shard()
        first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
        return {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._mapping.function_arn,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": _now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "DDBStreamBatchInfo": {
                "shardId": shard.id if shard else "",
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"]),
                "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"]),
                "batchSize": len(records),
                "streamArn": self._mapping.event_source_arn,
            },
        }

    def _store(self, bucket: str, document: dict[str, Any]) -> None:
        shard, now = document["DDBStreamBatchInfo"]["shardId"], _now()
        key = (
            f"aws/lambda/{self._mapping.uuid}/{shard}/{now:%Y/%m/%d}/"
            f"{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        )
        with self._state.s3:
            body = json.dumps(document).encode()
            s3_backends[self._mapping.account_id]["aws"].put_object(bucket, key, body)

    def _publish_age(self, records: Records) -> None:
        age = time.time() - records[-1]["dynamodb"]["ApproximateCreationDateTime"]
        _, _, _, region, account, _, name = self._mapping.function_arn.split(":")[:7]
        dimensions = (("FunctionName", name),)
        milliseconds = max(0.0, age * 1000)
        metric = Metric(
            "AWS/Lambda", "IteratorAge", milliseconds, "Milliseconds", dimensions, time.time()
        )
        publish(account, region, metric)

    def _shard(self) -> StreamShard | None:
        table = table_of(self._mapping.event_source_arn)
        return table.stream_shard if table else None


def _record(record: dict[str, Any], stream_arn: str) -> dict[str, Any]:
    change = dict(record["dynamodb"])
    created = change.get("ApproximateCreationDateTime")
    if isinstance(created, dt.datetime):
        created = created if created.tzinfo else created.replace(tzinfo=dt.UTC)
        change["ApproximateCreationDateTime"] = created.timestamp()
    return {**record, "dynamodb": change, "eventSourceARN": stream_arn}


def _iso(seconds: float) -> str:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
