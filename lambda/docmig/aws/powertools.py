"""The one place that uses Powertools: structured logs, metrics, partial batches, idempotency."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from docmig.aws import clients
from docmig.settings import Settings

DAY = 86_400


class Context(Protocol):
    """What is used of Lambda's context object."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Instruments:
    """Log and metrics of one function. Dimensions: `environment` and `service`, its purpose."""

    purpose: str
    settings: Settings
    logger: Any
    metrics: Any

    def count(self, name: str, number: float = 1) -> None:
        """Add to a metric that is sent when the invocation ends."""
        self.metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)

    def measure(self, name: str, milliseconds: float, **dimensions: str) -> None:
        """Send a duration with dimensions of its own."""
        one = EphemeralMetrics(namespace=self.settings.metrics_namespace, service=self.purpose)
        one.add_dimension(name="environment", value=self.settings.environment)
        for key, value in sorted(dimensions.items()):
            one.add_dimension(name=key, value=value)
        one.add_metric(name=name, unit=MetricUnit.Milliseconds, value=milliseconds)
        one.flush_metrics()

    def invocation(self, context: Context, correlation_id: str | None = None) -> None:
        """Every log line from here on tells which invocation and record it belongs to."""
        self.logger.append_keys(function_request_id=context.aws_request_id)
        self.logger.set_correlation_id(correlation_id)

    @contextmanager
    def measured(self, context: Context, event: Mapping[str, Any]) -> Iterator[None]:
        """Log and count one invocation that is no batch; a failure is logged and raised again."""
        self.invocation(context, str(event.get("correlation_id") or context.aws_request_id))
        try:
            yield
            self.count("Succeeded")
        except Exception:
            self.logger.exception("failed")
            self.count("Failed")
            raise
        finally:
            self.metrics.flush_metrics()


def instruments(purpose: str, settings: Settings) -> Instruments:
    """Log and metrics of the function `purpose`."""
    metrics = Metrics(namespace=settings.metrics_namespace, service=purpose)
    metrics.set_default_dimensions(environment=settings.environment)
    logger = Logger(service=purpose, utc=True, use_rfc3339=True)
    logger.append_keys(environment=settings.environment, region=settings.aws_region)
    return Instruments(purpose, settings, logger, metrics)


class Once:
    """Runs work at most once for a key, for a day; a failed run leaves the key free.

    The table is regional (key `id`, time to live `expiration`): a lock in a global table would be
    no lock, since the other region sees it later.
    """

    def __init__(self, purpose: str, table: str, region: str) -> None:
        self._layer = DynamoDBPersistenceLayer(
            table_name=table, boto3_client=clients.dynamodb(region)
        )
        self._config = IdempotencyConfig(expires_after_seconds=DAY, hash_function="sha256")
        self._purpose = purpose

    def run(self, key: str, context: Context, work: Callable[[], Mapping[str, Any]]) -> Any:
        """Result of `work`, of now or of the first time; JSON only."""
        self._config.register_lambda_context(cast(LambdaContext, context))

        def keyed(*, key: str) -> Mapping[str, Any]:  # noqa: ARG001  # Powertools reads the key
            return work()

        guarded: Any = idempotent_function(
            keyed,
            data_keyword_argument="key",
            persistence_store=self._layer,
            config=self._config,
            key_prefix=self._purpose,
        )
        return guarded(key=key)


def partial_batch(
    event: dict[str, Any],
    context: Context,
    *,
    stream: bool,
    work: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Work on every record of a queue or stream; answers which of them to send again."""
    kind = EventType.DynamoDBStreams if stream else EventType.SQS
    processor = BatchProcessor(event_type=kind, raise_on_entire_batch_failure=False)

    def handler(record: Any) -> None:
        work(record.raw_event)

    answer: Any = process_partial_response(
        event=event,
        record_handler=handler,
        processor=processor,
        context=cast(LambdaContext, context),
    )
    return dict(answer)


def now_ms() -> float:
    """Milliseconds since 1970."""
    return time.time() * 1000
