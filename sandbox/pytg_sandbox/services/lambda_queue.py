"""Lambda functions fed from SQS queues."""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.awslambda.models import EventSourceMapping
from moto.sqs.exceptions import QueueDoesNotExist, ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from pytg_sandbox.lambda_workers import WORKERS_A_FUNCTION, Throttled
from pytg_sandbox.services import State
from pytg_sandbox.services.lambda_filters import wanted
from pytg_sandbox.services.lambda_functions import Functions

# A failed message is visible again after its queue's visibility timeout, but never later than this.
AGAIN_SECONDS = 1


class QueuePoller:
    """One mapping. It runs a few batches at a time."""

    def __init__(self, state: State, functions: Functions, mapping: EventSourceMapping) -> None:
        self._state = state
        self._functions = functions
        self._mapping = mapping
        self._lock = threading.Lock()
        self._running = 0

    def begin(self) -> bool:
        """Whether there is something to `run`; then it counts as running."""
        queue = self._queue()
        if queue is None or not queue.messages:
            return False
        scaling: Any = self._mapping.scaling_config or {}
        limit = min(WORKERS_A_FUNCTION, scaling.get("MaximumConcurrency") or WORKERS_A_FUNCTION)
        with self._lock:
            if self._running >= limit:
                return False
            self._running += 1
            return True

    def run(self) -> None:
        """Receive batches and hand them to the function until the queue is empty."""
        try:
            while self._mapping.enabled and self._batch():
                pass
        finally:
            with self._lock:
                self._running -= 1

    def _batch(self) -> bool:
        queue = self._queue()
        if queue is None:
            return False
        backend = self._backend()
        seconds = int(queue.visibility_timeout)  # type: ignore[attr-defined] # set by moto by name
        size = self._mapping.batch_size
        received = backend.receive_message(queue.name, size, 0, seconds, ["All"])
        records = {message.id: self._record(message) for message in received}
        criteria: Any = self._mapping.filter_criteria
        passed = {k: record for k, record in records.items() if wanted(criteria, record)}
        failed = self._invoke(list(passed.values())) if passed else set()
        for message in received:
            self._finish(backend, queue, message, failed=message.id in failed)
        return bool(received)

    def _invoke(self, records: list[dict[str, Any]]) -> set[str]:
        """The ids of the messages that the function did not handle."""
        everything = {record["messageId"] for record in records}
        arn = self._mapping.function_arn
        try:
            function = self._functions.find(arn)
            outcome = self._functions.invoke(function, arn, json.dumps({"Records": records}))
        except Throttled:
            return everything
        if outcome.failed:
            return everything
        if "ReportBatchItemFailures" not in (self._mapping.function_response_types or []):
            return set()
        return reported(outcome.payload, everything)

    def _finish(self, backend: SQSBackend, queue: Queue, message: Message, *, failed: bool) -> None:
        handle = str(message.receipt_handle)
        try:
            if failed:
                seconds = min(AGAIN_SECONDS, int(queue.visibility_timeout))  # type: ignore[attr-defined]  # moto sets it
                backend.change_message_visibility(queue.name, handle, seconds)
            else:
                backend.delete_message(queue.name, handle)
        except (QueueDoesNotExist, ReceiptHandleIsInvalid):
            return  # deleted meanwhile

    def _record(self, message: Message) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        }
        if message.group_id:
            attributes["MessageGroupId"] = message.group_id
        if message.deduplication_id:
            attributes["MessageDeduplicationId"] = message.deduplication_id
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": {
                name: _attribute(value) for name, value in message.message_attributes.items()
            },
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.event_source_arn,
            "awsRegion": self._mapping.region,
        }

    def _queue(self) -> Queue | None:
        name = self._mapping.event_source_arn.rsplit(":", 1)[1]
        return self._backend().queues.get(name)

    def _backend(self) -> SQSBackend:
        _, _, _, region, account, _ = self._mapping.event_source_arn.split(":")
        return sqs_backends[account][region]


def reported(payload: str, everything: set[str]) -> set[str]:
    """The failed items that a function named: all of them when the answer makes no sense."""
    answer = json.loads(payload)
    try:
        named = {entry["itemIdentifier"] for entry in (answer or {}).get("batchItemFailures") or []}
    except (AttributeError, KeyError, TypeError):
        return everything
    return everything if named - everything else named


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.get("DataType"),
    }
    if "StringValue" in value:
        shown["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        shown["binaryValue"] = value["BinaryValue"]
    return shown
