"""Event source mappings of Lambda: SQS queues and DynamoDB streams.

Gap filled: moto invokes the function while it answers the request that wrote, and knows no
filter, partial failure, retry, bisection or destination.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend, lambda_backends
from moto.events.models import EventPattern
from moto.sqs.models import sqs_backends

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State
from pytg_sandbox.services.lambda_functions import Functions
from pytg_sandbox.services.lambda_queue import QueuePoller
from pytg_sandbox.services.lambda_stream import StreamPoller, table_of

POLL_SECONDS = 0.1
FUNCTION_ARN_COLONS = 6
STREAM_DEFAULTS = {
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
    "ParallelizationFactor": 1,
    "BisectBatchOnFunctionError": False,
}


@dataclass
class _Mapped:
    mapping: EventSourceMapping
    poller: QueuePoller | StreamPoller


@dataclass
class Sources:
    """The pollers, by the UUID of their mapping."""

    state: State
    functions: Functions
    pollers: dict[str, _Mapped] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Poll nothing any more."""
        with self._lock:
            self.pollers.clear()

    def poll(self) -> None:
        """Hand what waits in each source to the background."""
        present: set[str] = set()
        for account in list(lambda_backends.values()):
            for backend in list(account.values()):
                for mapping in list(backend._event_source_mappings.values()):  # noqa: SLF001 - moto has no other
                    present.add(mapping.uuid)
                    if mapping.enabled:
                        self._poll(mapping)
        with self._lock:
            for identity in set(self.pollers) - present:
                del self.pollers[identity]

    def poller(self, mapping: EventSourceMapping) -> QueuePoller | StreamPoller:
        """The poller of a mapping; a new one begins where the mapping says."""
        with self._lock:
            found = self.pollers.get(mapping.uuid)
            if found is None:
                stream = ":dynamodb:" in mapping.event_source_arn
                kind: Callable[..., QueuePoller | StreamPoller]
                kind = StreamPoller if stream else QueuePoller
                found = self.pollers[mapping.uuid] = _Mapped(
                    mapping, kind(self.state, self.functions, mapping)
                )
            return found.poller

    def _poll(self, mapping: EventSourceMapping) -> None:
        poller = self.poller(mapping)
        if poller.begin():
            self.state.work.submit(poller.run)


def install(state: State, functions: Functions) -> None:
    """Patch moto's event source mappings."""
    sources = Sources(state, functions)
    state.on_reset.append(sources.forget)
    state.work.every(POLL_SECONDS, sources.poll)

    @replacing(LambdaBackend, "create_event_source_mapping")
    def create(original: Method, self: Any, spec: dict[str, Any]) -> Any:
        for criteria in (spec.get("FilterCriteria") or {}).get("Filters") or []:
            EventPattern.load(criteria.get("Pattern"))  # raises for what is no pattern
        mapping = original(self, spec)
        if spec["FunctionName"].count(":") > FUNCTION_ARN_COLONS:
            mapping.function_arn = spec["FunctionName"]
        _unhook(self, mapping)
        sources.poller(mapping)
        return mapping

    @replacing(EventSourceMapping, "get_configuration")
    def get_configuration(original: Method, self: Any) -> dict[str, Any]:
        found: dict[str, Any] = original(self)
        stream = ":dynamodb:" in self.event_source_arn
        if stream:
            for name, default in STREAM_DEFAULTS.items():
                if found.get(name) is None:
                    found[name] = default
        return found


def _unhook(backend: LambdaBackend, mapping: EventSourceMapping) -> None:
    """Keep moto from invoking the function itself."""
    account, region = backend.account_id, backend.region_name
    for queue in sqs_backends[account][region].queues.values():
        queue.lambda_event_source_mappings.clear()
    if ":dynamodb:" in mapping.event_source_arn:
        table = table_of(mapping.event_source_arn)
        if table is not None:
            table.lambda_event_source_mappings.clear()
