"""Executions of the state machines: start, look, wait."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from docmig_console.platform import Platform
from pytg.errors import UnitFailed

RUNNING = "RUNNING"
SLOWEST_S = 15.0  # Step Functions throttles who reads long histories often
TOLD = frozenset({"TaskStateEntered", "MapStateEntered", "WaitStateEntered"})


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a state machine. `status` is Step Functions' own word; times are RFC 3339."""

    purpose: str
    region: str
    arn: str
    status: str
    started_at: str
    ended_at: str = ""
    error: str = ""
    cause: str = ""

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    def __str__(self) -> str:
        why = f": {self.error}: {self.cause}" if self.error else ""
        return f"{self.purpose} {self.name} in {self.region} {self.status}{why}"


class Executions:
    """The executions of one state machine."""

    def __init__(self, platform: Platform, purpose: str) -> None:
        self.purpose = purpose
        self.region, self.machine = platform.machine(purpose)
        self._client = platform.client("stepfunctions", self.region)

    def start(self, given: Mapping[str, Any]) -> Execution:
        """Begin an execution with `given` as its input."""
        arn = self._client.start_execution(
            stateMachineArn=self.machine, input=json.dumps(dict(given))
        )["executionArn"]
        return self.look(arn)

    def look(self, arn: str) -> Execution:
        """The execution as it is now."""
        found = self._client.describe_execution(executionArn=arn)
        return Execution(
            purpose=self.purpose,
            region=self.region,
            arn=arn,
            status=found["status"],
            started_at=found["startDate"].isoformat(),
            ended_at=found["stopDate"].isoformat() if found.get("stopDate") else "",
            error=found.get("error", ""),
            cause=found.get("cause", ""),
        )

    def latest(self) -> Execution | None:
        """The execution that was started last; children of a map are left out."""
        listed = self._client.list_executions(stateMachineArn=self.machine, maxResults=1000)
        found = max(listed["executions"], key=lambda e: e["startDate"], default=None)
        return self.look(found["executionArn"]) if found else None

    def wait(
        self,
        arn: str,
        entered: Callable[[str], None],
        *,
        seconds: float,
        interval: float = 1.0,
    ) -> Execution:
        """Follow an execution until it ends; tells each state that does something, once, in order.

        Raises UnitFailed where it does not succeed, or still runs after `seconds`.
        """
        begun = time.monotonic()
        told = 0
        while True:
            now = self.look(arn)
            states = self._entered(arn)
            for state in states[told:]:
                entered(state)
            told = len(states)
            if now.status != RUNNING:
                break
            elapsed = time.monotonic() - begun
            if elapsed > seconds:
                raise UnitFailed(
                    f"{now} still, after {seconds:.0f} s",
                    hint="it goes on by itself: docmig status",
                )
            time.sleep(min(interval * (1 + elapsed / 60), SLOWEST_S))
        if now.status != "SUCCEEDED":
            raise UnitFailed(
                str(now), hint="docs/how-to/operate-the-migration.md tells what it means"
            )
        return now

    def _entered(self, arn: str) -> list[str]:
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=arn, PaginationConfig={"PageSize": 1000}
        )
        return [
            event["stateEnteredEventDetails"]["name"]
            for page in pages
            for event in page["events"]
            if event["type"] in TOLD
        ]
