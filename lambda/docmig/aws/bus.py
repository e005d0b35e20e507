"""The event bus of the migration."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docmig import failures
from docmig.aws import clients
from docmig.failures import RetryPolicy, TransientError
from docmig.migration_events import MigrationEvent

_MOST_ENTRIES = 10  # of one PutEvents
_POLICY = RetryPolicy(attempts=4, base=0.1, cap=1.0)


@dataclass(frozen=True, slots=True)
class Bus:
    """The bus `name` in `region`; empty: events are not sent."""

    name: str
    region: str
    environment: str

    def send(self, *events: MigrationEvent) -> None:
        """Raises TransientError when the bus did not take one; sending again is harmless."""
        if not self.name:
            return
        for start in range(0, len(events), _MOST_ENTRIES):
            self._put(events[start : start + _MOST_ENTRIES])

    def _put(self, events: Sequence[MigrationEvent]) -> None:
        """PutEvents succeeds as a call when single events fail: those are sent again here."""
        left: list[Any] = [
            event.entry(bus=self.name, environment=self.environment, region=self.region)
            for event in events
        ]

        def put() -> None:
            answer = clients.events(self.region).put_events(Entries=left)
            pairs = list(zip(list(left), answer["Entries"], strict=True))
            left[:] = [sent for sent, result in pairs if result.get("ErrorCode")]
            if left:
                codes = sorted({str(r["ErrorCode"]) for _, r in pairs if r.get("ErrorCode")})
                raise TransientError(f"the bus {self.name} refused events: {', '.join(codes)}")

        failures.call(
            put,
            policy=_POLICY,
            uniform=random.uniform,
            sleep=time.sleep,
            seconds_left=lambda: math.inf,
        )
