"""The event bus of the migration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docmig.aws import clients
from docmig.failures import TransientError
from docmig.migration_events import MigrationEvent

_MOST_ENTRIES = 10  # of one PutEvents


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
        entries: list[Any] = [
            event.entry(bus=self.name, environment=self.environment, region=self.region)
            for event in events
        ]
        answer = clients.events(self.region).put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            codes = sorted({str(entry.get("ErrorCode")) for entry in answer["Entries"]})
            raise TransientError(f"the bus {self.name} refused events: {', '.join(codes)}")
